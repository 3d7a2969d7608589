// SPDX-License-Identifier: MIT
// Between a board's SPIRIT1 model and whatever plays the air: the simulator's virtual air in
// virtual time, or ZEP over UDP in real time.
#pragma once

#include <compare>
#include <cstdint>
#include <span>

#include "core/base/time.hpp"

namespace goldcrest::board {

/// What two radios must share to hear each other; taken from the SPIRIT1's registers.
struct RadioSettings {
  std::uint32_t frequency_hz = 0;  ///< carrier, rounded to 1 kHz
  std::uint32_t bitrate = 0;       ///< bits per second
  std::uint32_t sync_word = 0;
  std::uint8_t preamble_bytes = 0;
  std::uint8_t sync_bytes = 0;
  std::uint8_t crc_bytes = 0;
  bool whitening = false;

  bool is_carrier() const { return sync_bytes == 0; }
  friend auto operator<=>(const RadioSettings&, const RadioSettings&) = default;
};

/// The board's view of the air.
class RadioPort {
 public:
  /// A packet goes on air. `payload` is what the packet handler sends between length byte and CRC
  /// (the MAC frame). [begin, end) is the whole air time, preamble to CRC, in board time. A carrier
  /// without packets (direct modes, PN9) comes in pieces with no payload and no sync word.
  virtual void transmit(base::Instant begin, base::Instant end,
                        std::span<const std::uint8_t> payload, const RadioSettings& settings) = 0;
  /// A packet goes on air whose content is not known to its end: it is longer than the sender's
  /// FIFO. True if the air can do with that; content_grows() and end_packet() then follow. Else
  /// transmit() will be called when the packet is over, late by its air time.
  virtual bool begin_packet(base::Instant begin, base::Instant end, const RadioSettings& settings) {
    (void)begin, (void)end, (void)settings;
    return false;
  }
  /// What is known by now of the packet that begin_packet() began; each byte before its air time.
  virtual void content_grows(std::span<const std::uint8_t> payload) { (void)payload; }
  /// What this sender began last is over at `end`. Earlier than it was announced, nobody can make
  /// sense of it: it is not `complete`. Called for each begin_packet(), and for a transmit() that
  /// is cut off.
  virtual void end_packet(base::Instant end, bool complete) { (void)end, (void)complete; }
  /// The strongest signal on the channel now, dBm; -120 when it is quiet.
  virtual int rssi_dbm(base::Instant now, const RadioSettings& settings) = 0;

 protected:
  ~RadioPort() = default;
};

/// The SPIRIT1's side, called by the air at the given board times (never in the board's past).
class RadioReceiver {
 public:
  /// A packet's preamble begins to arrive. The model decides whether it locks on: it must be in RX
  /// with matching settings from here to the sync word, and not be receiving already.
  virtual void packet_begin(std::uint64_t packet_id, base::Instant begin, base::Instant end,
                            int rssi_dbm, const RadioSettings& settings) = 0;
  /// What the packet carries, right after packet_begin() if the air knows it by then, so that it
  /// fills the FIFO at air rate; again when more of it is known. Without it the whole content
  /// arrives with packet_end().
  virtual void packet_content(std::uint64_t packet_id, std::span<const std::uint8_t> payload) {
    (void)packet_id;
    (void)payload;
  }
  /// The packet is over. `corrupt`: collided or lost; the model then raises a CRC error instead.
  virtual void packet_end(std::uint64_t packet_id, base::Instant end,
                          std::span<const std::uint8_t> payload, bool corrupt) = 0;

 protected:
  ~RadioReceiver() = default;
};

}  // namespace goldcrest::board
