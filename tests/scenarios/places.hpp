// SPDX-License-Identifier: MIT
// Who is where in every scenario.
#pragma once

#include "core/wire/address.hpp"

namespace goldcrest::scenario::places {

inline wire::Endpoint server() { return {wire::Ipv6Address::from_ipv4({192, 168, 1, 64}), 5683}; }
inline wire::Ipv6Address router() { return wire::Ipv6Address::from_ipv4({192, 168, 1, 1}); }

/// The border router: that of the recorded frames (tests/vectors/contiki-spirit1), so that these
/// are valid in its mesh as they are.
inline constexpr wire::Eui64 router_eui64{{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}};

}  // namespace goldcrest::scenario::places
