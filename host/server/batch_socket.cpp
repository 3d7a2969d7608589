// SPDX-License-Identifier: MIT
#include "host/server/batch_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace goldcrest::server {
namespace {

/// What the kernel holds while the server does not run: some 40 ms of a flood of 100,000 datagrams
/// a second. It grants no more than net.core.rmem_max.
constexpr int receive_buffer_bytes = 4 * 1024 * 1024;

template <typename SlotType>
msghdr header_for(SlotType& slot, std::size_t size) {
  slot.data = {.iov_base = slot.bytes.data(), .iov_len = size};
  msghdr header{};
  header.msg_name = &slot.peer;
  header.msg_namelen = sizeof slot.peer;
  header.msg_iov = &slot.data;
  header.msg_iovlen = 1;
  header.msg_control = slot.control.data();
  header.msg_controllen = slot.control.size();
  return header;
}

}  // namespace

std::expected<BatchSocket, std::string> BatchSocket::open(const wire::Endpoint& local) {
  auto socket = system::UdpSocket::open(local);
  if (!socket) return std::unexpected(socket.error());
  const int on = 1;
  if (::setsockopt(socket->descriptor(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) != 0) {
    return std::unexpected(std::string("cannot ask for packet information: ") +
                           std::strerror(errno));
  }
  (void)::setsockopt(socket->descriptor(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                     sizeof receive_buffer_bytes);
  return BatchSocket(*std::move(socket));
}

std::size_t BatchSocket::receive() {
  for (std::size_t index = 0; index < batch; ++index) {
    received_headers_[index] = {.msg_hdr = header_for(received_[index], datagram_limit),
                                .msg_len = 0};
  }
  const int count = ::recvmmsg(descriptor(), received_headers_.data(), batch, 0, nullptr);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

wire::Endpoint BatchSocket::from(std::size_t index) const {
  const auto& peer = received_[index].peer;
  wire::Endpoint endpoint{.address = {}, .port = ntohs(peer.sin6_port)};
  std::ranges::copy(peer.sin6_addr.s6_addr, endpoint.address.bytes.begin());
  return endpoint;
}

// One that was cut short keeps its header, so a confirmable one is told what is wrong with it.
base::Bytes BatchSocket::datagram(std::size_t index) const {
  return base::Bytes(received_[index].bytes).first(received_headers_[index].msg_len);
}

void BatchSocket::prepare_answer(std::size_t answer, std::size_t request, base::Bytes reply) {
  auto& slot = answers_[answer];
  const auto& asked = received_[request];
  const auto size = std::min(reply.size(), slot.bytes.size());
  std::copy_n(reply.begin(), size, slot.bytes.begin());
  slot.peer = asked.peer;
  slot.control = asked.control;
  auto header = header_for(slot, size);
  // What came as "sent to this address" goes back as "send from this address".
  header.msg_controllen = received_headers_[request].msg_hdr.msg_controllen;
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  answer_headers_[answer] = {.msg_hdr = header, .msg_len = 0};
}

void BatchSocket::send(std::size_t count) {
  for (std::size_t sent = 0; sent < count;) {
    const int done = ::sendmmsg(descriptor(), answer_headers_.data() + sent,
                                static_cast<unsigned>(count - sent), 0);
    if (done < 0 && errno == EINTR) continue;
    // The first one could not be sent (no route, full buffer): UDP may lose it, the others go on.
    sent += done <= 0 ? 1 : static_cast<std::size_t>(done);
  }
}

}  // namespace goldcrest::server
