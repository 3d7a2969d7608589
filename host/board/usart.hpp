// SPDX-License-Identifier: MIT
// USART, RM0038 chapter "Universal synchronous asynchronous receiver transmitter", asynchronous
// mode.
//
//   USART1 0x40013800 IRQ 37 (APB2)   USART2 0x40004400 IRQ 38   USART3 0x40004800 IRQ 39 (APB1)
//
// Every frame takes the time its bits take at the configured baud rate, in both directions; the far
// end is taken to run at the same rate. On the NUCLEO, USART2 (PA2, PA3) is the virtual COM port.
// Not modelled, traced: mute mode, LIN, synchronous clock, smartcard, IrDA, half duplex, flow
// control.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "host/board/dma_request.hpp"
#include "host/board/pins.hpp"
#include "host/board/register_block.hpp"

namespace goldcrest::board {

struct UsartConfig {
  std::string_view name;
  unsigned irq = 0;
  unsigned bus = 2;  ///< 1 = APB2, 2 = APB1
  /// Pins the bytes pass through when they are in `alternate_function`; none: not wired, any works.
  std::optional<Pin> tx;
  std::optional<Pin> rx;
  unsigned alternate_function = 7;
  DmaLine dma_tx{};
  DmaLine dma_rx{};
};

class Usart final : public RegisterBlock {
 public:
  Usart(Chip& chip, const Pins& pins, const UsartConfig& config);

  /// The far end sends `bytes`, one after the other at the baud rate.
  void push(std::string_view bytes);
  /// What the far end has received so far.
  std::string take_transmitted();

  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  bool transmitter_on() const;
  bool receiver_on() const;
  Picoseconds frame_time() const;
  std::uint32_t read_data();
  void write_data(std::uint32_t value);
  void write_control(std::uint32_t value);
  void start_transmission(Picoseconds at);
  void start_reception(Picoseconds at);
  void finish_transmission(Picoseconds at);
  void finish_reception(Picoseconds at);
  std::uint32_t received_word(std::uint8_t byte) const;
  void update();

  const Pins& pins_;
  UsartConfig config_;
  std::uint32_t status_ = 0;
  std::uint32_t baud_ = 0;
  std::uint32_t control1_ = 0;
  std::uint32_t control2_ = 0;
  std::uint32_t control3_ = 0;
  std::uint32_t guard_ = 0;
  std::uint32_t receive_data_ = 0;
  std::uint32_t transmit_data_ = 0;
  std::uint32_t shifting_ = 0;
  std::uint32_t status_seen_ = 0;  ///< flags of the last SR read, for the clear sequences
  Picoseconds transmit_end_ = no_event;
  Picoseconds receive_end_ = no_event;
  Picoseconds idle_at_ = no_event;
  std::deque<std::uint8_t> arriving_;
  std::string transmitted_;
};

}  // namespace goldcrest::board
