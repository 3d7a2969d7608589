// SPDX-License-Identifier: MIT
// wycheproof FOLDER: Wycheproof's vectors for ECDSA on P-256 with SHA-256 against core, as
// scripts/fetch-wycheproof has them, and OpenSSL asked the same. Signatures of r and s must be
// judged as Wycheproof says; of those in DER, which core does not read, none may be accepted.
#include <fmt/format.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/crypto/ecdsa_p256.hpp"
#include "host/packer/hex.hpp"

namespace {

using namespace goldcrest;
using Json = nlohmann::json;
using ByteVector = std::vector<std::uint8_t>;

ByteVector bytes_of(const Json& json) {
  return packer::from_hex(json.get<std::string>()).value_or(ByteVector{});
}

/// X ‖ Y without the byte in front that says so.
ByteVector point_of(const Json& group) {
  const auto point = bytes_of(group.at("key").at("uncompressed"));
  return {point.begin() + 1, point.end()};
}

/// OpenSSL takes DER only: r and s of any value are wrapped for it.
bool openssl_accepts(const ByteVector& key_der, const ByteVector& message, const ByteVector& raw) {
  const auto* at = key_der.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(key_der.size())), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(),
                                                                        ECDSA_SIG_free);
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), 32, nullptr),
                 BN_bin2bn(raw.data() + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  const bool accepted =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(size), message.data(),
                       message.size()) == 1;
  OPENSSL_free(der);
  return accepted;
}

struct Count {
  unsigned valid = 0;
  unsigned invalid = 0;
  unsigned acceptable = 0;
  unsigned wrong = 0;
};

Count judge(const Json& file, bool raw) {
  Count count;
  for (const auto& group : file.at("testGroups")) {
    const auto key = point_of(group);
    for (const auto& test : group.at("tests")) {
      const auto message = bytes_of(test.at("msg"));
      const auto signature = bytes_of(test.at("sig"));
      const auto result = test.at("result").get<std::string>();
      const bool accepted = crypto::ecdsa_p256_verify(key, message, signature).has_value();
      ++(result == "valid" ? count.valid : result == "invalid" ? count.invalid : count.acceptable);
      // "acceptable" here are r and s of fewer bytes than the order has: not 64, so refused.
      const bool wanted = raw && result == "valid";
      const bool openssl_agrees =
          !raw || signature.size() != 64 ||
          openssl_accepts(bytes_of(group.at("keyDer")), message, signature) == accepted;
      if (accepted == wanted && openssl_agrees) continue;
      ++count.wrong;
      fmt::print(stderr, "test {} ({}) is {}, but we {} it{}\n", test.at("tcId").get<int>(),
                 test.at("comment").get<std::string>(), result, accepted ? "accept" : "refuse",
                 openssl_agrees ? "" : "; OpenSSL does not agree");
    }
  }
  return count;
}

bool run(const std::filesystem::path& path, bool raw, unsigned at_least) {
  std::ifstream in(path);
  if (!in) {
    fmt::print(stderr, "{} is missing: scripts/fetch-wycheproof gets it\n", path.string());
    return false;
  }
  const auto file = Json::parse(in);
  const auto count = judge(file, raw);
  const auto tests = count.valid + count.invalid + count.acceptable;
  fmt::print("{}: {} valid, {} invalid, {} acceptable; {} judged otherwise by us\n",
             path.filename().string(), count.valid, count.invalid, count.acceptable, count.wrong);
  return count.wrong == 0 && tests == file.at("numberOfTests").get<unsigned>() && tests >= at_least;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::filesystem::path folder = arguments[1];
  const bool raw = run(folder / "ecdsa_secp256r1_sha256_p1363_test.json", true, 200);
  const bool der = run(folder / "ecdsa_secp256r1_sha256_test.json", false, 300);
  return raw && der ? 0 : 1;
}
