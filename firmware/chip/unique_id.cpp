// SPDX-License-Identifier: MIT
#include "firmware/chip/unique_id.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/crypto/sha256.hpp"

namespace goldcrest::chip {
namespace {

constexpr std::uint32_t id_base = 0x1FF800D0;
constexpr std::uint8_t locally_administered = 0x02;

std::uint32_t word_at(std::uint32_t address) {
  return *reinterpret_cast<const volatile std::uint32_t*>(address);
}

}  // namespace

std::array<std::uint32_t, 3> unique_id() {
  return {word_at(id_base), word_at(id_base + 0x04), word_at(id_base + 0x14)};
}

wire::Eui64 eui64_from(const std::array<std::uint32_t, 3>& id) {
  std::array<std::uint8_t, 12> bytes;
  for (std::size_t i = 0; i < id.size(); ++i) base::store_le32(bytes.data() + 4 * i, id[i]);
  const auto digest = crypto::Sha256::of(bytes);
  wire::Eui64 eui64;
  eui64.bytes[0] = locally_administered;
  std::copy_n(digest.begin(), eui64.bytes.size() - 1, eui64.bytes.begin() + 1);
  return eui64;
}

}  // namespace goldcrest::chip
