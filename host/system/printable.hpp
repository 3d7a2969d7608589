// SPDX-License-Identifier: MIT
// Text of strangers (file names, symbols of an ELF file, what a board or a server says) in lines
// for people: it must neither forge a line of a log nor speak to a terminal.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace goldcrest::system {

/// Printable ASCII as it is, every other byte as \xNN.
inline std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c >= ' ' && c <= '~') {
      result += c;
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

}  // namespace goldcrest::system
