// SPDX-License-Identifier: MIT
#include "host/system/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "host/system/udp_socket.hpp"

namespace goldcrest::system {
namespace {

std::string with_reason(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

bool wait_for(int descriptor, short events, Stream::Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - std::chrono::steady_clock::now())
                        .count();
  pollfd waiting{descriptor, events, 0};
  return left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) > 0;
}

}  // namespace

std::expected<Stream, std::string> Stream::connect(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = socket.string();
  if (name.size() >= sizeof address.sun_path) return std::unexpected(name + ": path too long");
  std::ranges::copy(name, address.sun_path);
  Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!descriptor.valid() ||
      ::connect(descriptor.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(with_reason("nobody listens at " + name));
  }
  return Stream(std::move(descriptor), name);
}

std::expected<Stream, std::string> Stream::connect(const wire::Endpoint& peer) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(peer.port);
  std::ranges::copy(peer.address.bytes, address.sin6_addr.s6_addr);
  Descriptor descriptor(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int off = 0;
  const int on = 1;
  if (descriptor.valid()) {
    (void)::setsockopt(descriptor.number(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    (void)::setsockopt(descriptor.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (!descriptor.valid() ||
      ::connect(descriptor.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(with_reason("nobody listens at " + format(peer)));
  }
  return Stream(std::move(descriptor), format(peer));
}

std::expected<void, std::string> Stream::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (!wait_for(descriptor_.number(), POLLOUT, deadline)) {
      return std::unexpected(peer_ + " is not taking data");
    }
    const auto sent = ::send(descriptor_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return std::unexpected(with_reason(peer_ + " hung up"));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

std::expected<std::string, std::string> Stream::receive(Deadline deadline) {
  if (!wait_for(descriptor_.number(), POLLIN, deadline)) {
    return std::unexpected(peer_ + " does not answer");
  }
  std::array<char, 4096> buffer{};
  const auto size = ::recv(descriptor_.number(), buffer.data(), buffer.size(), 0);
  if (size <= 0) return std::unexpected(peer_ + " hung up");
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace goldcrest::system
