// SPDX-License-Identifier: MIT
#include "core/crypto/constant_time.hpp"

namespace goldcrest::crypto {

bool equal(base::Bytes a, base::Bytes b) {
  if (a.size() != b.size()) return false;
  // Volatile, so that no compiler turns the loop into one that stops at the first difference.
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace goldcrest::crypto
