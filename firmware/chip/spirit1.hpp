// SPDX-License-Identifier: MIT
// The SPIRIT1 radio: receives whenever it does not send.
//
// Its interrupt (nIRQ on PC7) is served at once, SPI included, so that a frame is out of the FIFO
// long before the next one can fill it, whatever the main program is doing; received frames wait in
// a ring. Transmitting is started by the main program and finished by the interrupt.
//
// Carrier sense: the RSSI is latched when reception ends, so transmit() aborts reception, looks,
// and either sends or goes back to receiving. A frame whose sync word has been seen is never cut
// off.
//
// Every command is followed by a look at the chip's state, with a limit on the waiting. A radio
// that does not get where it was told to, or that neither receives nor sends when supervise()
// looks, is shut down, started and configured again.
#pragma once

#include <array>
#include <cstdint>
#include <expected>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"
#include "firmware/chip/radio_profile.hpp"
#include "firmware/chip/ring.hpp"
#include "firmware/chip/spirit1_registers.hpp"

namespace goldcrest::chip {

enum class RadioError : std::uint8_t {
  no_answer,    ///< does not come out of shutdown, or is no SPIRIT1
  calibration,  ///< the synthesizer does not lock
  stuck,        ///< does not reach the state it was told to
};
std::string_view describe(RadioError error);

struct ReceivedFrame {
  std::array<std::uint8_t, limits::frame_bytes> bytes;
  std::uint8_t size;
  std::int8_t rssi_dbm;

  base::Bytes frame() const { return {bytes.data(), size}; }
};

struct RadioStatistics {
  std::uint32_t received = 0;
  std::uint32_t sent = 0;
  std::uint32_t discarded = 0;  ///< CRC errors
  std::uint32_t fifo_errors = 0;
  std::uint32_t overruns = 0;    ///< frames lost because the ring was full
  std::uint32_t recoveries = 0;  ///< restarts of a stuck radio
};

enum class TransmitStart : std::uint8_t { started, channel_busy, failed };

class Spirit1 {
 public:
  /// Shutdown cycle, configuration, calibration, reception. SPI must have been started.
  [[nodiscard]] std::expected<void, RadioError> start(const RadioProfile& profile);

  /// Sends a frame of 1 to 96 bytes if nobody else does; `sense_carrier` false skips looking.
  /// When started, transmitting() is true until the frame has left or the time for it is over.
  TransmitStart transmit(base::Instant now, base::Bytes frame, bool sense_carrier);
  bool transmitting() const { return transmitting_; }
  /// Whether the last transmission that ended was completed.
  bool last_sent() const { return last_sent_; }

  /// The oldest received frame, null when there is none; drop_received() frees its place.
  const ReceivedFrame* received() const { return ring_.oldest(); }
  void drop_received() { ring_.drop(); }

  /// To be called now and then (next_deadline() says when): finds a radio that hangs.
  void supervise(base::Instant now);
  base::Instant next_deadline() const;

  /// RSSI bytes of the quiet channel, for stirring into the random seed: their low bits are noise.
  std::array<std::uint8_t, 16> noise();

  const RadioStatistics& statistics() const { return statistics_; }

  /// For the handler of EXTI line 7.
  void on_interrupt();

 private:
  [[nodiscard]] std::expected<void, RadioError> power_up();
  void configure(const RadioProfile& profile);
  [[nodiscard]] std::expected<void, RadioError> calibrate_vco(const RadioProfile& profile);
  [[nodiscard]] bool enter(spirit1::Command command, spirit1::State state);
  [[nodiscard]] bool enter_receive();
  [[nodiscard]] bool leave_receive();
  void take_frame();
  void end_transmission(bool sent);
  void recover();

  RadioProfile profile_ = profile_915_mhz;
  Ring<ReceivedFrame, 8> ring_;
  RadioStatistics statistics_;
  volatile bool transmitting_ = false;
  volatile bool last_sent_ = false;
  volatile bool receiving_ = false;  // a sync word was seen, the frame's end was not
  std::uint8_t frame_rssi_ = 0;      // RSSI_LEVEL of the frame that is arriving
  base::Instant receiving_until_{};  // no frame lasts longer
  base::Instant transmit_deadline_{};
  base::Instant next_check_{};
};

}  // namespace goldcrest::chip
