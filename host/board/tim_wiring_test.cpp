// SPDX-License-Identifier: MIT
// Timers with the world around them: pins, oscillators, each other and DMA.
#include "host/board/tim_wiring.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t tim2 = 0x40000000;
constexpr std::uint32_t tim3 = 0x40000400;
constexpr std::uint32_t tim4 = 0x40000800;
constexpr std::uint32_t tim5 = 0x40000C00;
constexpr std::uint32_t tim6 = 0x40001000;
constexpr std::uint32_t tim7 = 0x40001400;
constexpr std::uint32_t tim9 = 0x40010800;
constexpr std::uint32_t tim10 = 0x40010C00;
constexpr std::uint32_t tim11 = 0x40011000;
constexpr std::uint32_t cr1 = 0x00;
constexpr std::uint32_t cr2 = 0x04;
constexpr std::uint32_t smcr = 0x08;
constexpr std::uint32_t dier = 0x0C;
constexpr std::uint32_t sr = 0x10;
constexpr std::uint32_t egr = 0x14;
constexpr std::uint32_t ccmr1 = 0x18;
constexpr std::uint32_t ccer = 0x20;
constexpr std::uint32_t cnt = 0x24;
constexpr std::uint32_t psc = 0x28;
constexpr std::uint32_t arr = 0x2C;
constexpr std::uint32_t ccr1 = 0x34;
constexpr std::uint32_t ccr2 = 0x38;
constexpr std::uint32_t dcr = 0x48;
constexpr std::uint32_t dmar = 0x4C;
constexpr std::uint32_t option = 0x50;

class TimWiringTest : public ::testing::Test {
 protected:
  TimWiringTest() {
    bench.open_gates();
    bench.run_at_32_mhz();
  }
  static Picoseconds cycles(std::uint64_t count) { return cycles_to_time(count, 32'000'000); }
  /// Sets a pin of port A to an alternate function.
  void alternate(unsigned number, std::uint32_t function) {
    const std::uint32_t mode = bench.read(0x40020000) & ~(3u << 2 * number);
    bench.write(0x40020000, mode | 2u << 2 * number);
    const std::uint32_t at = 0x40020020 + 4 * (number / 8);
    const std::uint32_t shift = 4 * (number % 8);
    bench.write(at, (bench.read(at) & ~(15u << shift)) | function << shift);
  }
  bool pin(unsigned number) { return (bench.read(0x40020010) >> number & 1u) != 0; }
  void start_lse() {
    bench.write(0x40007000, 0x1100);  // DBP
    bench.set_bits(0x40023834, 1u << 8);
    bench.run_for(microseconds(1'100'000));
    ASSERT_NE(bench.read(0x40023834) & 1u << 9, 0u);
  }
  TestBench bench;
};

