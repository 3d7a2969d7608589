// SPDX-License-Identifier: MIT
// One 32-bit register of a peripheral. Every access is a single volatile load or store of a word,
// so what the source says is what the bus sees.
#pragma once

#include <cstdint>

namespace goldcrest::chip {

class Register {
 public:
  std::uint32_t read() const { return value_; }
  void write(std::uint32_t value) { value_ = value; }
  void set(std::uint32_t bits) { value_ = value_ | bits; }
  void clear(std::uint32_t bits) { value_ = value_ & ~bits; }
  /// Clears `mask`, then sets `bits`, in one write.
  void replace(std::uint32_t mask, std::uint32_t bits) { value_ = (value_ & ~mask) | bits; }
  bool any(std::uint32_t bits) const { return (value_ & bits) != 0; }
  bool all(std::uint32_t bits) const { return (value_ & bits) == bits; }

 private:
  volatile std::uint32_t value_;
};
static_assert(sizeof(Register) == 4);

/// The register block of type T at a fixed address.
template <typename T, std::uint32_t address>
T& peripheral() {
  // The one place where a number becomes a peripheral.
  return *reinterpret_cast<T*>(address);
}

constexpr std::uint32_t bit(unsigned number) {
  return std::uint32_t{1} << number;
}

}  // namespace goldcrest::chip
