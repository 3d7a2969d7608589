// SPDX-License-Identifier: MIT
#include "host/board/program/gdb_server.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "host/board/debugger.hpp"
#include "host/system/run.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::board::program {
namespace {

/// A peer that does not read its answers is not read from.
constexpr std::size_t unsent_max = 1 << 20;

}  // namespace

std::expected<GdbServer, std::string> GdbServer::open(const wire::Endpoint& where, Board& board,
                                                      gdb::Stub::Monitor monitor) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(where.port);
  std::ranges::copy(where.address.bytes, address.sin6_addr.s6_addr);
  const int off = 0;
  const int on = 1;
  Descriptor listener(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (listener.valid()) {
    (void)::setsockopt(listener.number(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    (void)::setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (!listener.valid() ||
      ::bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.number(), 1) != 0) {
    return std::unexpected(system_error("cannot listen for gdb on " + system::format(where)));
  }
  return GdbServer(board, std::move(monitor), std::move(listener));
}

wire::Endpoint GdbServer::local() const {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  (void)::getsockname(listener_.number(), reinterpret_cast<sockaddr*>(&address), &size);
  wire::Endpoint endpoint{.address = {}, .port = ntohs(address.sin6_port)};
  std::ranges::copy(address.sin6_addr.s6_addr, endpoint.address.bytes.begin());
  return endpoint;
}

void GdbServer::add_descriptors(std::vector<pollfd>& descriptors) const {
  descriptors.push_back({listener_.number(), POLLIN, 0});
  if (!peer_.valid()) return;
  const short input = unsent_.size() < unsent_max ? POLLIN : 0;
  const short output = unsent_.empty() ? 0 : POLLOUT;
  descriptors.push_back({peer_.number(), static_cast<short>(input | output), 0});
}

void GdbServer::accept() {
  Descriptor caller(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!caller.valid()) return;
  if (peer_.valid()) {
    fmt::print(stderr, "gdb: a second connection is refused while one is open\n");
    return;
  }
  if (board_->debugger().locked()) {
    system::print_error("gdb: the board is locked for ever (readout protection level 2)");
    return;
  }
  const int on = 1;
  (void)::setsockopt(caller.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  peer_ = std::move(caller);
  unsent_.clear();
  stub_ = std::make_unique<gdb::Stub>(*board_, monitor_);
  fmt::print(stderr, "gdb: connected, the board is halted\n");
}

void GdbServer::hang_up() {
  stub_.reset();
  peer_ = Descriptor();
  fmt::print(stderr, "gdb: disconnected, the board runs\n");
}

bool GdbServer::receive() {
  std::array<char, 65536> buffer{};
  while (unsent_.size() < unsent_max) {
    const auto size = ::recv(peer_.number(), buffer.data(), buffer.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0 || !stub_->receive({buffer.data(), static_cast<std::size_t>(size)})) return false;
    unsent_ += stub_->take_output();
  }
  return true;
}

bool GdbServer::flush() {
  unsent_ += stub_->take_output();
  if (unsent_.empty()) return true;
  const auto sent = ::send(peer_.number(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
  return sent > 0 || errno == EAGAIN || errno == EINTR;
}

// Who has hung up is noticed first: the next one may be waiting already.
void GdbServer::serve() {
  if (stub_) {
    const bool open = receive();
    if (!flush() || !open) hang_up();
  }
  accept();
}

void GdbServer::advance() {
  if (!stub_) return;
  stub_->advance();
  if (!flush()) hang_up();
}

}  // namespace goldcrest::board::program
