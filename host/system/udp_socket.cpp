// SPDX-License-Identifier: MIT
#include "host/system/udp_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace goldcrest::system {

namespace {

sockaddr_in6 to_sockaddr(const wire::Endpoint& endpoint) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(endpoint.port);
  std::ranges::copy(endpoint.address.bytes, address.sin6_addr.s6_addr);
  return address;
}

wire::Endpoint to_endpoint(const sockaddr_in6& address) {
  wire::Endpoint endpoint{.address = {}, .port = ntohs(address.sin6_port)};
  std::ranges::copy(address.sin6_addr.s6_addr, endpoint.address.bytes.begin());
  return endpoint;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::expected<wire::Ipv6Address, std::string> resolve(const std::string& host) {
  if (const auto literal = wire::Ipv6Address::parse(host)) return *literal;
  addrinfo hints{};
  hints.ai_family = AF_INET6;
  hints.ai_flags = AI_V4MAPPED | AI_ALL;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* results = nullptr;
  const int failure = getaddrinfo(host.c_str(), nullptr, &hints, &results);
  if (failure != 0) {
    return std::unexpected("cannot resolve '" + host + "': " + gai_strerror(failure));
  }
  sockaddr_in6 first{};
  std::memcpy(&first, results->ai_addr, std::min<std::size_t>(results->ai_addrlen, sizeof first));
  freeaddrinfo(results);
  return to_endpoint(first).address;
}

}  // namespace

std::expected<UdpSocket, std::string> UdpSocket::open(const wire::Endpoint& local) {
  const auto failed = [&local](const char* what) {
    return std::unexpected(std::string(what) + " " + format(local) + ": " + std::strerror(errno));
  };
  const int descriptor = ::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed("cannot open a UDP socket for");
  UdpSocket socket(descriptor);
  const int off = 0;
  (void)::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const auto address = to_sockaddr(local);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failed("cannot listen on");
  }
  return socket;
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

UdpSocket::~UdpSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<UdpSocket::Received> UdpSocket::receive(base::MutableBytes buffer) {
  // A flood of what has to be skipped must not keep the caller here.
  constexpr int most_skipped = 64;
  for (int tries = 0; tries < most_skipped; ++tries) {
    sockaddr_in6 from{};
    socklen_t from_size = sizeof from;
    const auto size = ::recvfrom(descriptor_, buffer.data(), buffer.size(), MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) {
      // ECONNREFUSED is the echo of an earlier send to a closed port; the socket lives on.
      if (errno == EINTR || errno == ECONNREFUSED) continue;
      return std::nullopt;
    }
    if (static_cast<std::size_t>(size) > buffer.size()) continue;
    return Received{to_endpoint(from), buffer.first(static_cast<std::size_t>(size))};
  }
  return std::nullopt;
}

bool UdpSocket::send(const wire::Endpoint& to, base::Bytes payload) {
  const auto address = to_sockaddr(to);
  return ::sendto(descriptor_, payload.data(), payload.size(), 0,
                  reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == static_cast<ssize_t>(payload.size());
}

wire::Endpoint UdpSocket::local() const {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  (void)::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
  return to_endpoint(address);
}

std::expected<wire::Endpoint, std::string> parse_endpoint(
    std::string_view text, std::optional<std::uint16_t> default_port) {
  const std::string quoted = "'" + std::string(text) + "'";
  std::string_view host = text;
  std::string_view port_text;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::unexpected(quoted + " lacks a closing ]");
    host = text.substr(1, close - 1);
    const auto rest = text.substr(close + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return std::unexpected(quoted + " is not HOST:PORT");
    if (has_port) port_text = rest.substr(1);
  } else if (std::ranges::count(text, ':') == 1) {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    port_text = text.substr(colon + 1);
    has_port = true;
  }
  if (host.empty()) return std::unexpected(quoted + " names no host");
  auto port = has_port ? parse_port(port_text) : default_port;
  if (!port) {
    return std::unexpected(has_port ? quoted + " has no valid port (0 to 65535)"
                                    : quoted + " lacks a port: write HOST:PORT");
  }
  const auto address = resolve(std::string(host));
  if (!address) return std::unexpected(address.error());
  return wire::Endpoint{*address, *port};
}

std::string format(const wire::Ipv6Address& address) {
  std::array<char, 64> buffer{};
  if (address.ipv4_mapped()) {
    const auto& b = address.bytes;
    return std::to_string(b[12]) + "." + std::to_string(b[13]) + "." + std::to_string(b[14]) + "." +
           std::to_string(b[15]);
  }
  return std::string(address.format(buffer));
}

std::string format(const wire::Endpoint& endpoint) {
  const auto address = format(endpoint.address);
  const bool bare = endpoint.address.ipv4_mapped();
  return (bare ? address : "[" + address + "]") + ":" + std::to_string(endpoint.port);
}

}  // namespace goldcrest::system
