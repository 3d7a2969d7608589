// SPDX-License-Identifier: MIT
// A connection, to a Unix socket or by TCP, of a program that has nothing else to do meanwhile:
// every call waits, but never past the deadline.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "core/wire/address.hpp"
#include "host/system/descriptor.hpp"

namespace goldcrest::system {

class Stream {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Each fails with a line that names the place.
  [[nodiscard]] static std::expected<Stream, std::string> connect(
      const std::filesystem::path& socket);
  [[nodiscard]] static std::expected<Stream, std::string> connect(const wire::Endpoint& peer);

  /// Over a stream socket that is connected already; `peer` is what errors call the other end.
  static Stream over(Descriptor descriptor, std::string peer) {
    return {std::move(descriptor), std::move(peer)};
  }

  /// All of it.
  [[nodiscard]] std::expected<void, std::string> send(std::string_view bytes, Deadline deadline);
  /// What has come, at least a byte.
  [[nodiscard]] std::expected<std::string, std::string> receive(Deadline deadline);

 private:
  Stream(Descriptor descriptor, std::string peer)
      : descriptor_(std::move(descriptor)), peer_(std::move(peer)) {}

  Descriptor descriptor_;
  std::string peer_;  ///< for error messages
};

}  // namespace goldcrest::system
