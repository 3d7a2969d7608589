// SPDX-License-Identifier: MIT
// Our side of the exchange: `sign FOLDER [24]` writes keys, messages and signatures made by the
// packer's signer, with hashes of 32 bytes or 24; `verify FOLDER` checks with core those that it
// finds, and that a changed bit is refused.
#include <fmt/format.h>
#include <openssl/rand.h>

#include <cstdio>
#include <filesystem>
#include <string_view>

#include "core/base/ensure.hpp"
#include "core/crypto/lms.hpp"
#include "host/packer/files.hpp"
#include "host/packer/lms_signer.hpp"

namespace {

namespace fs = std::filesystem;
using namespace goldcrest;
using namespace goldcrest::packer;

using ByteVector = std::vector<std::uint8_t>;

ByteVector random_bytes(std::size_t size) {
  ByteVector bytes(size);
  base::ensure(RAND_bytes(bytes.data(), static_cast<int>(size)) == 1);
  return bytes;
}

bool write_signature(const fs::path& folder, int number, const ByteVector& key,
                     const ByteVector& message, const ByteVector& signature) {
  const auto name = std::to_string(number);
  return write_file(folder / (name + ".key"), key, public_mode) &&
         write_file(folder / (name + ".message"), message, public_mode) &&
         write_file(folder / (name + ".signature"), signature, public_mode);
}

int sign_all(const fs::path& folder, std::uint32_t n) {
  int number = 0;
  for (const auto& [height, w] : {std::pair{5u, 1u}, {5u, 2u}, {5u, 4u}, {5u, 8u}, {10u, 4u}}) {
    const auto parameters = LmsParameters::make(n, height, w);
    base::ensure(parameters.has_value());
    LmsIdentifier identifier{};
    std::ranges::copy(random_bytes(identifier.size()), identifier.begin());
    const LmsSecret secret(*parameters, identifier, random_bytes(parameters->n));
    const auto tree = LmsTree::build(secret);
    for (const std::uint32_t q : {0u, 1u, 19u, parameters->leaves() - 1}) {
      const auto message = random_bytes(random_bytes(1)[0]);
      const auto signature = lms_sign(secret, tree, q, random_bytes(parameters->n), message);
      if (!write_signature(folder, number++, lms_public_key(secret, tree), message, signature)) {
        fmt::print(stderr, "cannot write in {}\n", folder.string());
        return 1;
      }
    }
  }
  fmt::print("we made {} signatures\n", number);
  return 0;
}

int verify_all(const fs::path& folder) {
  int number = 0;
  for (; fs::exists(folder / (std::to_string(number) + ".key")); ++number) {
    const auto name = std::to_string(number);
    const auto key = read_file(folder / (name + ".key"), 1 << 16);
    const auto message = read_file(folder / (name + ".message"), 1 << 16);
    auto signature = read_file(folder / (name + ".signature"), 1 << 16);
    if (!key || !message || !signature || signature->empty()) {
      fmt::print(stderr, "signature {} cannot be read\n", name);
      return 1;
    }
    if (const auto verified = crypto::lms_verify(*key, *message, *signature); !verified) {
      fmt::print(stderr, "signature {} is refused: {}\n", name, crypto::describe(verified.error()));
      return 1;
    }
    signature->back() ^= 1;
    if (crypto::lms_verify(*key, *message, *signature)) {
      fmt::print(stderr, "changed signature {} is accepted\n", name);
      return 1;
    }
  }
  fmt::print("we verified {} signatures\n", number);
  return number > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3 || count > 4) return 2;
  const std::uint32_t n = count == 4 && std::string_view(arguments[3]) == "24" ? 24 : 32;
  return std::string_view(arguments[1]) == "sign" ? sign_all(arguments[2], n)
                                                  : verify_all(arguments[2]);
}