TEST_F(TimWiringTest, Registers) {
  struct Register {
    std::uint32_t offset;
    std::uint32_t reset;
    std::uint32_t writable;
  };
  // CR1 without CEN, so that the counter does not run; with CMS set, DIR is the counter's own.
  const std::vector<Register> general{
      {cr1, 0, 0x3EE},   {cr2, 0, 0xF8},    {smcr, 0, 0xFFF8},  {dier, 0, 0x5F5F},
      {sr, 0, 0},        {egr, 0, 0},       {ccmr1, 0, 0xFFFF}, {0x1C, 0, 0xFFFF},
      {psc, 0, 0xFFFF},  {0x34, 0, 0xFFFF}, {0x38, 0, 0xFFFF},  {0x3C, 0, 0xFFFF},
      {0x40, 0, 0xFFFF}, {dcr, 0, 0x1F1F},  {cnt, 0, 0xFFFF},   {arr, 0xFFFF, 0xFFFF},
      {0x30, 0, 0},      {0x44, 0, 0},      {ccer, 0, 0xBBBB}};
  const std::vector<Register> two{{cr1, 0, 0x3EE},    {cr2, 0, 0x70},    {smcr, 0, 0xFFF0},
                                  {dier, 0, 0x47},    {sr, 0, 0},        {egr, 0, 0},
                                  {ccmr1, 0, 0xFFFF}, {0x1C, 0, 0},      {psc, 0, 0xFFFF},
                                  {0x34, 0, 0xFFFF},  {0x38, 0, 0xFFFF}, {0x3C, 0, 0},
                                  {dcr, 0, 0},        {cnt, 0, 0xFFFF},  {arr, 0xFFFF, 0xFFFF},
                                  {ccer, 0, 0xBB},    {option, 0, 7}};
  const std::vector<Register> one{
      {cr1, 0, 0x38E},  {cr2, 0, 0},           {smcr, 0, 0xFF00}, {dier, 0, 3},      {sr, 0, 0},
      {egr, 0, 0},      {ccmr1, 0, 0xFF},      {psc, 0, 0xFFFF},  {0x34, 0, 0xFFFF}, {0x38, 0, 0},
      {cnt, 0, 0xFFFF}, {arr, 0xFFFF, 0xFFFF}, {ccer, 0, 0xB},    {option, 0, 15}};
  const std::vector<Register> basic{{cr1, 0, 0x8E},   {cr2, 0, 0x70},   {smcr, 0, 0},
                                    {dier, 0, 0x101}, {sr, 0, 0},       {ccmr1, 0, 0},
                                    {psc, 0, 0xFFFF}, {cnt, 0, 0xFFFF}, {arr, 0xFFFF, 0xFFFF},
                                    {ccer, 0, 0},     {ccr1, 0, 0}};
  const auto check = [this](std::uint32_t base, const std::vector<Register>& registers,
                            std::uint32_t wide = 0xFFFF) {
    for (const Register& reg : registers) {
      const bool counts =
          reg.offset == cnt || reg.offset == arr || (reg.offset >= ccr1 && reg.offset <= 0x40);
      const std::uint32_t all = wide > 0xFFFF && counts ? wide : reg.writable;
      const std::uint32_t reset = reg.offset == arr ? wide : reg.reset;
      EXPECT_EQ(bench.read(base + reg.offset), reset) << std::hex << base + reg.offset;
      const std::uint32_t without = reg.offset == cr1 ? 1u : reg.offset == smcr ? 7u : 0u;
      bench.write(base + reg.offset, 0xFFFF'FFFF & ~without);
      EXPECT_EQ(bench.read(base + reg.offset), reg.writable == 0 ? 0 : all)
          << std::hex << base + reg.offset;
      bench.write(base + reg.offset, reg.reset);
    }
  };
  // CCER is last: an enabled channel locks CCxS, and one that is an input has a read-only CCR.
  for (const std::uint32_t base : {tim2, tim3, tim4}) check(base, general);
  check(tim5, general, 0xFFFF'FFFF);
  check(tim9, two);
  check(tim10, one);
  check(tim11, one);
  check(tim6, basic);
  check(tim7, basic);
  for (const std::uint32_t base : {tim2, tim3}) {
    bench.write(base + option, 0xFFFF'FFFF);
    EXPECT_EQ(bench.read(base + option), 1u);
  }
}

TEST_F(TimWiringTest, PulseWidthOnThePinOfTheLed) {
  alternate(5, 1);  // PA5: TIM2_CH1
  bench.write(tim2 + arr, 99);
  bench.write(tim2 + ccr1, 25);
  bench.write(tim2 + ccmr1, 6u << 4 | 1u << 3);  // PWM mode 1, preload
  bench.write(tim2 + ccer, 1);
  bench.write(tim2 + egr, 1);
  bench.write(tim2 + cr1, 1);
  std::string seen;
  for (int cycle = 0; cycle < 200; ++cycle) {
    seen += pin(5) ? '1' : '0';
    bench.run_for(cycles(1));
  }
  const std::string period = std::string(25, '1') + std::string(75, '0');
  EXPECT_EQ(seen, period + period);
  bench.write(tim2 + ccer, 3);  // polarity
  EXPECT_FALSE(pin(5));
  bench.run_for(cycles(50));
  EXPECT_TRUE(pin(5));
  bench.write(tim2 + ccr1, 100);
  bench.run_for(cycles(100));
  for (int cycle = 0; cycle < 100; ++cycle) {
    EXPECT_FALSE(pin(5)) << "always active, and inverted";
    bench.run_for(cycles(1));
  }
  bench.write(tim2 + ccer, 0);
  EXPECT_FALSE(pin(5)) << "off";
}

TEST_F(TimWiringTest, MatchModesSetClearAndToggle) {
  alternate(5, 1);
  bench.write(tim2 + arr, 9);
  bench.write(tim2 + ccr1, 3);
  bench.write(tim2 + ccer, 1);
  bench.write(tim2 + ccmr1, 3u << 4);
  bench.write(tim2 + cr1, 1);
  std::string seen;
  for (int cycle = 0; cycle < 20; ++cycle) {
    seen += pin(5) ? '1' : '0';
    bench.run_for(cycles(1));
  }
  EXPECT_EQ(seen, "00011111111110000000");
  bench.write(tim2 + ccmr1, 5u << 4);
  EXPECT_TRUE(pin(5)) << "forced";
  bench.write(tim2 + ccmr1, 2u << 4);
  EXPECT_TRUE(pin(5));
  bench.run_for(cycles(4));
  EXPECT_FALSE(pin(5));
  bench.write(tim2 + ccmr1, 4u << 4);
  bench.write(tim2 + ccmr1, 1u << 4);
  bench.run_for(cycles(10));
  EXPECT_TRUE(pin(5));
}

TEST_F(TimWiringTest, CentreAlignedCountsToAndFro) {
  alternate(5, 1);
  bench.write(tim2 + arr, 4);
  bench.write(tim2 + ccr1, 2);
  bench.write(tim2 + ccmr1, 6u << 4);
  bench.write(tim2 + ccer, 1);
  bench.write(tim2 + cr1, 1u << 5 | 1u);
  std::string counts;
  std::string levels;
  std::string down;
  for (int cycle = 0; cycle < 16; ++cycle) {
    counts += static_cast<char>('0' + bench.read(tim2 + cnt));
    levels += pin(5) ? '1' : '0';
    down += (bench.read(tim2 + cr1) & 1u << 4) != 0 ? 'd' : 'u';
    bench.run_for(cycles(1));
  }
  EXPECT_EQ(counts, "0123432101234321");
  EXPECT_EQ(down, "uuuudddduuuudddd");
  EXPECT_EQ(levels, "1100001111000011");
  // Mode 1 tells of matches on the way down, mode 2 on the way up.
  bench.write(tim2 + sr, 0);
  bench.run_for(cycles(3));
  EXPECT_EQ(bench.read(tim2 + sr), 0u);
  bench.run_for(cycles(1));
  EXPECT_EQ(bench.read(tim2 + sr), 1u) << "an update at each end";
  bench.run_for(cycles(2));
  EXPECT_EQ(bench.read(tim2 + sr), 3u);
}

TEST_F(TimWiringTest, CaptureOfAPin) {
  alternate(0, 1);
  bench.write(tim2 + ccmr1, 1u | 2u << 8);  // CH1 rising, CH2 falling, both of TI1
  bench.write(tim2 + ccer, 1u | 3u << 4);
  bench.write(tim2 + dier, 2);
  bench.write(tim2 + cr1, 1);
  bench.run_for(cycles(100));
  bench.drive_pin(0, 0, true);
  EXPECT_TRUE(bench.irqs[28]);
  bench.run_for(cycles(40));
  bench.drive_pin(0, 0, false);
  EXPECT_EQ(bench.read(tim2 + sr), 6u);
  EXPECT_EQ(bench.read(tim2 + ccr1), 100u);
  EXPECT_EQ(bench.read(tim2 + sr), 4u) << "reading the value clears its flag";
  EXPECT_EQ(bench.read(tim2 + ccr2), 140u);
  bench.write(tim2 + ccr1, 7);
  EXPECT_EQ(bench.read(tim2 + ccr1), 100u) << "read-only";
  bench.drive_pin(0, 0, true);
  bench.drive_pin(0, 0, false);
  bench.drive_pin(0, 0, true);
  EXPECT_EQ(bench.read(tim2 + sr) & 0x202u, 0x202u) << "overcapture";
}

TEST_F(TimWiringTest, CapturePrescalerTakesEveryEighthEdge) {
  alternate(0, 1);
  bench.write(tim2 + ccmr1, 1u | 3u << 2);
  bench.write(tim2 + ccer, 1);
  for (int edge = 1; edge <= 8; ++edge) {
    EXPECT_EQ(bench.read(tim2 + sr), 0u) << edge;
    bench.drive_pin(0, 0, true);
    bench.drive_pin(0, 0, false);
  }
  EXPECT_EQ(bench.read(tim2 + sr), 2u);
}

// AN3300's way to measure LSI: TIM10 captures every eighth edge of it.
TEST_F(TimWiringTest, MeasuresLsi) {
  bench.set_bits(0x40023834, 1);
  bench.run_for(microseconds(1000));
  bench.write(tim10 + option, 1);
  bench.write(tim10 + ccmr1, 1u | 3u << 2);
  bench.write(tim10 + ccer, 1);
  bench.write(tim10 + dier, 2);
  bench.write(tim10 + cr1, 1);
  std::array<std::uint32_t, 2> captured{};
  for (std::uint32_t& value : captured) {
    while (!bench.irqs[26]) bench.run_to(bench.peripherals.next_event());
    value = bench.read(tim10 + ccr1);
    EXPECT_FALSE(bench.irqs[26]);
  }
  const std::uint32_t difference = (captured[1] - captured[0]) & 0xFFFFu;
  EXPECT_NEAR(8u * 32'000'000 / difference, 37'000u, 10);
}

TEST_F(TimWiringTest, UnwatchedCapturesAreCaughtUpWith) {
  bench.write(tim11 + option, 1);  // MSI
  bench.write(tim11 + ccmr1, 1);
  bench.write(tim11 + ccer, 1);
  bench.write(tim11 + cr1, 1);
  bench.run_for(microseconds(100'000'000));  // 200 million edges
  EXPECT_EQ(bench.read(tim11 + sr) & 0x202u, 0x202u);
  const std::uint32_t last = bench.read(tim11 + ccr1);
  EXPECT_LE((bench.read(tim11 + cnt) - last) & 0xFFFFu, 16u);
}

TEST_F(TimWiringTest, Tim9CountsLseAtItsExternalTrigger) {
  start_lse();
  bench.write(tim9 + smcr, 1u << 14);  // external clock mode 2
  bench.write(tim9 + arr, 32767);
  bench.write(tim9 + dier, 1);
  bench.write(tim9 + cr1, 1);
  const Picoseconds start = bench.now();
  while (!bench.irqs[25]) bench.run_to(bench.peripherals.next_event());
  const Picoseconds took = bench.now() - start;
  EXPECT_NEAR(static_cast<double>(took) / 1e12, 1.0, 1.0 / 32768);
  bench.run_for(microseconds(500'000));
  EXPECT_NEAR(bench.read(tim9 + cnt), 16384, 1);
}

TEST_F(TimWiringTest, Tim2CountsPinEdgesAndAnotherTimersUpdates) {
  alternate(0, 1);
  bench.write(tim2 + smcr, 1u << 14);  // ETR on PA0
  bench.write(tim2 + cr1, 1);
  for (int edge = 0; edge < 5; ++edge) {
    bench.drive_pin(0, 0, true);
    bench.drive_pin(0, 0, false);
  }
  EXPECT_EQ(bench.read(tim2 + cnt), 5u);
  bench.write(tim2 + smcr, 7u | 2u << 4);  // external clock mode 1 from ITR2: TIM3
  bench.write(tim2 + cnt, 0);
  bench.write(tim3 + cr2, 2u << 4);  // update is the trigger output
  bench.write(tim3 + arr, 999);
  bench.write(tim3 + cr1, 1);
  bench.run_for(cycles(1000 * 77 + 500));
  EXPECT_EQ(bench.read(tim2 + cnt), 77u);
  EXPECT_NE(bench.read(tim2 + sr) & 1u << 6, 0u) << "TIF";
}

// How TIM2 gets 32 kHz: TIM10 counts LSE, its channel 1 is TIM2's internal trigger 1.
TEST_F(TimWiringTest, Tim2RunsFromLseThroughTim10) {
  start_lse();
  bench.write(tim10 + smcr, 1u << 14);
  bench.write(tim10 + arr, 1);
  bench.write(tim10 + ccr1, 1);
  bench.write(tim10 + ccmr1, 6u << 4);
  bench.write(tim10 + ccer, 1);
  bench.write(tim10 + cr1, 1);
  bench.write(tim2 + smcr, 7u | 1u << 4);
  bench.write(tim2 + cr1, 1);
  bench.run_for(microseconds(1'000'000));
  EXPECT_NEAR(bench.read(tim2 + cnt), 16384, 1);
}

TEST_F(TimWiringTest, SlaveModesResetGateAndTrigger) {
  alternate(6, 2);                         // PA6: TIM3_CH1
  bench.write(tim3 + smcr, 4u | 5u << 4);  // reset on TI1
  bench.write(tim3 + cr1, 1);
  bench.run_for(cycles(100));
  bench.drive_pin(0, 6, true);
  EXPECT_EQ(bench.read(tim3 + cnt), 0u);
  EXPECT_EQ(bench.read(tim3 + sr), 0x41u);
  bench.run_for(cycles(30));
  EXPECT_EQ(bench.read(tim3 + cnt), 30u);

  bench.write(tim3 + smcr, 5u | 5u << 4);  // gated
  bench.run_for(cycles(10));
  bench.drive_pin(0, 6, false);
  bench.run_for(cycles(1000));
  EXPECT_EQ(bench.read(tim3 + cnt), 40u);
  bench.drive_pin(0, 6, true);
  bench.run_for(cycles(2));
  EXPECT_EQ(bench.read(tim3 + cnt), 42u);

  bench.write(tim3 + cr1, 0);
  bench.write(tim3 + smcr, 6u | 5u << 4);  // trigger
  bench.drive_pin(0, 6, false);
  bench.run_for(cycles(10));
  EXPECT_EQ(bench.read(tim3 + cr1) & 1u, 0u);
  bench.drive_pin(0, 6, true);
  bench.run_for(cycles(8));
  EXPECT_EQ(bench.read(tim3 + cr1) & 1u, 1u);
  EXPECT_EQ(bench.read(tim3 + cnt), 50u);
}

TEST_F(TimWiringTest, EnableOfTheMasterGatesTheSlave) {
  bench.write(tim4 + cr2, 1u << 4);        // CNT_EN is the trigger output
  bench.write(tim3 + smcr, 5u | 3u << 4);  // gated by ITR3: TIM4
  bench.write(tim3 + cr1, 1);
  bench.run_for(cycles(100));
  EXPECT_EQ(bench.read(tim3 + cnt), 0u);
  bench.write(tim4 + arr, 49);
  bench.write(tim4 + cr1, 1u << 3 | 1u);  // one pulse of 50
  bench.run_for(cycles(1000));
  EXPECT_EQ(bench.read(tim3 + cnt), 50u);
}

TEST_F(TimWiringTest, EncoderCountsBothWays) {
  alternate(6, 2);
  alternate(7, 2);
  bench.write(tim3 + ccmr1, 1u | 1u << 8);
  bench.write(tim3 + smcr, 3);
  bench.write(tim3 + cr1, 1);
  const auto forward = [this] {
    bench.drive_pin(0, 6, true);
    bench.drive_pin(0, 7, true);
    bench.drive_pin(0, 6, false);
    bench.drive_pin(0, 7, false);
  };
  const auto backward = [this] {
    bench.drive_pin(0, 7, true);
    bench.drive_pin(0, 6, true);
    bench.drive_pin(0, 7, false);
    bench.drive_pin(0, 6, false);
  };
  for (int turn = 0; turn < 5; ++turn) forward();
  EXPECT_EQ(bench.read(tim3 + cnt), 20u);
  EXPECT_EQ(bench.read(tim3 + cr1) & 1u << 4, 0u);
  for (int turn = 0; turn < 2; ++turn) backward();
  EXPECT_EQ(bench.read(tim3 + cnt), 12u);
  EXPECT_NE(bench.read(tim3 + cr1) & 1u << 4, 0u);
}

TEST_F(TimWiringTest, UpdatesAskForDma) {
  for (std::size_t index = 0; index < 8; ++index) {
    bench.ram[index] = static_cast<std::uint8_t>(index % 2 == 0 ? 0x20 : 0);
  }
  bench.write(0x40020000, 1u << 10);      // PA5 output
  bench.write(0x40026000 + 0x1C + 4, 4);  // channel 2
  bench.write(0x40026000 + 0x1C + 8, 0x40020014);
  bench.write(0x40026000 + 0x1C + 12, TestBench::ram_base);
  bench.write(0x40026000 + 0x1C, 1u << 10 | 1u << 8 | 1u << 7 | 1u << 5 | 1u << 4 | 1u);
  bench.ram[2] = 0;
  bench.ram[6] = 0;
  bench.write(tim6 + arr, 99);
  bench.write(tim6 + dier, 1u << 8);
  bench.write(tim6 + cr1, 1);
  std::string seen;
  for (int period = 0; period < 8; ++period) {
    bench.run_for(cycles(100));
    bench.run_for(cycles(0));
    seen += pin(5) ? '1' : '0';
  }
  // The DMA takes five cycles: what a period's end asked for is seen at the next one.
  EXPECT_EQ(seen, "01010101");
}

TEST_F(TimWiringTest, BurstWritesSeveralRegisters) {
  const std::array<std::uint8_t, 6> values{50, 0, 10, 0, 20, 0};
  std::copy(values.begin(), values.end(), bench.ram.begin());
  bench.write(0x40026000 + 0x1C + 4, 3);  // channel 2: TIM2_UP
  bench.write(0x40026000 + 0x1C + 8, tim2 + dmar);
  bench.write(0x40026000 + 0x1C + 12, TestBench::ram_base);
  bench.write(0x40026000 + 0x1C, 1u << 10 | 1u << 8 | 1u << 7 | 1u << 4 | 1u);
  bench.write(tim2 + dcr, 2u << 8 | ccr1 / 4);  // three registers from CCR1
  bench.write(tim2 + dier, 1u << 8);
  bench.write(tim2 + egr, 1);
  bench.run_for(cycles(100));
  EXPECT_EQ(bench.read(tim2 + ccr1), 50u);
  EXPECT_EQ(bench.read(tim2 + ccr2), 10u);
  EXPECT_EQ(bench.read(tim2 + ccr2 + 4), 20u);
}

TEST_F(TimWiringTest, WithoutItsClockATimerStandsStill) {
  bench.write(tim6 + cr1, 1);
  bench.run_for(cycles(100));
  bench.clear_bits(0x40023824, 1u << 4);
  bench.run_for(cycles(1000));
  bench.set_bits(0x40023824, 1u << 4);
  EXPECT_EQ(bench.read(tim6 + cnt), 100u);
  bench.run_for(cycles(10));
  EXPECT_EQ(bench.read(tim6 + cnt), 110u);
}

// A comparison beyond the end, with a compare value that the counter never has.
TEST_F(TimWiringTest, CompareBeyondTheEndMatchesAtTheEnd) {
  bench.write(tim2 + arr, 9);
  bench.write(tim2 + ccr1, 100);
  bench.write(tim2 + dier, 2);
  bench.write(tim2 + cr1, 1);
  bench.run_for(cycles(9));
  EXPECT_FALSE(bench.irqs[28]);
  bench.run_for(cycles(1));
  EXPECT_TRUE(bench.irqs[28]);
}

// Timers that trigger each other in a circle, at the shortest periods, with everything enabled.
TEST_F(TimWiringTest, CirclesOfTimersLetTimePass) {
  for (unsigned number = 0; number < 16; ++number) alternate(number, 1 + number % 3);
  for (const std::uint32_t base : {tim2, tim3, tim4, tim5, tim9, tim10, tim11}) {
    for (unsigned mode = 0; mode < 8; ++mode) {
      bench.write(base + dier, 0x5F5F);
      bench.write(base + arr, 1);
      bench.write(base + cr2, mode << 4);
      bench.write(base + ccmr1, 0x3030);
      bench.write(base + ccer, 0x1111);
      bench.write(base + smcr, mode | mode << 4 | (mode % 2 != 0 ? 1u << 14 : 0u));
      bench.write(base + option, mode);
      bench.write(base + cr1, 1);
      bench.write(base + egr, 0x5F);
      bench.run_for(microseconds(20));
    }
    bench.write(base + smcr, 4u | 1u << 4);
  }
  const Picoseconds start = bench.now();
  bench.run_for(microseconds(2000));
  EXPECT_EQ(bench.now() - start, microseconds(2000));
}

TEST_F(TimWiringTest, StateRoundTrips) {
  alternate(5, 1);
  bench.write(tim2 + arr, 99);
  bench.write(tim2 + ccr1, 25);
  bench.write(tim2 + ccmr1, 6u << 4);
  bench.write(tim2 + ccer, 1);
  bench.write(tim2 + cr1, 1);
  bench.run_for(cycles(130));
  Saver saved;
  bench.peripherals.serialize(saved);
  TestBench copy;
  copy.time = bench.time;
  Saver loading(saved.bytes());
  copy.peripherals.serialize(loading);
  ASSERT_EQ(loading.error(), "");
  for (TestBench* each : {&bench, &copy}) each->run_for(cycles(60));
  for (TestBench* each : {&bench, &copy}) {
    EXPECT_EQ(each->read(tim2 + cnt), 90u);
    EXPECT_EQ(each->read(0x40020010) >> 5 & 1u, 0u);
    each->run_for(cycles(11));
    EXPECT_EQ(each->read(0x40020010) >> 5 & 1u, 1u);
  }
}

}  // namespace
}  // namespace goldcrest::board
