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
      pwr(chip, rcc, pins),
      syscfg(chip),
      exti(chip, pins, syscfg, pwr),
      gpio{Gpio(chip, pins, 0), Gpio(chip, pins, 1), Gpio(chip, pins, 2), Gpio(chip, pins, 3),
           Gpio(chip, pins, 4), Gpio(chip, pins, 5), Gpio(chip, pins, 6), Gpio(chip, pins, 7)},
      dma1(chip, rcc, {.name = "DMA1", .channels = 7, .first_irq = 11}),
      dma2(chip, rcc, {.name = "DMA2", .channels = 5, .first_irq = 50}),
      usart1(chip, pins,
             {.name = "USART1",
              .irq = 37,
              .bus = apb2,
              .tx = {},
              .rx = {},
              .cts = Pin{0, 11},
              .rts = Pin{0, 12},
              .dma_tx = {&dma1, 4, DmaSource::usart1_tx},
              .dma_rx = {&dma1, 5, DmaSource::usart1_rx}}),
      usart2(chip, pins,
             {.name = "USART2",
              .irq = 38,
              .bus = apb1,
              .tx = Pin{0, 2},
              .rx = Pin{0, 3},
              .cts = Pin{0, 0},
              .rts = Pin{0, 1},
              .dma_tx = {&dma1, 7, DmaSource::usart2_tx},
              .dma_rx = {&dma1, 6, DmaSource::usart2_rx}}),
      usart3(chip, pins,
             {.name = "USART3",
              .irq = 39,
              .bus = apb1,
              .tx = {},
              .rx = {},
              .cts = Pin{1, 13},
              .rts = Pin{1, 14},
              .dma_tx = {&dma1, 2, DmaSource::usart3_tx},
              .dma_rx = {&dma1, 3, DmaSource::usart3_rx}}),
      uart4(chip, pins,
            {.name = "UART4",
             .irq = 48,
             .bus = apb1,
             .tx = {},
             .rx = {},
             .synchronous = false,
             .dma_tx = {&dma2, 5, DmaSource::uart4_tx},
             .dma_rx = {&dma2, 3, DmaSource::uart4_rx}}),
      uart5(chip, pins,
            {.name = "UART5",
             .irq = 49,
             .bus = apb1,
             .tx = {},
             .rx = {},
             .synchronous = false,
             .dma_tx = {&dma2, 1, DmaSource::uart5_tx},
             .dma_rx = {&dma2, 2, DmaSource::uart5_rx}}),
      spi1(chip, pins,
           {.name = "SPI1",
            .irq = 35,
            .bus = apb2,
            .dma_tx = {&dma1, 3, DmaSource::spi1_tx},
            .dma_rx = {&dma1, 2, DmaSource::spi1_rx}}),
      spi2(chip, pins,
           {.name = "SPI2",
            .irq = 36,
            .bus = apb1,
            .dma_tx = {&dma1, 5, DmaSource::spi2_tx},
            .dma_rx = {&dma1, 4, DmaSource::spi2_rx},
            .i2s = true}),
      spi3(chip, pins,
           {.name = "SPI3",
            .irq = 47,
            .bus = apb1,
            .dma_tx = {&dma2, 2, DmaSource::spi3_tx},
            .dma_rx = {&dma2, 1, DmaSource::spi3_rx},
            .i2s = true}),
      adc(chip, rcc, pins, {&dma1, 1, DmaSource::adc1}),
      i2c1(chip, {.name = "I2C1", .event_irq = 31, .error_irq = 32}),
      i2c2(chip, {.name = "I2C2", .event_irq = 33, .error_irq = 34}),
      rtc(chip, rcc, pwr, exti, pins),
      dac(chip, "DAC", UnmodelledPeripheral::dac()),
      lcd(chip, "LCD", UnmodelledPeripheral::lcd()),
      usb(chip, "USB", UnmodelledPeripheral::usb()),
      usb_memory(chip, "USB memory", UnmodelledPeripheral::usb_memory()),
      comparators(chip, "COMP", UnmodelledPeripheral::comparators()),
      iwdg(chip, rcc),
      wwdg(chip, rcc),
      crc(chip),
      timers{timer(0), timer(1), timer(2), timer(3), timer(4),
             timer(5), timer(6), timer(7), timer(8)},
      timer_pins(pins, timers),
      radio(chip, pins) {
  event_sources_.push_back(&radio);
  rcc.set_resetter(*this);
  connect_timers(timers);
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
  attach(0x40004C00, uart4, {apb1, 19});
  attach(0x40005000, uart5, {apb1, 20});
  attach(0x40013000, spi1, {apb2, 12});
  attach(0x40003800, spi2, {apb1, 14});
  attach(0x40003C00, spi3, {apb1, 15});
  attach(0x40012400, adc, {apb2, 9});
  attach(0x40005400, i2c1, {apb1, 21});
  attach(0x40005800, i2c2, {apb1, 22});
  attach(0x40026000, dma1, {ahb, 24});
  attach(0x40026400, dma2, {ahb, 25});
  attach(0x40002800, rtc);
  attach(0x40007400, dac, {apb1, 29});
  attach(0x40002400, lcd, {apb1, 9});
  attach(0x40005C00, usb, {apb1, 23});
  attach(0x40006000, usb_memory, {apb1, 23});
  attach(0x40007C00, comparators, {apb1, 31});
  attach(0x40003000, iwdg);
  attach(0x40002C00, wwdg, {apb1, 11});
  attach(0x40023000, crc, {ahb, 12});
  for (unsigned index = 0; index < 6; ++index) {
    attach(0x40000000 + 0x400 * index, timers[index], {apb1, index});  // TIM2–7
  }
  for (unsigned index = 0; index < 3; ++index) {
    attach(0x40010800 + 0x400 * index, timers[6 + index], {apb2, 2 + index});  // TIM9–11
  }
}

