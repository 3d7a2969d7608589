// SPDX-License-Identifier: MIT
#include "host/board/rtc.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/random.hpp"
#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40002800;
constexpr std::uint32_t tr = base + 0x00;
constexpr std::uint32_t dr = base + 0x04;
constexpr std::uint32_t cr = base + 0x08;
constexpr std::uint32_t isr = base + 0x0C;
constexpr std::uint32_t prer = base + 0x10;
constexpr std::uint32_t wutr = base + 0x14;
constexpr std::uint32_t alrmar = base + 0x1C;
constexpr std::uint32_t alrmbr = base + 0x20;
constexpr std::uint32_t wpr = base + 0x24;
constexpr std::uint32_t ssr = base + 0x28;
constexpr std::uint32_t bkp0r = base + 0x50;
constexpr std::uint32_t rcc_csr = 0x40023834;
constexpr std::uint32_t pwr_cr = 0x40007000;
constexpr Picoseconds second = microseconds(1'000'000);

class RtcTest : public ::testing::Test {
 protected:
  RtcTest() {
    bench.open_gates();
    bench.set_bits(pwr_cr, 1u << 8);
    bench.set_bits(rcc_csr, 1u << 8);
    bench.run_for(2 * second);
    bench.set_bits(rcc_csr, 1u << 22 | 1u << 16);
    bench.write(wpr, 0xCA);
    bench.write(wpr, 0x53);
    bench.write(0x40010400, 1u << 17 | 1u << 20);
    bench.write(0x40010408, 1u << 17 | 1u << 20);
  }
  void set(std::uint32_t time, std::uint32_t date) {
    bench.write(isr, 0xFFFF'FFFF);
    bench.run_for(microseconds(100));
    ASSERT_EQ(bench.read(isr) >> 6 & 1u, 1u);
    bench.write(prer, 0x007F'00FF);
    bench.write(tr, time);
    bench.write(dr, date);
    bench.write(isr, ~0x80u);
  }
  TestBench bench;
};

TEST_F(RtcTest, ResetValues) {
  TestBench fresh;
  EXPECT_EQ(fresh.read(tr), 0u);
  EXPECT_EQ(fresh.read(dr), 0x2101u);
  EXPECT_EQ(fresh.read(isr) & 0xFFu, 0x07u);
  EXPECT_EQ(fresh.read(prer), 0x007F'00FFu);
}

TEST_F(RtcTest, CountsThroughTheEndOfALeapYearFebruary) {
  set(0x235958, 0x24'E2'28 & 0xFFFFFF);
  EXPECT_EQ(bench.read(isr) >> 4 & 1u, 1u) << "INITS: a year is set";
  bench.run_for(3 * second);
  EXPECT_EQ(bench.read(tr), 0x000001u);
  EXPECT_EQ(bench.read(dr), 0x240229u | 1u << 13) << "Sunday is followed by Monday";
  bench.run_for(86'400 * second);
  EXPECT_EQ(bench.read(tr), 0x000001u);
  EXPECT_EQ(bench.read(dr), 0x240301u | 2u << 13);
}

TEST_F(RtcTest, TwelveHourFormat) {
  bench.write(isr, 0xFFFF'FFFF);
  bench.run_for(microseconds(100));
  bench.write(cr, 1u << 6);
  set(0x00115959, 0x262101);
  bench.run_for(second);
  EXPECT_EQ(bench.read(tr), 0x00520000u) << "12 PM";
  (void)bench.read(dr);
  bench.run_for(3600 * second);
  EXPECT_EQ(bench.read(tr), 0x00410000u);
}

TEST_F(RtcTest, ProtectionByKeysAndByPower) {
  bench.write(wpr, 0xFF);
  bench.write(cr, 1u << 6);
  EXPECT_EQ(bench.read(cr), 0u);
  bench.write(isr, 0xFFFF'FFFF);
  bench.run_for(microseconds(100));
  EXPECT_EQ(bench.read(isr) >> 6 & 1u, 0u) << "INIT is protected too";
  bench.write(bkp0r, 0x1234);
  EXPECT_EQ(bench.read(bkp0r), 0x1234u) << "backup registers need no key";
  bench.clear_bits(pwr_cr, 1u << 8);
  bench.write(bkp0r, 0x5678);
  EXPECT_EQ(bench.read(bkp0r), 0x1234u) << "but DBP";
  bench.set_bits(pwr_cr, 1u << 8);
  bench.write(wpr, 0x53);
  bench.write(cr, 1u << 6);
  EXPECT_EQ(bench.read(cr), 0u) << "keys in the wrong order";
}

TEST_F(RtcTest, ShadowRegisters) {
  set(0x000059, 0x262101);
  EXPECT_EQ(bench.read(isr) & 0x20u, 0u);
  bench.run_for(microseconds(100));
  EXPECT_EQ(bench.read(isr) & 0x20u, 0x20u);
  bench.write(isr, ~0xA0u);
  EXPECT_EQ(bench.read(isr) & 0x20u, 0u);
  bench.run_for(microseconds(100));
  EXPECT_EQ(bench.read(isr) & 0x20u, 0x20u);
  EXPECT_EQ(bench.read(ssr), 0xFFu);
  bench.run_for(2 * second);
  EXPECT_EQ(bench.read(tr), 0x000059u) << "held since SSR was read";
  EXPECT_EQ(bench.read(dr), 0x262101u);
  EXPECT_EQ(bench.read(tr), 0x000101u);
}

TEST_F(RtcTest, SubSecondsCountDown) {
  set(0, 0x262101);
  bench.run_for(second / 2);
  EXPECT_EQ(bench.read(ssr), 0x7Fu);
}

TEST_F(RtcTest, SystemResetLeavesItRunning) {
  set(0, 0x262101);
  bench.write(bkp0r + 4 * 31, 0xCAFE);
  bench.run_for(10 * second);
  bench.peripherals.reset(false);
  EXPECT_EQ(bench.read(isr) & 0x20u, 0u) << "not synchronised yet";
  bench.run_for(10 * second);
  EXPECT_EQ(bench.read(tr), 0x000020u);
  EXPECT_EQ(bench.read(bkp0r + 4 * 31), 0xCAFEu);
  bench.open_gates();
  bench.set_bits(pwr_cr, 1u << 8);
  bench.set_bits(rcc_csr, 1u << 23);
  EXPECT_EQ(bench.read(bkp0r + 4 * 31), 0u);
}

TEST_F(RtcTest, WakeUpTimerRepeats) {
  bench.write(wutr, 2047);
  bench.write(cr, 1u << 14 | 1u << 10);  // RTCCLK / 16: one second
  bench.write(wutr, 1);
  EXPECT_EQ(bench.read(wutr), 2047u) << "not while it runs";
  for (int round = 0; round < 3; ++round) {
    bench.run_for(second - microseconds(1));
    EXPECT_FALSE(bench.irqs[3]);
    bench.run_for(microseconds(1));
    EXPECT_TRUE(bench.irqs[3]);
    bench.write(isr, ~(1u << 10 | 0x80u));
    bench.write(0x40010414, 1u << 20);
    EXPECT_FALSE(bench.irqs[3]);
  }
  bench.write(cr, 0);
  EXPECT_EQ(bench.read(isr) >> 2 & 1u, 1u);
  bench.run_for(5 * second);
  EXPECT_FALSE(bench.irqs[3]);
}

TEST_F(RtcTest, WakeUpTimerInSeconds) {
  bench.write(wutr, 59);
  bench.write(cr, 1u << 14 | 1u << 10 | 4u);
  bench.run_for(60 * second - microseconds(1));
  EXPECT_FALSE(bench.irqs[3]);
  bench.run_for(microseconds(1));
  EXPECT_TRUE(bench.irqs[3]);
}

TEST_F(RtcTest, AlarmAtATimeOfDay) {
  set(0x110000, 0x262101);
  bench.write(alrmar, 1u << 31 | 0x120530);
  bench.write(cr, 1u << 12 | 1u << 8);
  bench.run_for((3600 + 5 * 60 + 30) * second - microseconds(1000));
  EXPECT_FALSE(bench.irqs[41]);
  bench.run_for(microseconds(2000));
  EXPECT_TRUE(bench.irqs[41]);
  EXPECT_EQ(bench.read(isr) >> 8 & 1u, 1u);
  bench.write(isr, ~(1u << 8 | 0x80u));
  bench.write(0x40010414, 1u << 17);
  bench.run_for(86'399 * second);
  EXPECT_FALSE(bench.irqs[41]);
  bench.run_for(2 * second);
  EXPECT_TRUE(bench.irqs[41]) << "every day";
}

TEST_F(RtcTest, AlarmOnADateAndOnAWeekday) {
  set(0x000000, 0x262101);                        // Monday, 1 January
  bench.write(alrmar, 0x03'00'00'00);             // the 3rd
  bench.write(alrmbr, 1u << 30 | 0x04'00'00'00);  // a Thursday
  bench.write(cr, 3u << 12 | 3u << 8);
  bench.run_for(2 * 86'400 * second - second);
  EXPECT_EQ(bench.read(isr) >> 8 & 3u, 0u);
  bench.run_for(2 * second);
  EXPECT_EQ(bench.read(isr) >> 8 & 3u, 1u);
  bench.run_for(86'400 * second);
  EXPECT_EQ(bench.read(isr) >> 8 & 3u, 3u);
}

TEST_F(RtcTest, FullyMaskedAlarmComesEverySecond) {
  set(0, 0x262101);
  bench.write(alrmar, 0x8080'8080);
  bench.write(cr, 1u << 8);
  for (int round = 0; round < 3; ++round) {
    bench.run_for(second);
    EXPECT_EQ(bench.read(isr) >> 8 & 1u, 1u);
    bench.write(isr, ~(1u << 8 | 0x80u));
  }
}

TEST_F(RtcTest, RunsFromLsiToo) {
  TestBench lsi;
  lsi.open_gates();
  lsi.set_bits(pwr_cr, 1u << 8);
  lsi.set_bits(rcc_csr, 1);
  lsi.run_for(microseconds(1000));
  lsi.set_bits(rcc_csr, 1u << 22 | 2u << 16);
  lsi.run_for(second);
  // 37 kHz through dividers meant for 32.768 kHz runs fast.
  EXPECT_EQ(lsi.read(tr), 1u);
  (void)lsi.read(dr);
  lsi.run_for(9 * second);
  EXPECT_EQ(lsi.read(tr), 0x11u);
}

TEST(CalendarTest, RoundTripsOverACentury) {
  base::SeededRandom random(7);
  for (int round = 0; round < 2000; ++round) {
    const auto seconds = static_cast<std::int64_t>(random.next()) % (days_per_century * 86'400);
    const Calendar calendar = from_seconds(seconds, 1, 0);
    EXPECT_EQ(to_seconds(calendar), seconds);
    for (bool twelve : {false, true}) {
      EXPECT_EQ(from_registers(time_register(calendar, twelve), date_register(calendar), twelve),
                calendar);
    }
  }
}

TEST(CalendarTest, KnownDates) {
  // 1 January 2000 was a Saturday; 29 February 2024 a Thursday.
  const Calendar leap{.year = 24, .month = 2, .day = 29, .weekday = 4};
  EXPECT_EQ(from_seconds(to_seconds(leap), 6, 0), leap);
  EXPECT_EQ(to_seconds({.year = 0, .month = 3, .day = 1}), 60 * 86'400);
}

TEST_F(RtcTest, Registers) {
  struct Register {
    std::uint32_t offset;
    std::uint32_t reset;
    std::uint32_t writable;
  };
  // RM0038 20.7, in initialisation mode with the alarms off. CR without ALRAE, ALRBE, WUTE, TSE and
  // the hour bits, which act at once; TAFCR without the tamper inputs.
  const std::vector<Register> registers{{0x08, 0, 0x00FC'F0FF},
                                        {0x10, 0x007F'00FF, 0x007F'7FFF},
                                        {0x14, 0xFFFF, 0xFFFF},
                                        {0x18, 0, 0x9F},
                                        {0x1C, 0, 0xFFFF'FFFF},
                                        {0x20, 0, 0xFFFF'FFFF},
                                        {0x24, 0, 0},
                                        {0x2C, 0, 0},
                                        {0x30, 0, 0},
                                        {0x34, 0, 0},
                                        {0x38, 0, 0},
                                        {0x3C, 0, 0xE1FF},
                                        {0x40, 0, 0x0004'FF96},
                                        {0x44, 0, 0x0F00'7FFF},
                                        {0x48, 0, 0x0F00'7FFF},
                                        {0x4C, 0, 0},
                                        {0x50, 0, 0xFFFF'FFFF},
                                        {0xCC, 0, 0xFFFF'FFFF},
                                        {0xD0, 0, 0}};
  bench.write(isr, 0xFFFF'FFFF);
  bench.run_for(microseconds(100));
  for (const Register& reg : registers) {
    EXPECT_EQ(bench.read(base + reg.offset), reg.reset) << std::hex << reg.offset;
    // Locked by the key, then by PWR_CR.DBP; TAFCR and the backup registers need no key.
    const bool keyed = reg.offset < 0x40 || reg.offset == 0x44 || reg.offset == 0x48;
    bench.write(wpr, 0);
    if (keyed) {
      bench.write(base + reg.offset, ~reg.reset);
      EXPECT_EQ(bench.read(base + reg.offset), reg.reset) << std::hex << reg.offset;
    }
    bench.write(wpr, 0xCA);
    bench.write(wpr, 0x53);
    bench.clear_bits(pwr_cr, 1u << 8);
    bench.write(base + reg.offset, ~reg.reset);
    EXPECT_EQ(bench.read(base + reg.offset), reg.reset) << std::hex << reg.offset;
    bench.set_bits(pwr_cr, 1u << 8);
    const std::uint32_t acting = reg.offset == 0x08   ? 0xFF03'0F00u
                                 : reg.offset == 0x40 ? 0x69u
                                                      : 0u;
    if (reg.offset == 0x24) continue;
    bench.write(base + reg.offset, 0xFFFF'FFFF & ~acting);
    EXPECT_EQ(bench.read(base + reg.offset), reg.writable) << std::hex << reg.offset;
    bench.write(base + reg.offset, reg.reset);
  }
}

TEST_F(RtcTest, SomeOfCrIsWrittenInInitialisationModeOnly) {
  bench.write(cr, 1u << 7 | 1u << 6 | 1u << 4 | 1u << 5);
  EXPECT_EQ(bench.read(cr), 1u << 5);
}

TEST_F(RtcTest, SmoothCalibration) {
  set(0, 0x2101);
  bench.write(base + 0x3C, 1u << 15);  // + 512 of 2^20 pulses: 488 ppm
  EXPECT_EQ(bench.read(isr) >> 16 & 1u, 1u) << "RECALPF";
  bench.write(base + 0x3C, 0);
  EXPECT_EQ(bench.read(base + 0x3C), 1u << 15) << "not while the last one is pending";
  bench.run_for(microseconds(20'000));
  EXPECT_EQ(bench.read(isr) >> 16 & 1u, 0u);
  bench.run_for(2048 * second);
  (void)bench.read(dr);
  EXPECT_EQ(bench.read(tr), 0x0034'09u) << "one second more than 34:08";
  (void)bench.read(dr);
  bench.write(base + 0x3C, 256);  // - 244 ppm
  bench.run_for(4096 * second);
  EXPECT_EQ(bench.read(tr), 0x0001'4224u) << "34:09 + 68:15";
}

TEST_F(RtcTest, CoarseCalibration) {
  bench.write(isr, 0xFFFF'FFFF);
  bench.run_for(microseconds(100));
  bench.write(prer, 0x007F'00FF);
  bench.write(tr, 0);
  bench.write(base + 0x18, 0x80 | 31);  // - 62 ticks of 1/256 s in 64 minutes
  bench.write(cr, 1u << 7);
  bench.write(isr, ~0x80u);
  bench.run_for(64 * 60 * second + microseconds(100));
  EXPECT_EQ(bench.read(ssr), 61u);
  EXPECT_EQ(bench.read(tr), 0x0001'0359u);
}

TEST_F(RtcTest, ShiftsByFractionsOfASecond) {
  set(0x0012'0000, 0x2101);
  bench.run_for(second / 2 + microseconds(200));
  EXPECT_EQ(bench.read(ssr), 127u);
  (void)bench.read(dr);
  bench.write(base + 0x2C, 64);  // a quarter of a second later
  EXPECT_EQ(bench.read(isr) & 0x28u, 0x08u) << "SHPF, and RSF is cleared";
  EXPECT_EQ(bench.read(ssr), 127u + 64u);
  (void)bench.read(dr);
  bench.run_for(microseconds(10'000));
  EXPECT_EQ(bench.read(isr) & 0x28u, 0x20u);
  bench.write(base + 0x2C, 1u << 31 | 64);  // three quarters ahead
  bench.run_for(microseconds(10'000));
  EXPECT_EQ(bench.read(tr), 0x0012'0001u);
  (void)bench.read(dr);
  EXPECT_EQ(bench.read(ssr), 250u) << "half a second, minus a quarter, plus three quarters, 20 ms";
}

TEST_F(RtcTest, TimestampOfTheButton) {
  bench.set_bits(0x40010400, 1u << 19);
  bench.set_bits(0x40010408, 1u << 19);
  set(0x0012'3456, 0x0019'E711);
  bench.write(cr, 1u << 15 | 1u << 11 | 1u << 3);  // falling edge
  bench.run_for(second + microseconds(200));
  bench.drive_pin(2, 13, false);
  EXPECT_TRUE(bench.irqs[2]);
  EXPECT_EQ(bench.read(base + 0x30), 0x0012'3457u);
  EXPECT_EQ(bench.read(base + 0x34), 0x0000'E711u);
  EXPECT_EQ(bench.read(base + 0x38), 255u);
  bench.drive_pin(2, 13, true);
  EXPECT_EQ(bench.read(isr) & 0x1800u, 0x800u);
  bench.drive_pin(2, 13, false);
  EXPECT_EQ(bench.read(isr) & 0x1800u, 0x1800u) << "TSOVF";
  bench.write(isr, ~0x1800u);
  EXPECT_EQ(bench.read(isr) & 0x1800u, 0u);
  EXPECT_EQ(bench.read(base + 0x30), 0u);
}

TEST_F(RtcTest, TamperingErasesTheBackupRegisters) {
  bench.set_bits(0x40010400, 1u << 19);
  bench.set_bits(0x40010408, 1u << 19);
  bench.write(bkp0r, 0x12345678);
  bench.write(base + 0x40, 1u << 3 | 1u << 2);  // the second input: the jumper, rising edge
  EXPECT_EQ(bench.read(bkp0r), 0x12345678u);
  bench.drive_pin(0, 0, true);
  EXPECT_EQ(bench.read(isr) >> 13 & 7u, 2u);
  EXPECT_TRUE(bench.irqs[2]);
  EXPECT_EQ(bench.read(bkp0r), 0u);
  bench.write(isr, ~0xE000u);
  EXPECT_EQ(bench.read(isr) >> 13 & 7u, 0u);
  bench.drive_pin(0, 0, false);
  EXPECT_EQ(bench.read(isr) >> 13 & 7u, 0u);
  // With a filter of four samples at 128 Hz, on the high level, and a timestamp.
  bench.write(base + 0x40, 1u << 7 | 2u << 11 | 7u << 8 | 1u << 4 | 1u << 3);
  bench.drive_pin(0, 0, true);
  bench.run_for(second * 2 / 128);
  bench.drive_pin(0, 0, false);
  bench.run_for(second);
  EXPECT_EQ(bench.read(isr) >> 13 & 7u, 0u) << "too short";
  bench.drive_pin(0, 0, true);
  bench.run_for(second * 5 / 128);
  EXPECT_EQ(bench.read(isr) >> 11 & 0x1Fu, 0x9u) << "TAMP2F and TSF";
}

TEST_F(RtcTest, ShadowRegistersAreEmptyAfterASystemReset) {
  set(0x0012'3456, 0x0019'E711);
  bench.run_for(second + microseconds(200));
  bench.peripherals.reset(false);
  EXPECT_EQ(bench.read(tr), 0u);
  EXPECT_EQ(bench.read(dr), 0x2101u);
  EXPECT_EQ(bench.read(isr) & 0x30u, 0x10u) << "initialised, but not synchronised";
  bench.run_for(microseconds(100));
  EXPECT_EQ(bench.read(isr) & 0x30u, 0x30u);
  EXPECT_EQ(bench.read(tr), 0x0012'3457u);
  EXPECT_EQ(bench.read(dr), 0x0019'E711u);
}

}  // namespace
}  // namespace goldcrest::board
