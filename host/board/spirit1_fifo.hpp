// SPDX-License-Identifier: MIT
// One of the SPIRIT1's two 96-byte FIFOs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "host/board/state.hpp"

namespace goldcrest::board::spirit1 {

class Fifo {
 public:
  static constexpr std::size_t capacity = 96;

  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  bool full() const { return bytes_.size() >= capacity; }
  void clear() { bytes_.clear(); }
  /// False, and the byte is lost, when full.
  bool push(std::uint8_t byte) {
    if (full()) return false;
    bytes_.push_back(byte);
    return true;
  }
  /// The oldest byte; 0 when empty.
  std::uint8_t pop() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_.pop_front();
    return byte;
  }
  std::uint8_t operator[](std::size_t index) const { return bytes_[index]; }
  /// Drops the newest bytes until `size` are left.
  void truncate(std::size_t size) {
    while (bytes_.size() > size) bytes_.pop_back();
  }
  /// `threshold` free places are left, or fewer (counted from the top, as the datasheet does).
  bool almost_full(std::uint8_t threshold) const {
    return size() + (threshold & 0x7Fu) >= capacity;
  }
  bool almost_empty(std::uint8_t threshold) const { return size() <= (threshold & 0x7Fu); }

  void serialize(Saver& saver) {
    saver(bytes_);
    if (size() > capacity) {
      saver.fail("a FIFO of the radio holds more than it can");
      clear();
    }
  }

 private:
  std::deque<std::uint8_t> bytes_;
};

}  // namespace goldcrest::board::spirit1
