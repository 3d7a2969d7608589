// SPDX-License-Identifier: MIT
// What a node tells of its place in the DODAG to whoever watches it: the console of the firmware, a
// test. Every call carries plain data and is made from inside a call of the node's owner; nothing
// may be called back.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/time.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::net {

/// What a DIO says of its DODAG (RFC 6550 section 6.3.1).
struct DodagInfo {
  std::uint8_t instance_id = 0;
  std::uint8_t version = 0;
  std::uint8_t mode_of_operation = 0;
  wire::Ipv6Address dodag_id;
};

class RplEvents {
 public:
  /// A RPL instance we had not been in.
  virtual void instance_started(base::Instant, std::uint8_t /*instance_id*/) {}
  /// We are part of the DODAG now, with `rank`, through `parent` (link-local address).
  virtual void dodag_joined(base::Instant, const DodagInfo&, const wire::Ipv6Address& /*parent*/,
                            std::uint16_t /*rank*/) {}
  /// The root started a new version of the DODAG (global repair); we follow.
  virtual void version_changed(base::Instant, std::uint8_t /*from*/, std::uint8_t /*to*/) {}
  /// A DODAG was heard that we cannot join, and why. Told once per reason and DODAG.
  virtual void dodag_refused(base::Instant, const DodagInfo&, std::string_view /*why*/) {}
  /// A prefix is known and the address made from it is ours.
  virtual void address_added(base::Instant, const wire::Ipv6Address& /*prefix*/,
                             unsigned /*prefix_bits*/, const wire::Ipv6Address& /*address*/) {}
  virtual void address_removed(base::Instant, const wire::Ipv6Address& /*address*/) {}
  /// The preferred parent changed; either may be absent. `etx` of the new one in 1/128.
  virtual void parent_changed(base::Instant, const std::optional<wire::Ipv6Address>& /*from*/,
                              const std::optional<wire::Ipv6Address>& /*to*/,
                              std::uint16_t /*etx*/) {}
  /// RPL rank; 0xFFFF is INFINITE_RANK.
  virtual void rank_changed(base::Instant, std::uint16_t /*from*/, std::uint16_t /*to*/) {}
  /// The preferred parent stopped answering or left the DODAG.
  virtual void parent_lost(base::Instant, const wire::Ipv6Address& /*parent*/) {}
  /// No parent is left: the sub-DODAG is poisoned and a DODAG is looked for again.
  virtual void local_repair(base::Instant, std::string_view /*why*/) {}
  /// The root (or the parent, for it) has our downward route: data can come down to us.
  virtual void route_confirmed(base::Instant, const wire::Ipv6Address& /*parent*/) {}

 protected:
  ~RplEvents() = default;
};

}  // namespace goldcrest::net
