// SPDX-License-Identifier: MIT
// A debug port behind a GDB server: OpenOCD's, st-util's or goldcrest-board's, by GDB's remote
// serial protocol (GDB manual, appendix E). What the server sends is not trusted.
#pragma once

#include <chrono>
#include <string_view>

#include "host/lock/debug_port.hpp"
#include "host/system/stream.hpp"

namespace goldcrest::lock {

class GdbPort final : public DebugPort {
 public:
  /// Connecting halts the CPU; the end of the connection lets it run.
  [[nodiscard]] static std::expected<GdbPort, std::string> connect(
      const wire::Endpoint& server, std::chrono::milliseconds timeout);
  /// The same over a stream to a debug server.
  [[nodiscard]] static std::expected<GdbPort, std::string> connect(
      system::Stream stream, std::chrono::milliseconds timeout);

  std::expected<void, std::string> reset_and_halt() override;
  std::expected<std::vector<std::uint8_t>, std::string> read(std::uint32_t address,
                                                             std::uint32_t size) override;
  std::expected<void, std::string> write_word(std::uint32_t address, std::uint32_t value) override;
  std::expected<void, std::string> let_time_pass() override;
  /// Lets the CPU run and takes the debugger away.
  [[nodiscard]] std::expected<void, std::string> detach();

 private:
  GdbPort(system::Stream stream, std::chrono::milliseconds timeout)
      : stream_(std::move(stream)), timeout_(timeout) {}

  std::expected<void, std::string> send(std::string_view payload);
  /// The next packet's payload, acknowledged.
  std::expected<std::string, std::string> packet();
  /// Sends a packet and gives the answer, the console's output left out.
  std::expected<std::string, std::string> ask(std::string_view payload);
  std::expected<char, std::string> next();
  system::Stream::Deadline deadline() const { return std::chrono::steady_clock::now() + timeout_; }

  system::Stream stream_;
  std::chrono::milliseconds timeout_;
  std::string pending_;
};

}  // namespace goldcrest::lock
