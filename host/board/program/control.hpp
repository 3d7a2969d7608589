// SPDX-License-Identifier: MIT
// The control socket: a Unix stream socket that takes one command a line and answers each with
// "ok", "ok <text>" or "error <reason>"; `program LENGTH` is followed by LENGTH bytes and answered
// with "progress DONE TOTAL" lines before its ok. See docs/board.md for the commands.
#pragma once

#include <poll.h>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/board/program/files.hpp"

namespace goldcrest::board::program {

/// What carries the commands out.
class ControlHandler {
 public:
  /// The text after "ok", or the reason after "error".
  virtual std::expected<std::string, std::string> command(std::string_view line) = 0;
  /// An image for 0x08000000; the board is reset afterwards.
  virtual std::expected<void, std::string> program(std::span<const std::uint8_t> image) = 0;

 protected:
  ~ControlHandler() = default;
};

/// One connection, without its socket: bytes in, bytes out.
class ControlConversation {
 public:
  /// False when the peer must be hung up on.
  bool receive(std::string_view bytes, ControlHandler& handler);
  std::string take_answer() { return std::exchange(answer_, {}); }

 private:
  void line(std::string_view text, ControlHandler& handler);
  void begin_program(std::string_view length);
  void finish_program(ControlHandler& handler);

  std::string pending_;
  std::vector<std::uint8_t> image_;
  std::size_t image_size_ = 0;  ///< not 0: bytes of an image follow
  std::string answer_;
};

class ControlServer {
 public:
  static constexpr std::size_t connections_max = 16;

  /// Replaces a socket that nobody listens on any more; fails when another board does.
  [[nodiscard]] static std::expected<ControlServer, std::string> open(
      const std::filesystem::path& path);
  ControlServer(ControlServer&&) = default;
  ControlServer& operator=(ControlServer&&) = delete;
  ~ControlServer();

  void add_descriptors(std::vector<pollfd>& descriptors) const;
  /// Takes connections and commands that wait.
  void serve(ControlHandler& handler);

 private:
  struct Connection {
    Descriptor socket;
    ControlConversation conversation;
    std::string unsent;
  };
  ControlServer() = default;
  static bool serve(Connection& connection, ControlHandler& handler);

  Descriptor listener_;
  std::filesystem::path path_;
  std::vector<Connection> connections_;
};

/// The other end: sends one command and gives back what follows "ok".
[[nodiscard]] std::expected<std::string, std::string> send_command(
    const std::filesystem::path& socket, std::string_view line);

}  // namespace goldcrest::board::program
