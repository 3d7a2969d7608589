// SPDX-License-Identifier: MIT
// One line typed on a serial console: echo, backspace, a limit on its length.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/fixed_vector.hpp"
#include "firmware/text/printer.hpp"

namespace goldcrest::provision {

class LineEditor {
 public:
  static constexpr std::size_t longest = 80;

  explicit LineEditor(text::Output& output) : output_(output) {}

  enum class Echo : std::uint8_t { plain, stars };
  /// Begins a new line.
  void begin(Echo echo);

  enum class Event : std::uint8_t {
    none,
    line,       ///< Enter: line() holds what was typed
    cancelled,  ///< Escape or Ctrl-C
    full,       ///< the character did not fit and was dropped (a bell was rung)
  };
  /// CR, LF and CR LF each end a line once. Backspace and DEL take back a character, Ctrl-U all.
  /// Other control characters, and bytes above 126, are ignored.
  Event type(char c);

  std::string_view line() const { return {characters_.data(), characters_.size()}; }
  /// Overwrites what was typed: it may have been a secret.
  void wipe();

 private:
  void take_back();

  text::Output& output_;
  Echo echo_ = Echo::plain;
  bool after_cr_ = false;
  base::FixedVector<char, longest> characters_;
};

}  // namespace goldcrest::provision
