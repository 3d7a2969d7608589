// SPDX-License-Identifier: MIT
#include "host/board/tim_wiring.hpp"

#include "core/base/ensure.hpp"

namespace goldcrest::board {
namespace {

constexpr unsigned apb2 = 1;
constexpr unsigned apb1 = 2;
constexpr unsigned etr = TimerPin::external_trigger;
constexpr unsigned a = 0;
constexpr unsigned b = 1;
constexpr unsigned c = 2;
constexpr unsigned d = 3;

// The pins of the 64-pin package.
constexpr std::array<TimerPin, 12> tim2_pins{{{0, {a, 0}},
                                              {0, {a, 5}},
                                              {0, {a, 15}},
                                              {1, {a, 1}},
                                              {1, {b, 3}},
                                              {2, {a, 2}},
                                              {2, {b, 10}},
                                              {3, {a, 3}},
                                              {3, {b, 11}},
                                              {etr, {a, 0}},
                                              {etr, {a, 5}},
                                              {etr, {a, 15}}}};
constexpr std::array<TimerPin, 11> tim3_pins{{{0, {a, 6}},
                                              {0, {b, 4}},
                                              {0, {c, 6}},
                                              {1, {a, 7}},
                                              {1, {b, 5}},
                                              {1, {c, 7}},
                                              {2, {b, 0}},
                                              {2, {c, 8}},
                                              {3, {b, 1}},
                                              {3, {c, 9}},
                                              {etr, {d, 2}}}};
constexpr std::array<TimerPin, 4> tim4_pins{{{0, {b, 6}}, {1, {b, 7}}, {2, {b, 8}}, {3, {b, 9}}}};
constexpr std::array<TimerPin, 4> tim5_pins{{{0, {a, 0}}, {1, {a, 1}}, {2, {a, 2}}, {3, {a, 3}}}};
constexpr std::array<TimerPin, 4> tim9_pins{{{0, {a, 2}}, {0, {b, 13}}, {1, {a, 3}}, {1, {b, 14}}}};
constexpr std::array<TimerPin, 3> tim10_pins{{{0, {a, 6}}, {0, {b, 8}}, {0, {b, 12}}}};
constexpr std::array<TimerPin, 3> tim11_pins{{{0, {a, 7}}, {0, {b, 9}}, {0, {b, 15}}}};

// Places in the array of timers.
enum Index : unsigned { tim2, tim3, tim4, tim5, tim6, tim7, tim9, tim10, tim11 };

}  // namespace

TimerConfig timer_config(unsigned index, DmaRequests& dma1, DmaRequests& dma2) {
  using Kind = TimerKind;
  using Input = TimerInput;
  using Source = DmaSource;
  switch (index) {
    case tim2:
      return {.name = "TIM2",
              .irq = 28,
              .gate = {apb1, 0},
              .kind = Kind::general,
              .channels = 4,
              .option_bits = 1,
              .alternate_function = 1,
              .pins = tim2_pins,
              .dma_update = {&dma1, 2, Source::tim2_up},
              .dma_channels = {{{&dma1, 5, Source::tim2_ch1},
                                {&dma1, 7, Source::tim2_ch2},
                                {&dma1, 1, Source::tim2_ch3},
                                {&dma1, 7, Source::tim2_ch4}}}};
    case tim3:
      return {.name = "TIM3",
              .irq = 29,
              .gate = {apb1, 1},
              .kind = Kind::general,
              .channels = 4,
              .option_bits = 1,
              .alternate_function = 2,
              .pins = tim3_pins,
              .dma_update = {&dma1, 3, Source::tim3_up},
              .dma_trigger = {&dma1, 6, Source::tim3_trig},
              .dma_channels = {{{&dma1, 6, Source::tim3_ch1},
                                {},
                                {&dma1, 2, Source::tim3_ch3},
                                {&dma1, 3, Source::tim3_ch4}}}};
    case tim4:
      return {.name = "TIM4",
              .irq = 30,
              .gate = {apb1, 2},
              .kind = Kind::general,
              .channels = 4,
              .alternate_function = 2,
              .pins = tim4_pins,
              .dma_update = {&dma1, 7, Source::tim4_up},
              .dma_channels = {{{&dma1, 1, Source::tim4_ch1},
                                {&dma1, 4, Source::tim4_ch2},
                                {&dma1, 5, Source::tim4_ch3},
                                {}}}};
    case tim5:
      return {.name = "TIM5",
              .irq = 46,
              .gate = {apb1, 3},
              .kind = Kind::general,
              .channels = 4,
              .wide = true,
              .alternate_function = 2,
              .pins = tim5_pins,
              .dma_update = {&dma2, 2, Source::tim5_up},
              .dma_trigger = {&dma2, 1, Source::tim5_trig},
              .dma_channels = {{{&dma2, 5, Source::tim5_ch1},
                                {&dma2, 4, Source::tim5_ch2},
                                {&dma2, 2, Source::tim5_ch3},
                                {&dma2, 1, Source::tim5_ch4}}}};
    case tim6:
      return {.name = "TIM6",
              .irq = 43,
              .gate = {apb1, 4},
              .kind = Kind::basic,
              .dma_update = {&dma1, 2, Source::tim6_up}};
    case tim7:
      return {.name = "TIM7",
              .irq = 44,
              .gate = {apb1, 5},
              .kind = Kind::basic,
              .dma_update = {&dma1, 3, Source::tim7_up}};
    case tim9:
      return {.name = "TIM9",
              .irq = 25,
              .gate = {apb2, 2},
              .kind = Kind::two_channels,
              .channels = 2,
              .option_bits = 7,
              .first_input = {Input::pin, Input::lse, Input::pin, Input::pin},
              .alternate_function = 3,
              .pins = tim9_pins};
    case tim10:
      return {.name = "TIM10",
              .irq = 26,
              .gate = {apb2, 3},
              .kind = Kind::one_channel,
              .channels = 1,
              .option_bits = 15,
              .first_input = {Input::pin, Input::lsi, Input::lse, Input::rtc_wake_up},
              .alternate_function = 3,
              .pins = tim10_pins};
    default:
      base::ensure(index == tim11);
      return {.name = "TIM11",
              .irq = 27,
              .gate = {apb2, 4},
              .kind = Kind::one_channel,
              .channels = 1,
              .option_bits = 15,
              .first_input = {Input::pin, Input::msi, Input::hse_rtc, Input::pin},
              .alternate_function = 3,
              .pins = tim11_pins};
  }
}

void connect_timers(std::span<Timer, timer_count> timers) {
  constexpr auto trigger = Timer::Output::trigger;
  constexpr auto channel = Timer::Output::channel;
  timers[tim2].connect(0, timers[tim9], trigger);
  timers[tim2].connect(1, timers[tim10], channel, 1, 0);  // OR.ITR1_RMP
  timers[tim2].connect(1, timers[tim5], trigger, 1, 1);
  timers[tim2].connect(2, timers[tim3], trigger);
  timers[tim2].connect(3, timers[tim4], trigger);
  timers[tim3].connect(0, timers[tim9], trigger);
  timers[tim3].connect(1, timers[tim2], trigger);
  timers[tim3].connect(2, timers[tim11], channel, 1, 0);  // OR.ITR2_RMP
  timers[tim3].connect(2, timers[tim5], trigger, 1, 1);
  timers[tim3].connect(3, timers[tim4], trigger);
  timers[tim4].connect(0, timers[tim10], channel);
  timers[tim4].connect(1, timers[tim2], trigger);
  timers[tim4].connect(2, timers[tim3], trigger);
  timers[tim4].connect(3, timers[tim9], trigger);
  timers[tim5].connect(0, timers[tim2], trigger);
  timers[tim5].connect(1, timers[tim3], trigger);
  timers[tim5].connect(2, timers[tim4], trigger);
  timers[tim5].connect(3, timers[tim9], trigger);
  timers[tim9].connect(0, timers[tim2], trigger);
  timers[tim9].connect(1, timers[tim3], trigger, 4, 0);  // OR.ITR1_RMP
  timers[tim9].connect(2, timers[tim10], channel);
  timers[tim9].connect(3, timers[tim11], channel);
  timers[tim10].connect(Timer::external_trigger, timers[tim9], trigger, 4, 4);  // OR.ETR_RMP
  timers[tim11].connect(Timer::external_trigger, timers[tim9], trigger, 4, 4);
}

TimerPins::TimerPins(Pins& pins, std::span<Timer, timer_count> timers) : timers_(timers) {
  for (unsigned index = 0; index < timers.size(); ++index) {
    for (const TimerPin& place : timers[index].config().pins) {
      listeners_[place.pin.port * pins_per_port + place.pin.number] |=
          static_cast<std::uint16_t>(1u << index);
    }
  }
  pins.add_listener(*this);
}

void TimerPins::pin_changed(Pin pin, bool /*level*/) {
  const unsigned listeners = listeners_[pin.port * pins_per_port + pin.number];
  for (unsigned index = 0; listeners >> index != 0; ++index) {
    if ((listeners >> index & 1u) != 0) timers_[index].pin_changed();
  }
}

}  // namespace goldcrest::board
