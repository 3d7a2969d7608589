// SPDX-License-Identifier: MIT
// What passes between the stack and the driver of the radio. One frame is out at a time: the driver
// takes a Transmission, senses the carrier unless told not to, sends, and reports the outcome.
#pragma once

#include <cstdint>

#include "core/base/bytes.hpp"

namespace goldcrest::net {

/// A MAC frame for the radio, without length byte and CRC. The view is valid until the driver has
/// called transmission_done().
struct Transmission {
  base::Bytes frame;
  /// Link acknowledgements leave at once: the driver does not sense the carrier for them.
  bool immediate = false;
};

enum class TransmitResult : std::uint8_t {
  sent,          ///< the frame has left the antenna
  channel_busy,  ///< the carrier was sensed; nothing was sent, the link layer backs off
  failed,        ///< the radio could not send it (a fault of the driver or the chip)
};

/// Whether link acknowledgements are asked for in unicast frames.
enum class LinkAckPolicy : std::uint8_t {
  learn,   ///< asked for now and then until the neighbour has answered once, always after that
  always,  ///< asked for in every unicast frame
  never,   ///< not asked for; every frame is sent once
};

}  // namespace goldcrest::net
