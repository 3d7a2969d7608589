// SPDX-License-Identifier: MIT
// SPI, RM0038 chapter "Serial peripheral interface".
//
//   SPI1 0x40013000 IRQ 35 (APB2)   SPI2 0x40003800 IRQ 36   SPI3 0x40003C00 IRQ 47 (APB1)
//
// A frame of 8 or 16 bits takes as many SCK periods (PCLK divided by 2 to 256); transmit and
// receive buffers hold one frame each, so that transmission goes on while nobody reads, with the
// overrun flag set. A CRC follows the data when CRCNEXT asks for it. A device hangs on the bus
// behind real pins: bytes reach it only when the pins are set to the SPI, the mode is one it
// understands (no TI frames) and SCK is not too fast. A slave is clocked by whoever calls
// clock_slave(); on the board nobody does. I2S (SPI2, SPI3) has its registers and its pace, with
// nobody at the other end. Not modelled: the NSS pin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "host/board/dma_request.hpp"
#include "host/board/pins.hpp"
#include "host/board/register_block.hpp"

namespace goldcrest::board {

struct SpiConfig {
  std::string_view name;
  unsigned irq = 0;
  unsigned bus = 2;  ///< 1 = APB2, 2 = APB1
  DmaLine dma_tx{};
  DmaLine dma_rx{};
  bool i2s = false;
};

/// How a device is wired to the bus and what it stands.
struct SpiWiring {
  Pin sck;
  Pin miso;
  Pin mosi;
  unsigned alternate_function = 5;
  bool clock_polarity = false;
  bool clock_phase = false;
  std::uint32_t max_hz = 0;
};

class Spi final : public RegisterBlock {
 public:
  Spi(Chip& chip, const Pins& pins, const SpiConfig& config);

  void connect(SpiDevice& device, const SpiWiring& wiring);

  /// A master elsewhere clocks one frame through this SPI, which must be an enabled slave; what
  /// comes out at MISO, or nothing.
  std::optional<std::uint32_t> clock_slave(std::uint32_t mosi);

  void reset(bool power_on) override;
  Picoseconds next_event() const override { return frame_end_; }
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  bool enabled() const;
  bool is_master() const;
  bool receive_only() const;
  bool transmit_only() const;
  Picoseconds frame_time() const;
  void write_control(std::uint32_t value);
  void write_data(std::uint32_t value);
  std::uint32_t read_data();
  std::uint32_t read_status();
  void check_mode_fault();
  void start_frame(Picoseconds at);
  void finish_frame(Picoseconds at);
  void receive(std::uint32_t word);
  std::uint32_t exchange_frame(std::uint32_t word);
  std::uint8_t exchange(std::uint8_t mosi);
  void add_to_crc(std::uint32_t& crc, std::uint32_t word) const;
  bool i2s_enabled() const;
  bool frame_waits() const;
  bool crc_is_next() const;
  void take_frame(std::uint32_t received);
  std::uint64_t i2s_word_clocks() const;
  void write_i2s(std::uint32_t value);
  void finish_i2s_word(Picoseconds at);
  bool device_hears() const;
  void update();

  const Pins& pins_;
  SpiConfig config_;
  SpiDevice* device_ = nullptr;
  SpiWiring wiring_{};
  std::uint32_t control1_ = 0;
  std::uint32_t control2_ = 0;
  std::uint32_t status_ = 0;
  std::uint32_t polynomial_ = 0;
  std::uint32_t transmit_crc_ = 0;
  std::uint32_t receive_crc_ = 0;
  bool crc_phase_ = false;  ///< the frame on its way is the CRC
  std::uint32_t i2s_configuration_ = 0;
  std::uint32_t i2s_prescaler_ = 0;
  bool i2s_second_half_ = false;
  std::uint32_t transmit_data_ = 0;
  std::uint32_t receive_data_ = 0;
  std::uint32_t shifting_ = 0;
  bool overrun_data_read_ = false;  ///< DR read after an overrun: the next SR read clears OVR
  bool mode_fault_seen_ = false;    ///< SR read with MODF: the next CR1 write clears it
  Picoseconds frame_end_ = no_event;
};

}  // namespace goldcrest::board
