// SPDX-License-Identifier: MIT
// A second decoder of compressed IPv6 datagrams, written from RFC 6282 (and RFC 4944 for the
// dispatch) alone, to be compared with core/wire. It shares no code with that one and goes another
// way: it reads bits, collects headers as a list, and writes the datagram from its end to its
// beginning, so that each length is known when it is needed. Slow, with heap, for tests only.
//
// Where the RFC leaves room it decides as the product does: one IPv6 header within another at most,
// at most 1,280 bytes, a fragment header has six bytes after the one that is reserved, padding is
// restored in the headers that have options and in no other, multicast prefixes have at most 64
// bits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace iphc {

using Octets = std::vector<std::uint8_t>;
using Address = std::array<std::uint8_t, 16>;
using Identifier = std::array<std::uint8_t, 8>;

struct Context {
  unsigned number = 0;
  Address prefix{};
  unsigned bits = 0;
};

struct Link {
  std::optional<Identifier> source;
  std::optional<Identifier> destination;
};

/// The datagram; with `size`, of which this is the first fragment, its beginning. Nothing when it
/// is not allowed.
std::optional<Octets> decode(std::span<const std::uint8_t> payload, const Link& link,
                             const std::vector<Context>& contexts,
                             std::optional<unsigned> size = std::nullopt);

}  // namespace iphc