Timer Peripherals::timer(unsigned index) {
  return {chip_, rcc, pins, timer_config(index, dma1, dma2)};
}

void Peripherals::attach(std::uint32_t base, Peripheral& peripheral) {
  windows_.push_back({base, 0x400, &peripheral});
  all_.push_back(&peripheral);
  event_sources_.push_back(&peripheral);
}

void Peripherals::attach(std::uint32_t base, Peripheral& peripheral, ClockGate gate) {
  attach(base, gated_.emplace_back(chip_, rcc, gate, peripheral));
  event_sources_.back() = &peripheral;  // events do not pass the gate
}

void Peripherals::reset(bool power_on) {
  if (power_on) {
    pins.set_board_pull(button_pin, Pull::up);
    // Shield resistors: the radio is off and not selected until the firmware drives the pins.
    pins.set_board_pull(Spirit1::shutdown_pin, Pull::up);
    pins.set_board_pull(Spirit1::chip_select, Pull::up);
  }
  for (Peripheral* peripheral : all_) peripheral->reset(power_on);
  exti.reset(power_on);  // again, now that the pins are as after reset
  if (power_on) radio.power_on();
}

// Powered through Standby: the RTC and its clocks, the watchdog, the power controller
// (RM0038 5.3.9).
void Peripherals::enter_standby() {
  constexpr std::array<std::string_view, 4> kept{"RCC", "PWR", "RTC", "IWDG"};
  for (Peripheral* peripheral : all_) {
    if (std::ranges::find(kept, peripheral->name()) == kept.end()) peripheral->reset(false);
  }
  pwr.enter_standby();
}

Picoseconds Peripherals::next_event() const {
  Picoseconds next = no_event;
  for (const EventSource* source : event_sources_) next = std::min(next, source->next_event());
  return next;
}

void Peripherals::advance(Picoseconds now) {
  for (EventSource* source : event_sources_) {
    if (source->next_event() <= now) source->advance(now);
  }
}

void Peripherals::serialize(Saver& saver) {
  pins.serialize(saver);
  for (Peripheral* peripheral : all_) peripheral->serialize(saver);
  radio.serialize(saver);
}

void Peripherals::reset_peripheral(unsigned bus, unsigned bit) {
  if (bus == Rcc::rtc_domain_bus) rtc.reset_domain();
  for (GatedPeripheral& peripheral : gated_) {
    const ClockGate gate = peripheral.gate();
    if (gate.bus == bus && gate.bit == bit) peripheral.reset(false);
  }
}

}  // namespace goldcrest::board
