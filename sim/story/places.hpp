// SPDX-License-Identifier: MIT
// The addresses of the story.
#pragma once

#include <string_view>

#include "core/wire/address.hpp"

namespace goldcrest::sim::places {

inline constexpr std::string_view server_text = "192.168.1.64";

inline wire::Endpoint server() {
  return {wire::Ipv6Address::from_ipv4({192, 168, 1, 64}), 5683};
}
inline wire::Ipv6Address router() {
  return wire::Ipv6Address::from_ipv4({192, 168, 1, 1});
}

}  // namespace goldcrest::sim::places
