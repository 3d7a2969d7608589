// SPDX-License-Identifier: MIT
#include "firmware/chip/random.hpp"

namespace goldcrest::chip {

void ChipRandom::stir(base::Bytes noise) {
  crypto::Sha256 hash;
  hash.update(state_);
  hash.update(noise);
  state_ = hash.finish();
}

std::uint32_t ChipRandom::next() {
  std::array<std::uint8_t, 4> count;
  base::store_le32(count.data(), ++counter_);
  crypto::Sha256 hash;
  hash.update(state_);
  hash.update(count);
  const auto block = hash.finish();
  return base::load_le32(block.data());
}

}  // namespace goldcrest::chip
