// SPDX-License-Identifier: MIT
// What the RPL control plane and the stack below it know of each other: where we stand in the
// DODAG, the messages that come in, and the port through which messages go out.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/time.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/wire/address.hpp"
#include "core/wire/icmpv6.hpp"
#include "core/wire/rpl.hpp"

namespace goldcrest::net {

/// Where we stand, as data packets need it (RFC 6550 section 11.2).
struct RplPosition {
  bool joined = false;
  bool root = false;
  std::uint8_t instance_id = 0;
  std::uint16_t rank = infinite_rank;
};

/// A RPL control message whose ICMPv6 checksum holds.
struct RplPacket {
  wire::Ipv6Address source;
  wire::Ipv6Address destination;
  wire::Eui64 link_source;
  int rssi_dbm = 0;
  wire::Icmpv6Message message;

  bool multicast() const { return destination.multicast(); }
};

/// Where RPL's messages go. Each call is false when there is no room for the message now; the
/// caller keeps its timer and tries again.
class RplOutput {
 public:
  virtual bool send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dis& dis) = 0;
  virtual bool send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dio& dio) = 0;
  virtual bool send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dao& dao) = 0;
  virtual bool send_rpl(base::Instant now, const wire::Ipv6Address& to,
                        const wire::DaoAck& ack) = 0;
  /// The /64 our address is made of; nullopt takes the address away.
  virtual void set_prefix(const std::optional<wire::Ipv6Address>& prefix) = 0;

 protected:
  ~RplOutput() = default;
};

}  // namespace goldcrest::net
