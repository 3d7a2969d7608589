// SPDX-License-Identifier: MIT
// Addresses inside IPHC (RFC 6282 section 3.2), for the compressor and the decompressor alone.
//
// A mode says how much of an address is carried inline and what the rest is made of:
//
//   unicast      stateless        mode 0: 16 bytes   1: fe80::/64 + 8 bytes   2: + ff:fe00:2 bytes
//                                      3: fe80::/64 + the link address
//                stateful         the same with the context's prefix; mode 0 is :: (source only)
//   multicast    stateless        mode 0: 16 bytes   1: ffXX::00XX:XXXX:XXXX  2: ffXX::00XX:XXXX
//                                      3: ff02::00XX
//                stateful         mode 0: ffXX:XXLL:<prefix>:XXXX:XXXX (RFC 3306, RFC 3956)
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"
#include "core/wire/ieee802154.hpp"
#include "core/wire/sixlowpan.hpp"

namespace goldcrest::wire::sixlowpan {

using InterfaceIdentifier = std::array<std::uint8_t, 8>;

/// From a 64-bit address with the universal/local bit inverted, from a 16-bit one
/// 0000:00ff:fe00:XXXX; none for the broadcast address, which no interface has.
std::optional<InterfaceIdentifier> interface_identifier(const MacAddress& address);
/// The last 64 bits: what elided addresses of a header inside another are made of.
InterfaceIdentifier interface_identifier(const Ipv6Address& address);

/// The context with that number, or null.
const AddressContext* find_context(AddressContexts contexts, std::uint8_t identifier);

/// One address as IPHC describes it: SAC and SAM, or M, DAC and DAM.
struct AddressMode {
  bool multicast = false;
  bool stateful = false;
  std::uint8_t mode = 0;     ///< SAM or DAM, 2 bits
  std::uint8_t context = 0;  ///< number, when stateful
};

/// Reads the inline part and makes the address. `link` is the interface identifier of the link (or
/// outer) address. The unspecified address is what the stateful unicast mode 0 means; a destination
/// has to refuse that before.
std::expected<Ipv6Address, SixlowpanError> expand_address(
    base::ByteReader& reader, const AddressMode& mode, AddressContexts contexts,
    const std::optional<InterfaceIdentifier>& link);

/// The mode that carries the fewest bytes of `address` inline. Only a destination may be multicast
/// in IPHC, and only a source unspecified; elsewhere such addresses go whole.
AddressMode choose_source_mode(const Ipv6Address& address, AddressContexts contexts,
                               const std::optional<InterfaceIdentifier>& link);
AddressMode choose_destination_mode(const Ipv6Address& address, AddressContexts contexts,
                                    const std::optional<InterfaceIdentifier>& link);
void emit_inline(base::ByteWriter& writer, const AddressMode& mode, const Ipv6Address& address);

}  // namespace goldcrest::wire::sixlowpan
