// SPDX-License-Identifier: MIT
// Counters of a stack, for the console and for tests. They only ever grow (and wrap at 2^32).
#pragma once

#include <cstdint>

namespace goldcrest::net {

struct LinkStatistics {
  std::uint32_t frames_received = 0;   ///< data frames for us, duplicates included
  std::uint32_t frames_foreign = 0;    ///< well-formed frames for others or of another PAN
  std::uint32_t frames_malformed = 0;  ///< not IEEE 802.15.4 data or ack frames we understand
  std::uint32_t duplicates = 0;        ///< rejected by (source, sequence number)
  std::uint32_t frames_sent = 0;       ///< data frames on air, retransmissions included
  std::uint32_t acks_sent = 0;
  std::uint32_t acks_received = 0;
  std::uint32_t retransmissions = 0;
  std::uint32_t channel_busy = 0;     ///< times the carrier was sensed
  std::uint32_t frames_given_up = 0;  ///< after the last attempt, or no access to the channel
};

struct AdaptationStatistics {
  std::uint32_t datagrams_received = 0;  ///< complete, reassembled where need was
  std::uint32_t datagrams_sent = 0;      ///< all frames sent (and acknowledged where asked)
  std::uint32_t datagrams_failed = 0;    ///< a frame of it was given up
  std::uint32_t queue_full = 0;          ///< datagrams refused for want of room
  std::uint32_t malformed = 0;           ///< 6LoWPAN payloads that did not parse
  std::uint32_t fragments_rejected = 0;  ///< overlap, bad size, or no reassembly to be had
  std::uint32_t reassembly_timeouts = 0;
};

struct Ipv6Statistics {
  std::uint32_t delivered = 0;  ///< to this node
  std::uint32_t forwarded = 0;
  std::uint32_t malformed = 0;
  std::uint32_t hop_limit_exceeded = 0;
  std::uint32_t no_route = 0;
  std::uint32_t rank_errors = 0;  ///< packets dropped by RPL's loop detection
  std::uint32_t icmp_errors_sent = 0;
  std::uint32_t icmp_errors_suppressed = 0;  ///< by the rate limit
};

struct RplStatistics {
  std::uint32_t dis_sent = 0, dis_received = 0;
  std::uint32_t dio_sent = 0, dio_received = 0;
  std::uint32_t dao_sent = 0, dao_received = 0;
  std::uint32_t dao_ack_sent = 0, dao_ack_received = 0;
  std::uint32_t malformed = 0;
  std::uint32_t parent_switches = 0;
  std::uint32_t local_repairs = 0;
  std::uint32_t trickle_resets = 0;
};

struct Statistics {
  LinkStatistics link;
  AdaptationStatistics adaptation;
  Ipv6Statistics ipv6;
  RplStatistics rpl;
};

}  // namespace goldcrest::net
