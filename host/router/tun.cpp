// SPDX-License-Identifier: MIT
#include "host/router/tun.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace goldcrest::router {

namespace {

constexpr int mesh_mtu = 1280;
constexpr int mesh_prefix_bits = 64;
constexpr int host_prefix_bits = 128;

ifreq request_for(const std::string& name) {
  ifreq request{};
  std::copy(name.begin(), name.end(), request.ifr_name);
  return request;
}

std::unexpected<std::string> failed(const std::string& what) {
  return std::unexpected(what + ": " + std::strerror(errno) +
                         (errno == EPERM || errno == EACCES
                              ? " (TUN needs root or CAP_NET_ADMIN; NAT mode needs neither)"
                              : ""));
}

class ControlSocket {
 public:
  ControlSocket() : descriptor_(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~ControlSocket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  template <typename Request>
  bool operator()(unsigned long code, Request& request) const {
    return ::ioctl(descriptor_, code, &request) == 0;
  }

 private:
  int descriptor_;
};

}  // namespace

std::expected<Tun, std::string> Tun::open(const std::string& name, const wire::Ipv6Address& address,
                                          const wire::Ipv6Address& prefix) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return std::unexpected("'" + name + "' is no interface name (1 to 15 characters)");
  }
  const int descriptor = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return failed("cannot open /dev/net/tun");
  Tun tun(descriptor, name);
  auto request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(descriptor, TUNSETIFF, &request) != 0) {
    return failed("cannot create the interface " + name);
  }
  if (auto up = tun.bring_up(address, prefix); !up) return std::unexpected(up.error());
  return tun;
}

std::expected<void, std::string> Tun::bring_up(const wire::Ipv6Address& address,
                                               const wire::Ipv6Address& prefix) const {
  const ControlSocket control;
  auto request = request_for(name_);
  request.ifr_mtu = mesh_mtu;
  if (!control(SIOCSIFMTU, request)) return failed("cannot set the MTU of " + name_);
  if (!control(SIOCGIFFLAGS, request)) return failed("cannot read the flags of " + name_);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  if (!control(SIOCSIFFLAGS, request)) return failed("cannot bring up " + name_);
  auto index = request_for(name_);
  if (!control(SIOCGIFINDEX, index)) return failed("cannot find " + name_);
  in6_ifreq with_address{};
  std::ranges::copy(address.bytes, with_address.ifr6_addr.s6_addr);
  with_address.ifr6_prefixlen = host_prefix_bits;
  with_address.ifr6_ifindex = index.ifr_ifindex;
  if (!control(SIOCSIFADDR, with_address)) return failed("cannot give " + name_ + " its address");
  in6_rtmsg route{};
  std::ranges::copy(prefix.bytes, route.rtmsg_dst.s6_addr);
  route.rtmsg_dst_len = mesh_prefix_bits;
  route.rtmsg_metric = 1;
  route.rtmsg_flags = RTF_UP;
  route.rtmsg_ifindex = index.ifr_ifindex;
  if (!control(SIOCADDRT, route)) return failed("cannot route the mesh's prefix to " + name_);
  return {};
}

Tun::Tun(Tun&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      gone_(other.gone_) {}

Tun& Tun::operator=(Tun&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(name_, other.name_);
  std::swap(gone_, other.gone_);
  return *this;
}

Tun::~Tun() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<base::Bytes> Tun::read(base::MutableBytes buffer) {
  const auto size = ::read(descriptor_, buffer.data(), buffer.size());
  // tun_chr_read_iter: EBADFD for an interface that was deleted, EIO for one that is down.
  if (size < 0 && errno == EBADFD) gone_ = true;
  if (size <= 0) return std::nullopt;
  return buffer.first(static_cast<std::size_t>(size));
}

bool Tun::write(base::Bytes packet) {
  return ::write(descriptor_, packet.data(), packet.size()) == static_cast<ssize_t>(packet.size());
}

}  // namespace goldcrest::router
