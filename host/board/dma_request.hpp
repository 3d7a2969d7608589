// SPDX-License-Identifier: MIT
// The request line from a peripheral to a DMA channel: a level, high while the peripheral wants a
// datum moved. Several peripherals share a channel; the requests are ORed (RM0038, table "Summary
// of DMA1 requests for each channel").
#pragma once

#include <cstdint>

namespace goldcrest::board {

/// One bit each in a channel's request word.
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
};

class DmaRequests {
 public:
  /// `channel` 1–7.
  virtual void set_request(unsigned channel, DmaSource source, bool level) = 0;

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
};

}  // namespace goldcrest::board
