// SPDX-License-Identifier: MIT
// The far end of the virtual COM port: a pseudo terminal, this program's own terminal, or a file
// that collects what the board prints.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "host/board/program/files.hpp"

namespace goldcrest::board::program {

class SerialPort {
 public:
  /// `where`: "pty", "stdio", "none" or a file's path. A terminal on standard input is switched to
  /// single characters without echo until the end.
  [[nodiscard]] static std::expected<SerialPort, std::string> open(const std::string& where);
  SerialPort(SerialPort&& other) noexcept;
  SerialPort& operator=(SerialPort&&) = delete;
  ~SerialPort();

  /// To poll for input; -1 when there is none.
  int input() const { return input_open_ ? input_ : -1; }
  /// What has been typed.
  std::string read();
  void write(std::string_view text);
  /// The pseudo terminal's name, or empty.
  const std::string& terminal() const { return terminal_; }

 private:
  SerialPort() = default;
  [[nodiscard]] std::expected<void, std::string> open_terminal();

  Descriptor own_;        ///< pseudo terminal or file
  Descriptor other_end_;  ///< keeps the pseudo terminal alive while nobody has it open
  int input_ = -1;
  int output_ = -1;
  bool input_open_ = false;
  bool restore_terminal_ = false;
  std::string terminal_;
};

}  // namespace goldcrest::board::program
