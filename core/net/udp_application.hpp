// SPDX-License-Identifier: MIT
// The port between the network stack and what runs on UDP above it. Like everything in core it is a
// state machine without input or output of its own: the stack hands in datagrams and time, and asks
// for the next datagram to send when it has room for one.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::net {

/// A UDP datagram that an application wants sent. `payload` stays valid until the next call that is
/// not const.
struct UdpTransmission {
  wire::Endpoint destination;
  std::uint16_t source_port = 0;
  base::Bytes payload;
};

class UdpApplication {
 public:
  /// A datagram arrived on the application's port. `payload` is valid during the call.
  virtual void receive(base::Instant now, const wire::Endpoint& from, base::Bytes payload) = 0;
  /// Runs the timers that are due.
  virtual void advance(base::Instant now) = 0;
  /// The next datagram to send, handed out once: what the stack takes it sends or loses, as UDP
  /// does. Asked only while the node has an address and a way to the outside.
  virtual std::optional<UdpTransmission> next_transmission(base::Instant now) = 0;
  /// When advance() or next_transmission() has to be called next; base::never when idle.
  virtual base::Instant next_deadline() const = 0;

 protected:
  ~UdpApplication() = default;
};

}  // namespace goldcrest::net
