// SPDX-License-Identifier: MIT
// Addresses: EUI-64 (IEEE 802.15.4), IPv6 (RFC 4291) with text form (RFC 5952), UDP endpoints.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace goldcrest::wire {

/// In transmission order as humans write it, most significant byte first. (IEEE 802.15.4 frames
/// carry it little-endian; the ieee802154 codec turns it round.)
struct Eui64 {
  std::array<std::uint8_t, 8> bytes{};

  friend constexpr auto operator<=>(const Eui64&, const Eui64&) = default;
};

struct Ipv6Address {
  std::array<std::uint8_t, 16> bytes{};

  constexpr bool unspecified() const { return *this == Ipv6Address{}; }
  constexpr bool multicast() const { return bytes[0] == 0xFF; }
  constexpr bool link_local() const { return bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80; }
  /// ::ffff:a.b.c.d
  bool ipv4_mapped() const;
  /// The same first 64 bits.
  bool same_prefix64(const Ipv6Address& other) const;

  /// fe80::/64 or `prefix`::/64 with the interface identifier made from `eui64` (RFC 4291
  /// appendix A: the universal/local bit inverted).
  static Ipv6Address link_local_from(const Eui64& eui64);
  static Ipv6Address from_prefix(const Ipv6Address& prefix, const Eui64& eui64);
  static Ipv6Address from_ipv4(std::array<std::uint8_t, 4> ipv4);

  /// Parses RFC 4291 text, or dotted IPv4 which becomes the IPv4-mapped address. No zone.
  static std::optional<Ipv6Address> parse(std::string_view text);
  /// RFC 5952 canonical text into `out` (46 bytes are always enough); the view is into `out`.
  std::string_view format(std::span<char> out) const;

  friend constexpr auto operator<=>(const Ipv6Address&, const Ipv6Address&) = default;
};

/// The EUI-64 whose interface identifier an address carries (universal/local bit inverted back).
Eui64 eui64_of(const Ipv6Address& address);

/// ff02::1, ff02::2 and RPL's ff02::1a (RFC 6550 section 6).
inline constexpr Ipv6Address all_nodes{{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01}};
inline constexpr Ipv6Address all_routers{{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02}};
inline constexpr Ipv6Address all_rpl_nodes{
    {0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1A}};

struct Endpoint {
  Ipv6Address address;
  std::uint16_t port = 0;

  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace goldcrest::wire
