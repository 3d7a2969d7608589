// SPDX-License-Identifier: MIT
// DMA1 at 0x40026000, channels 1–7, IRQ 11–17, RM0038 chapter "Direct memory access controller".
// Transfers between memory and the data registers of USART1–3 and SPI1–2 at their requests, and
// memory to memory; circular mode, half and complete interrupts, priorities. A transfer takes
// five AHB cycles. Addresses where nothing answers read as 0 instead of raising the transfer error.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "host/board/dma_request.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Dma final : public RegisterBlock, public DmaRequests {
 public:
  static constexpr unsigned channel_count = 7;
  static constexpr unsigned first_irq = 11;

  explicit Dma(Chip& chip) : RegisterBlock(chip, "DMA1", NarrowWrite::duplicate) {}

  void set_request(unsigned channel, DmaSource source, bool level) override;

  void reset(bool power_on) override;
  Picoseconds next_event() const override { return due_at_; }
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  struct Channel {
    std::uint32_t control = 0;
    std::uint32_t count = 0;
    std::uint32_t peripheral = 0;
    std::uint32_t memory = 0;
    std::uint32_t requests = 0;  ///< one bit a DmaSource
    // What counts while it is enabled:
    std::uint32_t reload = 0;
    std::uint32_t next_peripheral = 0;
    std::uint32_t next_memory = 0;
    void serialize(Saver& saver);
  };

  void write_channel(unsigned index, std::uint32_t field, std::uint32_t value);
  bool ready(const Channel& channel) const;
  std::optional<unsigned> next_channel() const;
  void transfer(unsigned index);
  void move(Channel& channel);
  void set_flags(unsigned index, std::uint32_t flags);
  void update_interrupts();
  void schedule();

  std::uint32_t status_ = 0;
  std::array<Channel, channel_count> channels_{};
  Picoseconds due_at_ = no_event;
};

}  // namespace goldcrest::board
