// SPDX-License-Identifier: MIT
// The request line from a peripheral to a DMA channel. Serial ports hold theirs high while they
// want a datum moved; a timer raises it at an event and the transfer takes it back. Several
// peripherals share a channel; the requests are ORed (RM0038, tables "Summary of DMA1 (DMA2)
// requests for each channel").
#pragma once

#include <cstdint>

namespace goldcrest::board {

/// One bit each in a channel's request word of 64.
enum class DmaSource : std::uint8_t {
  usart1_tx,
  usart1_rx,
  usart2_tx,
  usart2_rx,
  usart3_tx,
  usart3_rx,
  spi1_tx,
  spi1_rx,
  spi2_tx,
  spi2_rx,
  spi3_tx,
  spi3_rx,
  uart4_tx,
  uart4_rx,
  uart5_tx,
  uart5_rx,
  tim2_ch1,
  tim2_ch2,
  tim2_ch3,
  tim2_ch4,
  tim2_up,
  tim3_ch1,
  tim3_ch3,
  tim3_ch4,
  tim3_up,
  tim3_trig,
  tim4_ch1,
  tim4_ch2,
  tim4_ch3,
  tim4_up,
  tim5_ch1,
  tim5_ch2,
  tim5_ch3,
  tim5_ch4,
  tim5_up,
  tim5_trig,
  tim6_up,
  tim7_up,
  adc1,
};

class DmaRequests {
 public:
  /// `channel` 1–7.
  virtual void set_request(unsigned channel, DmaSource source, bool level) = 0;
  /// Raises the request until one datum has been moved, or until set_request(…, false).
  virtual void pulse_request(unsigned channel, DmaSource source) = 0;

 protected:
  ~DmaRequests() = default;
};

/// Where a peripheral's request goes; without a controller it is not connected.
struct DmaLine {
  DmaRequests* requests = nullptr;
  unsigned channel = 0;
  DmaSource source = DmaSource::usart1_tx;

  void set(bool level) const {
    if (requests != nullptr) requests->set_request(channel, source, level);
  }
  void pulse() const {
    if (requests != nullptr) requests->pulse_request(channel, source);
  }
};

}  // namespace goldcrest::board
