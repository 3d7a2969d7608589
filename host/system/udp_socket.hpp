// SPDX-License-Identifier: MIT
// A non-blocking UDP socket with addresses as core knows them: one IPv6 socket, dual-stack, so that
// IPv4 peers appear as ::ffff:a.b.c.d.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::system {

class UdpSocket {
 public:
  /// Opens and binds; port 0 lets the kernel choose. Fails with a line that names the endpoint.
  [[nodiscard]] static std::expected<UdpSocket, std::string> open(const wire::Endpoint& local);

  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  ~UdpSocket();

  struct Received {
    wire::Endpoint from;
    base::Bytes payload;  ///< within the buffer given to receive()
  };
  /// Datagrams to take in a turn, before everything else gets its turn too.
  static constexpr int turn = 64;

  /// The next datagram, or nothing when none waits. Datagrams longer than `buffer` are dropped;
  /// after many of those it is nothing too, although poll() may say that more wait.
  std::optional<Received> receive(base::MutableBytes buffer);
  /// False when the kernel does not take it (no route, full buffer): UDP may lose datagrams.
  bool send(const wire::Endpoint& to, base::Bytes payload);

  int descriptor() const { return descriptor_; }
  wire::Endpoint local() const;

 private:
  explicit UdpSocket(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// "127.0.0.1:5683", "[::1]:5683", "host.example:5683", or without port when `default_port` is
/// given. Names are resolved by the system. Fails with a line that says what is wrong.
[[nodiscard]] std::expected<wire::Endpoint, std::string> parse_endpoint(
    std::string_view text, std::optional<std::uint16_t> default_port = std::nullopt);
/// "a.b.c.d:port" for IPv4-mapped addresses, "[address]:port" else.
std::string format(const wire::Endpoint& endpoint);
std::string format(const wire::Ipv6Address& address);

}  // namespace goldcrest::system
