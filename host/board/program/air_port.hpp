// SPDX-License-Identifier: MIT
// The board's antenna in real time: frames as ZEP datagrams. A datagram comes when a frame has
// passed the air, so it takes its air time once more on its way into the board's radio. The pause
// between two frames stays what it was, as far as firmware may need it to empty its FIFO, and is
// never shorter than a driver's usual need, however late the processes run. ZEP does not say how a
// frame was modulated: it is taken to be what the board's own radio is set to; and it carries no
// more than 125 bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "host/air/zep_station.hpp"
#include "host/board/board.hpp"

namespace goldcrest::board::program {

class AirPort final : private RadioPort {
 public:
  AirPort(Board& board, air::ZepStation station);

  int descriptor() const { return station_.descriptor(); }
  /// Takes what arrived; `now` is real time.
  void advance(base::Instant now);
  /// Delivers what is due at the board's time.
  void deliver();
  /// Board time at which deliver() has something to do.
  base::Instant next_delivery() const;

 private:
  struct Arrival {
    std::uint64_t id;
    base::Instant begin;
    base::Instant end;
    std::vector<std::uint8_t> frame;
    bool begun = false;
  };

  void transmit(base::Instant begin, base::Instant end, std::span<const std::uint8_t> payload,
                const RadioSettings& settings) override;
  bool begin_packet(base::Instant begin, base::Instant end, const RadioSettings& settings) override;
  void content_grows(std::span<const std::uint8_t> payload) override;
  void end_packet(base::Instant end, bool complete) override;
  int rssi_dbm(base::Instant now, const RadioSettings& settings) override;

  void send(std::span<const std::uint8_t> frame);

  Board& board_;
  air::ZepStation station_;
  RadioSettings settings_;
  std::deque<Arrival> arrivals_;  ///< one after the other: the channel carries one at a time
  std::uint64_t next_id_ = 1;
  base::Instant last_received_;  ///< board time at which the last datagram came
  base::Instant last_end_;       ///< of its frame in the radio
  bool told_too_long_ = false;
  std::vector<std::uint8_t> growing_;  ///< what is being sent, as far as known
};

}  // namespace goldcrest::board::program
