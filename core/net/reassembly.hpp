// SPDX-License-Identifier: MIT
// Reassembly of fragmented datagrams (RFC 4944 section 5.3), several at once.
//
// A datagram is known by sender, tag and size. Fragments may come in any order; one that repeats
// what is there already is ignored; one that overlaps otherwise throws the pieces away and begins
// afresh. Memory is the owner's and bounded: when all buffers are taken, a fragment from a
// neighbour we deal with may take the buffer of a stranger or one that has made no progress for a
// while; a stranger's never takes a neighbour's. One sender holds at most two buffers, or one where
// there are only two.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"
#include "core/net/statistics.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::net {

/// The buffer of one datagram.
struct Reassembly {
  std::array<std::uint8_t, limits::datagram_bytes> bytes{};
  std::array<std::uint8_t, limits::datagram_bytes / 8 / 8>
      units{};  ///< a bit for 8 bytes that came
  wire::Eui64 source;
  base::Instant begun{};
  base::Instant progress{};
  std::uint16_t tag = 0;
  std::uint16_t size = 0;
  std::uint16_t missing_units = 0;
  bool known_sender = false;
  bool used = false;
};

/// A fragment with its headers expanded: `data` lies at `offset` of the datagram.
struct Fragment {
  wire::Eui64 source;
  bool known_sender = false;
  std::uint16_t tag = 0;
  std::uint16_t datagram_size = 0;
  std::uint16_t offset = 0;
  base::Bytes data;
};

class Reassembler {
 public:
  static constexpr base::Duration timeout = std::chrono::seconds(8);
  /// Without progress for so long, a datagram yields its buffer when all are taken. A node has few
  /// buffers and lets who came first go on. A border router has so many that whoever wants to keep
  /// them busy needs more frames (16 in 125 ms) than the radio carries.
  static constexpr base::Duration patience = std::chrono::seconds(1);
  static constexpr base::Duration patience_with_many = std::chrono::milliseconds(125);
  static constexpr std::size_t many = 8;

  Reassembler(std::span<Reassembly> buffers, AdaptationStatistics& statistics)
      : buffers_(buffers), statistics_(statistics) {}

  /// The whole datagram when this fragment completes it. The view, which may be written to, is
  /// valid until the next call.
  std::optional<base::MutableBytes> receive(base::Instant now, const Fragment& fragment);
  /// Drops what has timed out.
  void advance(base::Instant now);
  base::Instant next_deadline() const;
  /// Datagrams in the making.
  std::size_t active() const;

 private:
  struct Completed {
    wire::Eui64 source;
    std::uint16_t tag = 0;
    std::uint16_t size = 0;
    base::Instant when{};
    bool used = false;
  };

  bool completed_lately(base::Instant now, const Fragment& fragment) const;
  Reassembly* find(const Fragment& fragment);
  Reassembly* make_room(base::Instant now, const Fragment& fragment);
  static void begin(base::Instant now, Reassembly& buffer, const Fragment& fragment);

  std::span<Reassembly> buffers_;
  AdaptationStatistics& statistics_;
  std::array<Completed, 4> completed_{};
  std::size_t next_completed_ = 0;
};

}  // namespace goldcrest::net
