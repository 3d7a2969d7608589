// SPDX-License-Identifier: MIT
// A radio on the virtual air that is played by hand, and the layers between its frames and the
// datagrams inside: one frame at a time, carrier sensing with random back-off, 6LoWPAN without
// contexts, one reassembly, no link acks, as ST's Contiki port has them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/base/random.hpp"
#include "core/wire/icmpv6.hpp"
#include "core/wire/ieee802154.hpp"
#include "core/wire/ipv6.hpp"
#include "sim/world/world.hpp"

namespace goldcrest::sim {

using Frame = std::vector<std::uint8_t>;

/// An IPv6 datagram that came.
struct ReceivedDatagram {
  wire::MacAddress from;
  bool broadcast = false;
  Frame bytes;

  wire::Ipv6Header header() const { return *wire::Ipv6Header::parse(bytes); }
  std::optional<wire::UpperLayer> upper() const;
  /// A RPL control message with a good checksum.
  std::optional<wire::Icmpv6Message> rpl() const;
};

class ScriptedStation final : private RadioReceiver {
 public:
  /// `seed` is of its back-off.
  ScriptedStation(World& world, const wire::Eui64& eui64, std::uint64_t seed);

  StationId station() const { return station_; }
  base::Instant now() const { return world_.now(); }

  /// Puts a frame on the air as it is, after those that wait, when the channel is free.
  void sends(Frame frame) { outgoing_.push_back(std::move(frame)); }
  /// Sends a datagram to a neighbour or to all, compressed and fragmented as the recorded device
  /// does.
  void sends_datagram(const wire::MacAddress& to, base::Bytes datagram);
  /// Hears nothing until then.
  void is_deaf_until(base::Instant until) { deaf_until_ = until; }
  bool sending() const { return !outgoing_.empty() || now() < sending_until_; }

  /// The next datagram that came for it or for all.
  std::optional<ReceivedDatagram> takes();
  /// Lets time pass, and its radio work.
  void runs_for(base::Duration duration);

  std::size_t frames_received() const { return frames_received_; }

 private:
  void packet_begin(std::uint64_t packet_id, base::Instant begin, base::Instant end, int rssi_dbm,
                    const board::RadioSettings& settings) override;
  void packet_end(std::uint64_t packet_id, base::Instant end, base::Bytes payload,
                  bool corrupt) override;
  void receive(base::Bytes frame);
  void receive_fragment(const wire::MacFrame& mac);
  Frame mac_frame(const wire::MacAddress& to, base::Bytes payload);

  World& world_;
  wire::Eui64 eui64_;
  StationId station_;
  std::deque<Frame> outgoing_;
  std::deque<ReceivedDatagram> received_;
  std::optional<std::uint64_t> receiving_;
  base::Instant sending_until_{};
  base::Instant deaf_until_{};
  base::Instant back_off_until_{};
  std::optional<base::Instant> free_since_;  ///< the channel, as sensed before sending
  base::SeededRandom random_;
  std::size_t frames_received_ = 0;
  std::uint8_t sequence_ = 0;
  std::uint16_t tag_ = 0;

  // The datagram being put together.
  ReceivedDatagram partial_;
  std::uint16_t partial_tag_ = 0;
  std::size_t partial_missing_ = 0;
};

}  // namespace goldcrest::sim
