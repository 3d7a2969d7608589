// SPDX-License-Identifier: MIT
// Pins, as X-NUCLEO-IDS01A5 on a NUCLEO-L152RE wires them (docs/hardware.md).
#pragma once

#include <cstdint>

#include "firmware/chip/registers/gpio.hpp"

namespace goldcrest::chip {

enum class PinMode : std::uint8_t { input, output, alternate, analog };
enum class Pull : std::uint8_t { none, up, down };

/// One pin of a port; the port's clock must be on.
class Pin {
 public:
  constexpr Pin(GpioRegisters& (*port)(), unsigned number) : port_(port), number_(number) {}

  void configure(PinMode mode, Pull pull = Pull::none, unsigned alternate_function = 0) const {
    auto& port = port_();
    auto& function = number_ < 8 ? port.afrl : port.afrh;
    const unsigned shift = (number_ % 8) * 4;
    function.replace(15u << shift, alternate_function << shift);
    port.pupdr.replace(3u << (2 * number_), static_cast<std::uint32_t>(pull) << (2 * number_));
    // 40 MHz drive: the SPI edges need it and the other outputs do not mind.
    port.ospeedr.replace(3u << (2 * number_), 3u << (2 * number_));
    port.moder.replace(3u << (2 * number_), static_cast<std::uint32_t>(mode) << (2 * number_));
  }
  bool high() const { return port_().idr.any(bit(number_)); }
  void set(bool level) const { port_().bsrr.write(level ? bit(number_) : bit(number_ + 16)); }

 private:
  GpioRegisters& (*port_)();
  unsigned number_;
};

namespace pins {
inline constexpr Pin jumper{gpioa, 0};           ///< 3V3 selects the MTA
inline constexpr Pin console_tx{gpioa, 2};       ///< USART2, AF7
inline constexpr Pin console_rx{gpioa, 3};       ///< USART2, AF7
inline constexpr Pin led{gpioa, 5};              ///< LD2, high lights it
inline constexpr Pin spi_miso{gpioa, 6};         ///< SPI1, AF5
inline constexpr Pin spi_mosi{gpioa, 7};         ///< SPI1, AF5
inline constexpr Pin spi_sck{gpiob, 3};          ///< SPI1, AF5
inline constexpr Pin radio_select{gpiob, 6};     ///< SPIRIT1 CSn
inline constexpr Pin radio_shutdown{gpioa, 10};  ///< SPIRIT1 SDN, high shuts down
inline constexpr Pin radio_irq{gpioc, 7};        ///< SPIRIT1 GPIO3 as nIRQ, active low
inline constexpr Pin button{gpioc, 13};          ///< B1, low when pressed
}  // namespace pins

/// Clocks of ports A, B and C on.
void enable_gpio();

}  // namespace goldcrest::chip
