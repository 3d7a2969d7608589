// SPDX-License-Identifier: MIT
// 6LoWPAN: IPv6 over IEEE 802.15.4 (RFC 4944 dispatch and fragmentation, RFC 6282 compression).
//
//   dispatch byte   00xxxxxx not 6LoWPAN      01000001 uncompressed IPv6   01010000 broadcast
//   header
//                   011xxxxx IPHC             10xxxxxx mesh header
//                   11000xxx first fragment   11100xxx later fragment
//
//   fragments       1 1 0 0 0|size (11) |tag (16)                 first: size of the whole datagram
//                   1 1 1 0 0|size (11) |tag (16)|offset (8)      offset in units of 8 bytes
//
//   IPHC            0 1 1|TF:2|NH|HLIM:2 | CID|SAC|SAM:2|M|DAC|DAM:2 | [SCI:4|DCI:4] | fields
//   NHC UDP         1 1 1 1 0|C|P:2 | ports | [checksum]
//   NHC extension   1 1 1 0|EID:3|NH | [next header] | length | data
//
// Sizes and offsets of fragments count bytes of the *uncompressed* datagram. So:
//
// * sending: compress_header() says how many datagram bytes its output stands for (`covered`); the
//   rest of the datagram follows as it is. A first fragment carries FragmentHeader, that output and
//   the next n bytes where covered + n is a multiple of 8; later fragments carry plain bytes.
// * receiving: decompress() expands an unfragmented payload; decompress_first_fragment() expands
// what
//   follows a first fragment's header and returns the count of datagram bytes it stands for; later
//   fragments are plain bytes at their offset.
//
// Mesh and broadcast headers (RFC 4944 section 5.2, 11.1) are recognised and refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"
#include "core/wire/ieee802154.hpp"

namespace goldcrest::wire {

enum class SixlowpanError : std::uint8_t {
  truncated,          ///< shorter than its own encoding demands
  not_sixlowpan,      ///< dispatch 00xxxxxx, or no byte at all
  mesh_header,        ///< mesh addressing is not used here
  broadcast_header,   ///< only comes with mesh addressing
  unknown_dispatch,   ///< HC1, a reserved dispatch, or a fragment where none may be
  reserved_encoding,  ///< a combination RFC 6282 reserves
  unknown_context,    ///< refers to a context that is not set
  no_link_address,    ///< elides an address that the frame's link addresses do not give
  checksum_elided,    ///< an elided UDP checksum in a first fragment: it cannot be restored yet
  nesting,            ///< more than one IPv6 header inside another
  too_long,           ///< the datagram exceeds 1,280 bytes, its announced size or the output
  bad_datagram,       ///< compressing: not one whole IPv6 datagram
};
std::string_view describe(SixlowpanError error);

/// What a 6LoWPAN payload starts with.
enum class Dispatch : std::uint8_t {
  not_sixlowpan,
  ipv6,
  iphc,
  first_fragment,
  later_fragment,
  mesh,
  broadcast,
  unknown,
};
Dispatch dispatch_of(base::Bytes payload);

/// FRAG1 and FRAGN (RFC 4944 section 5.3).
struct FragmentHeader {
  bool first = true;
  std::uint16_t datagram_size = 0;    ///< bytes, uncompressed; 11 bits
  std::uint16_t datagram_tag = 0;     ///< unique per sender while a datagram is in flight
  std::uint16_t datagram_offset = 0;  ///< bytes, uncompressed, a multiple of 8; 0 when first

  static constexpr std::size_t first_size = 4;
  static constexpr std::size_t later_size = 5;

  constexpr std::size_t size() const { return first ? first_size : later_size; }
  /// From the start of a payload; the fragment's data starts size() bytes into it. Errors:
  /// truncated, unknown_dispatch (no fragment), too_long (offset at or beyond the size, or a size
  /// over 1,280).
  static std::expected<FragmentHeader, SixlowpanError> parse(base::Bytes payload);
  /// datagram_offset must be a multiple of 8, datagram_size below 2,048 (ensured).
  void emit(base::ByteWriter& writer) const;

  friend bool operator==(const FragmentHeader&, const FragmentHeader&) = default;
};

/// A prefix that both ends know by number (RFC 6282 section 3.1.2).
struct AddressContext {
  std::uint8_t identifier = 0;  ///< 0–15
  Ipv6Address prefix{};         ///< bits beyond prefix_length are zero
  std::uint8_t prefix_length = 64;

  friend bool operator==(const AddressContext&, const AddressContext&) = default;
};
using AddressContexts = std::span<const AddressContext>;

/// The addresses of the frame a payload comes from or goes into: elided ones are restored from
/// them.
struct LinkAddresses {
  MacAddress source{};
  MacAddress destination{};
};

/// How compress_header() may compress. The defaults are what every receiver understands, Contiki's
/// field devices included: those hold no context and no compressed extension headers. Pass contexts
/// only towards neighbours known to hold them.
struct Compression {
  AddressContexts contexts{};
  bool extension_headers = false;  ///< NHC for hop-by-hop and destination options too
};

/// Writes the compressed headers of `datagram` (one whole IPv6 datagram, ≤ 1,280 bytes) to `out`;
/// returns how many bytes of the datagram they stand for: 40 at least; 48 with UDP. The datagram's
/// bytes from there on follow verbatim. At most max_compressed_header bytes are written. Errors:
/// bad_datagram, too_long (also when `out` is too small).
std::expected<std::size_t, SixlowpanError> compress_header(base::Bytes datagram,
                                                           const LinkAddresses& link,
                                                           const Compression& compression,
                                                           base::ByteWriter& out);

/// 2 IPHC + 1 context + 4 traffic class and flow label + 1 hop limit + 32 addresses + 16 extension
/// headers + 7 UDP, whose next header byte is elided.
inline constexpr std::size_t max_compressed_header = 63;

/// Expands an unfragmented payload (dispatch IPHC or uncompressed IPv6) to the whole datagram at
/// the start of `out`; returns its size (after an error `out` holds anything). An elided UDP
/// checksum is computed (RFC 6282 section 4.3.2).
std::expected<std::size_t, SixlowpanError> decompress(base::Bytes payload,
                                                      const LinkAddresses& link,
                                                      AddressContexts contexts,
                                                      base::MutableBytes out);

/// Expands what follows the header of a first fragment of a datagram of `datagram_size` bytes to
/// the start of `out`; returns how many bytes that is (≤ datagram_size). Later fragments continue
/// there, so it has to be a multiple of 8 unless it is all; that is for reassembly to judge.
std::expected<std::size_t, SixlowpanError> decompress_first_fragment(base::Bytes payload,
                                                                     std::uint16_t datagram_size,
                                                                     const LinkAddresses& link,
                                                                     AddressContexts contexts,
                                                                     base::MutableBytes out);

}  // namespace goldcrest::wire
