// SPDX-License-Identifier: MIT
// DMA controllers, RM0038 chapter "Direct memory access controller".
//
//   DMA1 0x40026000 channels 1–7, IRQ 11–17      DMA2 0x40026400 channels 1–5, IRQ 50–54
//
// Transfers between memory and a peripheral's register at the peripheral's request, and memory to
// memory; circular mode, priorities, half, complete and error interrupts. A transfer takes five AHB
// cycles. An address where nothing answers ends the channel with its transfer error.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "host/board/dma_request.hpp"
#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

struct DmaConfig {
  std::string_view name;
  unsigned channels = 7;
  unsigned first_irq = 11;
};

class Dma final : public RegisterBlock, public DmaRequests, public ClockListener {
 public:
  static constexpr unsigned max_channels = 7;

  Dma(Chip& chip, Rcc& rcc, const DmaConfig& config);

  void set_request(unsigned channel, DmaSource source, bool level) override;
  void pulse_request(unsigned channel, DmaSource source) override;

  void clocks_changed() override;
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
    std::uint64_t requests = 0;  ///< one bit a DmaSource
    std::uint64_t pulses = 0;    ///< those of them that a transfer takes back
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
  bool move(Channel& channel);
  void set_flags(unsigned index, std::uint32_t flags);
  void update_interrupts();
  void schedule();

  DmaConfig config_;
  std::uint32_t status_ = 0;
  std::array<Channel, max_channels> channels_{};
  Picoseconds due_at_ = no_event;
};

}  // namespace goldcrest::board
