// SPDX-License-Identifier: MIT
// The RPL option of the IPv6 hop-by-hop header (RFC 6553): how a packet tells the next router which
// way it goes and what rank it comes from, so that loops are found.
//
//   +------------+------------+-+-+-+-----+--------------+---------------------+
//   | type 0x63  | length ≥ 4 |O|R|F|00000| RPL instance |  sender rank (16)   |
//   +------------+------------+-+-+-+-----+--------------+---------------------+
//
// RFC 9008 renumbered the type to 0x23 (skipped, not dropped, by who does not know it). Both are
// understood; 0x63 is what Contiki and so the field devices know, and the default to send.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.hpp"

namespace goldcrest::wire {

struct RplOption {
  bool down = false;              ///< O: the packet goes away from the root
  bool rank_error = false;        ///< R: a rank contradiction was seen once already
  bool forwarding_error = false;  ///< F: no route downwards; the packet came back
  std::uint8_t instance = 0;
  std::uint16_t sender_rank = 0;
  std::uint8_t type = type_rfc6553;

  static constexpr std::uint8_t type_rfc6553 = 0x63;
  static constexpr std::uint8_t type_rfc9008 = 0x23;
  static constexpr std::size_t size = 6;             ///< with type and length bytes, no sub-TLVs
  static constexpr std::size_t hop_by_hop_size = 8;  ///< of a hop-by-hop header with it alone

  /// From the option data (flags, instance, rank), at least 4 bytes (ensured); sub-TLVs are
  /// ignored.
  static RplOption from_data(std::uint8_t type, base::Bytes data);
  void emit(base::ByteWriter& writer) const;
  /// Overwrites flags, instance and rank of an option in place, from its type byte on; `option` is
  /// at least `size` bytes (ensured). Type and length stay.
  void store(base::MutableBytes option) const;

  friend bool operator==(const RplOption&, const RplOption&) = default;
};

}  // namespace goldcrest::wire
