// SPDX-License-Identifier: MIT
// The server's UDP socket: IPv4 and IPv6 at once, many datagrams a system call, and answers that
// leave from the address the request was sent to (RFC 7252 section 5.2 matches by endpoint, which
// matters on hosts with several addresses).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <expected>
#include <string>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::server {

class BatchSocket {
 public:
  static constexpr std::size_t batch = 32;
  static constexpr std::size_t datagram_limit = 2048;

  [[nodiscard]] static std::expected<BatchSocket, std::string> open(const wire::Endpoint& local);

  int descriptor() const { return socket_.descriptor(); }
  wire::Endpoint local() const { return socket_.local(); }

  /// Takes up to `batch` waiting datagrams, hands each to `answer(from, datagram)`, which returns
  /// std::optional<base::Bytes>, and sends the answers. Returns how many datagrams there were.
  template <typename Answer>
  std::size_t serve_waiting(Answer answer) {
    const auto count = receive();
    std::size_t answers = 0;
    for (std::size_t index = 0; index < count; ++index) {
      const auto reply = answer(from(index), datagram(index));
      if (reply) prepare_answer(answers++, index, *reply);
    }
    send(answers);
    return count;
  }

 private:
  explicit BatchSocket(system::UdpSocket socket) : socket_(std::move(socket)) {}

  // Room for one in6_pktinfo control message.
  using Control = std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))>;
  struct Slot {
    sockaddr_in6 peer{};
    iovec data{};
    alignas(cmsghdr) Control control{};
    std::array<std::uint8_t, datagram_limit> bytes{};
  };

  std::size_t receive();
  wire::Endpoint from(std::size_t index) const;
  base::Bytes datagram(std::size_t index) const;
  void prepare_answer(std::size_t answer, std::size_t request, base::Bytes reply);
  void send(std::size_t count);

  system::UdpSocket socket_;
  std::array<Slot, batch> received_{};
  std::array<Slot, batch> answers_{};
  std::array<mmsghdr, batch> received_headers_{};
  std::array<mmsghdr, batch> answer_headers_{};
};

}  // namespace goldcrest::server
