// SPDX-License-Identifier: MIT
// The client's side of goldcrest-board's control socket (docs/board.md): lines that are answered by
// `ok`, `ok TEXT` or `error REASON`.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/system/stream.hpp"

namespace goldcrest::loader {

class ControlSocket {
 public:
  [[nodiscard]] static std::expected<ControlSocket, std::string> connect(
      const std::filesystem::path& socket, std::chrono::milliseconds timeout);
  /// The same over a stream to a board; all of the conversation ends at `deadline`.
  ControlSocket(system::Stream stream, system::Stream::Deadline deadline)
      : stream_(std::move(stream)), deadline_(deadline) {}

  [[nodiscard]] std::expected<void, std::string> send(std::string_view bytes);
  [[nodiscard]] std::expected<std::string, std::string> line();
  /// One command and the TEXT of its answer.
  [[nodiscard]] std::expected<std::string, std::string> command(std::string_view command);

 private:
  system::Stream stream_;
  system::Stream::Deadline deadline_;
  std::string pending_;
};

}  // namespace goldcrest::loader
