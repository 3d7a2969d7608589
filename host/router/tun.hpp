// SPDX-License-Identifier: MIT
// A Linux TUN interface that carries bare IPv6 packets (IFF_TUN | IFF_NO_PI), with the prefix of
// the mesh routed to it. Needs CAP_NET_ADMIN.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::router {

class Tun {
 public:
  /// Creates the interface `name` (at most 15 characters), brings it up with an MTU of 1,280, gives
  /// it `address` and routes `prefix`/64 there. Fails with what went wrong.
  [[nodiscard]] static std::expected<Tun, std::string> open(const std::string& name,
                                                            const wire::Ipv6Address& address,
                                                            const wire::Ipv6Address& prefix);
  Tun(Tun&& other) noexcept;
  Tun& operator=(Tun&& other) noexcept;
  Tun(const Tun&) = delete;
  Tun& operator=(const Tun&) = delete;
  ~Tun();

  /// The next packet from the host, or nothing when none waits or the interface is gone.
  std::optional<base::Bytes> read(base::MutableBytes buffer);
  /// Somebody has deleted the interface; it does not come back.
  bool gone() const { return gone_; }
  bool write(base::Bytes packet);
  int descriptor() const { return descriptor_; }
  const std::string& name() const { return name_; }

 private:
  Tun(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  [[nodiscard]] std::expected<void, std::string> bring_up(const wire::Ipv6Address& address,
                                                          const wire::Ipv6Address& prefix) const;

  int descriptor_;
  std::string name_;
  bool gone_ = false;
};

}  // namespace goldcrest::router
