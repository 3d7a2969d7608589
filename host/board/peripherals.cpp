// SPDX-License-Identifier: MIT
#include "host/board/peripherals.hpp"

#include <algorithm>

namespace goldcrest::board {
namespace {

constexpr unsigned ahb = 0;
constexpr unsigned apb2 = 1;
constexpr unsigned apb1 = 2;

constexpr SpiWiring radio_wiring{.sck = {1, 3},
                                 .miso = {0, 6},
                                 .mosi = {0, 7},
                                 .alternate_function = 5,
                                 .clock_polarity = false,
                                 .clock_phase = false,
                                 .max_hz = Spirit1::max_spi_hz};

}  // namespace

Peripherals::Peripherals(Chip& chip)
    : chip_(chip),
      rcc(chip),
      pwr(chip, rcc),
      syscfg(chip),
      exti(chip, pins, syscfg),
      gpio{Gpio(chip, pins, 0), Gpio(chip, pins, 1), Gpio(chip, pins, 2), Gpio(chip, pins, 3),
           Gpio(chip, pins, 4), Gpio(chip, pins, 5), Gpio(chip, pins, 6), Gpio(chip, pins, 7)},
      usart1(chip, pins, {.name = "USART1", .irq = 37, .bus = apb2, .tx = {}, .rx = {}}),
      usart2(chip, pins,
             {.name = "USART2", .irq = 38, .bus = apb1, .tx = Pin{0, 2}, .rx = Pin{0, 3}}),
      usart3(chip, pins, {.name = "USART3", .irq = 39, .bus = apb1, .tx = {}, .rx = {}}),
      spi1(chip, pins, {.name = "SPI1", .irq = 35, .bus = apb2}),
      spi2(chip, pins, {.name = "SPI2", .irq = 36, .bus = apb1}),
      spi3(chip, pins, {.name = "SPI3", .irq = 47, .bus = apb1}),
      radio(chip, pins) {
  rcc.set_resetter(*this);
  spi1.connect(radio, radio_wiring);

  attach(0x40023800, rcc);
  attach(0x40007000, pwr, {apb1, 28});
  attach(0x40010000, syscfg, {apb2, 0});
  attach(0x40010400, exti);
  // Port letters A … H; H sits between E and F in the memory map and in AHBENR.
  constexpr std::array<unsigned, port_count> places{0, 1, 2, 3, 4, 6, 7, 5};
  for (unsigned port = 0; port < port_count; ++port) {
    attach(0x40020000 + 0x400 * places[port], gpio[port], {ahb, places[port]});
  }
  attach(0x40013800, usart1, {apb2, 14});
  attach(0x40004400, usart2, {apb1, 17});
  attach(0x40004800, usart3, {apb1, 18});
  attach(0x40013000, spi1, {apb2, 12});
  attach(0x40003800, spi2, {apb1, 14});
  attach(0x40003C00, spi3, {apb1, 15});
}

void Peripherals::attach(std::uint32_t base, Peripheral& peripheral) {
  windows_.push_back({base, 0x400, &peripheral});
  all_.push_back(&peripheral);
}

void Peripherals::attach(std::uint32_t base, Peripheral& peripheral, ClockGate gate) {
  attach(base, gated_.emplace_back(chip_, rcc, gate, peripheral));
}

void Peripherals::reset(bool power_on) {
  if (power_on) {
    pins.set_board_pull(button_pin, Pull::up);
    // Shield resistors: the radio is off and not selected until the firmware drives the pins.
    pins.set_board_pull(Spirit1::shutdown_pin, Pull::up);
    pins.set_board_pull(Spirit1::chip_select, Pull::up);
  }
  for (Peripheral* peripheral : all_) peripheral->reset(power_on);
  exti.reset(power_on);   // again, now that the pins are as after reset
  if (power_on) radio.power_on();
}

Picoseconds Peripherals::next_event() const {
  Picoseconds next = radio.next_event();
  for (const Peripheral* peripheral : all_) next = std::min(next, peripheral->next_event());
  return next;
}

void Peripherals::advance(Picoseconds now) {
  radio.advance(now);
  for (Peripheral* peripheral : all_) {
    if (peripheral->next_event() <= now) peripheral->advance(now);
  }
}

void Peripherals::serialize(Saver& saver) {
  pins.serialize(saver);
  for (Peripheral* peripheral : all_) peripheral->serialize(saver);
  radio.serialize(saver);
}

void Peripherals::reset_peripheral(unsigned bus, unsigned bit) {
  for (GatedPeripheral& peripheral : gated_) {
    const ClockGate gate = peripheral.gate();
    if (gate.bus == bus && gate.bit == bit) peripheral.reset(false);
  }
}

}  // namespace goldcrest::board
