// SPDX-License-Identifier: MIT
#include "host/board/program/serial_port.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace goldcrest::board::program {
namespace {

/// As standard input was found; one program has one.
termios found_settings{};

}  // namespace

std::expected<void, std::string> SerialPort::open_terminal() {
  int ours = -1;
  int theirs = -1;
  std::array<char, 256> name{};
  if (::openpty(&ours, &theirs, name.data(), nullptr, nullptr) != 0) {
    return std::unexpected(system_error("cannot make a pseudo terminal"));
  }
  own_ = Descriptor(ours);
  other_end_ = Descriptor(theirs);
  termios settings{};
  (void)::tcgetattr(theirs, &settings);
  ::cfmakeraw(&settings);
  (void)::tcsetattr(theirs, TCSANOW, &settings);
  (void)::fcntl(ours, F_SETFL, O_NONBLOCK);
  terminal_ = name.data();
  input_ = output_ = ours;
  input_open_ = true;
  return {};
}

std::expected<SerialPort, std::string> SerialPort::open(const std::string& where) {
  SerialPort port;
  if (where == "none") return port;
  if (where == "pty") {
    if (auto opened = port.open_terminal(); !opened) return std::unexpected(opened.error());
    return port;
  }
  if (where != "stdio") {
    port.own_ = Descriptor(::open(where.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!port.own_.valid()) return std::unexpected(system_error("cannot write " + where));
    port.output_ = port.own_.number();
    return port;
  }
  port.input_ = STDIN_FILENO;
  port.output_ = STDOUT_FILENO;
  port.input_open_ = true;
  if (::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &found_settings) == 0) {
    termios settings = found_settings;
    settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C still ends the program
    settings.c_iflag &= ~static_cast<tcflag_t>(ICRNL);
    (void)::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
    port.restore_terminal_ = true;
  }
  return port;
}

SerialPort::SerialPort(SerialPort&& other) noexcept
    : own_(std::move(other.own_)),
      other_end_(std::move(other.other_end_)),
      input_(other.input_),
      output_(other.output_),
      input_open_(std::exchange(other.input_open_, false)),
      restore_terminal_(std::exchange(other.restore_terminal_, false)),
      terminal_(std::move(other.terminal_)) {}

SerialPort::~SerialPort() {
  if (restore_terminal_) (void)::tcsetattr(STDIN_FILENO, TCSANOW, &found_settings);
}

std::string SerialPort::read() {
  if (!input_open_) return {};
  pollfd waiting{input_, POLLIN, 0};
  if (::poll(&waiting, 1, 0) <= 0) return {};
  std::array<char, 4096> buffer{};
  const auto size = ::read(input_, buffer.data(), buffer.size());
  if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
  if (size == 0 || (errno != EAGAIN && errno != EINTR)) input_open_ = false;  // end of input
  return {};
}

void SerialPort::write(std::string_view text) {
  while (output_ >= 0 && !text.empty()) {
    const auto size = ::write(output_, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;  // nobody reads the pseudo terminal: what does not fit is lost
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

}  // namespace goldcrest::board::program
