// SPDX-License-Identifier: MIT
// Downward routes learned from DAOs (RFC 6550 section 9): target, next hop, lifetime. In storing
// mode a route names the neighbour it goes through; a root that is told by non-storing DAOs keeps
// the target's parent instead and finds the way by following parents (section 9.7).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "core/base/time.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::net {

/// How long a DAO may be on its way: an older path sequence within this time of a newer one is
/// late; after it, the node has started afresh.
inline constexpr base::Duration late_dao = std::chrono::seconds(10);

struct Route {
  wire::Ipv6Address target;  ///< a /128
  wire::Eui64 next_hop;      ///< storing: the neighbour to send to
  wire::Ipv6Address parent;  ///< the target's own parent; unspecified when not told
  base::Instant expires{};
  base::Instant learned_at{};
  std::uint8_t path_sequence = 0;
  std::uint8_t path_lifetime = 0;  ///< in lifetime units, as advertised
  bool used = false;
  bool advertise = false;      ///< to be told to our own parent
  bool in_flight = false;      ///< in the DAO that is on its way
  bool source_routed = false;  ///< from a non-storing DAO: the way leads through `parent`
  bool withdrawn = false;      ///< gone; kept only until our parent has been told
  bool proven = false;         ///< root: a packet has come from the target this way
};

class RouteTable {
 public:
  explicit RouteTable(std::span<Route> storage) : storage_(storage) {}

  /// A live route to `target`, or null.
  Route* find(const wire::Ipv6Address& target);
  const Route* find(const wire::Ipv6Address& target) const;
  /// The entry for `target`, withdrawn ones included, or a new one; null when the table is full.
  Route* add(const wire::Ipv6Address& target);
  void clear();
  /// Live routes.
  std::size_t size() const;

  /// All entries; skip those that are not `used`.
  std::span<Route> entries() { return storage_; }
  std::span<const Route> entries() const { return storage_; }

 private:
  std::span<Route> storage_;
};

}  // namespace goldcrest::net
