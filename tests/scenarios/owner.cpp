// SPDX-License-Identifier: MIT
#include "tests/scenarios/owner.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "core/image/manifest.hpp"

namespace goldcrest::scenario {

namespace {

File random_bytes(std::size_t count) {
  std::mt19937_64 random(seed());
  File bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

packer::LmsSecret owners_secret() {
  auto key = packer::read_signing_key(keys_folder() / packer::signing_key_name);
  if (!key) throw std::runtime_error(key.error().text);
  return key->secret;
}

}  // namespace

File with_field(File file, std::size_t field, std::uint32_t value) {
  base::store_le32(file.data() + field, value);
  return file;
}

File with_text(File file, std::size_t field, std::string_view text) {
  const auto place = file.begin() + static_cast<std::ptrdiff_t>(field);
  std::fill_n(place, limits::product_id_bytes, std::uint8_t{0});
  std::ranges::copy(text, place);
  return file;
}

Signer& Signer::owner() {
  static Signer signer(owners_secret());
  return signer;
}

Signer Signer::stranger() {
  const auto parameters = owners_secret().parameters();
  return Signer(packer::LmsSecret(parameters, {1, 2, 3}, random_bytes(parameters.n)));
}

std::uint32_t Signer::key_id() const {
  return packer::key_id_of(packer::lms_public_key(secret_, tree_));
}

File Signer::signs(File file) {
  if (leaf_ == 0) throw std::runtime_error("no leaf of the key is left");
  const auto signature =
      packer::lms_sign(secret_, tree_, --leaf_, random_bytes(secret_.parameters().n),
                       base::Bytes(file).first(image::manifest_size));
  std::ranges::copy(signature, file.begin() + image::manifest_size);
  return file;
}

}  // namespace goldcrest::scenario
