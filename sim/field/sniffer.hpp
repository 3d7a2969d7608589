// SPDX-License-Identifier: MIT
// Somebody with a radio, who keeps every frame and has no key.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "core/base/bytes.hpp"

namespace goldcrest::sim {

class Sniffer {
 public:
  void hears(base::Bytes frame) { frames_.emplace_back(frame.begin(), frame.end()); }
  void forgets() { frames_.clear(); }
  std::size_t frames() const { return frames_.size(); }

  /// Whether one frame holds all of `text`.
  bool reads(base::Bytes text) const {
    return std::ranges::any_of(
        frames_, [&](const auto& frame) { return !std::ranges::search(frame, text).empty(); });
  }

  /// How many places of frames hold eight bytes in a row of `file`. Pieces of fewer than five
  /// different bytes, such as zeros, are found anywhere and do not count.
  std::size_t pieces_of(base::Bytes file) const {
    std::unordered_set<std::uint64_t> pieces;
    const auto collect = [&](std::uint64_t piece) { pieces.insert(piece); };
    for_each_piece(file, collect);
    std::size_t found = 0;
    const auto compare = [&](std::uint64_t piece) { found += pieces.count(piece); };
    for (const auto& frame : frames_) for_each_piece(frame, compare);
    return found;
  }

 private:
  static constexpr std::size_t piece_bytes = 8;
  static constexpr std::ptrdiff_t different_bytes = 5;

  template <typename Take>
  static void for_each_piece(base::Bytes bytes, Take take) {
    for (std::size_t at = 0; at + piece_bytes <= bytes.size(); ++at) {
      std::array<std::uint8_t, piece_bytes> piece{};
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), piece_bytes, piece.begin());
      std::uint64_t number = 0;
      for (const auto byte : piece) number = number << 8u | byte;
      std::ranges::sort(piece);
      if (std::unique(piece.begin(), piece.end()) - piece.begin() >= different_bytes) take(number);
    }
  }

  std::vector<std::vector<std::uint8_t>> frames_;
};

}  // namespace goldcrest::sim
