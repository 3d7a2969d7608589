// SPDX-License-Identifier: MIT
// The device's randomness: SHA-256 in counter mode over a seed that was stirred from the unique id,
// a counter that every boot raises (in DATA) and noise of the radio. It makes jitter, sequence
// numbers, tags and tokens that others cannot guess without knowing that noise; no key is made
// here.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "core/crypto/sha256.hpp"

namespace goldcrest::chip {

class ChipRandom final : public base::Random {
 public:
  /// Mixes more into the state; every call counts, none can take away.
  void stir(base::Bytes noise);

  std::uint32_t next() override;

 private:
  crypto::Digest state_{};
  std::uint32_t counter_ = 0;
};

}  // namespace goldcrest::chip
