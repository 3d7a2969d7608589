// SPDX-License-Identifier: MIT
#include "host/board/i2c.hpp"

#include <gtest/gtest.h>

#include "host/board/board_fixture.hpp"
#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40005800;  // I2C2
constexpr std::uint32_t cr1 = base + 0x00;
constexpr std::uint32_t cr2 = base + 0x04;
constexpr std::uint32_t oar1 = base + 0x08;
constexpr std::uint32_t dr = base + 0x10;
constexpr std::uint32_t sr1 = base + 0x14;
constexpr std::uint32_t sr2 = base + 0x18;
constexpr std::uint32_t ccr = base + 0x1C;
constexpr std::uint32_t trise = base + 0x20;
constexpr std::uint32_t pe = 1, start = 1u << 8, stop = 1u << 9, swrst = 1u << 15;
constexpr std::uint32_t sb = 1, af = 1u << 10;
constexpr unsigned event_irq = 33, error_irq = 34;

class I2cTest : public ::testing::Test {
 protected:
  I2cTest() {
    bench.open_gates();
    bench.run_at_32_mhz();
    bench.write(ccr, 160);  // 32 MHz / 320 = 100 kHz
  }
  void start_condition() {
    bench.write(cr1, pe | start);
    bench.run_for(scl);
  }
  Picoseconds scl = cycles_to_time(320, 32'000'000);
  TestBench bench;
};

TEST_F(I2cTest, ResetValues) {
  TestBench fresh;
  fresh.open_gates();
  for (const std::uint32_t offset : {0x00u, 0x04u, 0x08u, 0x0Cu, 0x10u, 0x14u, 0x18u, 0x1Cu}) {
    EXPECT_EQ(fresh.read(base + offset), 0u) << offset;
  }
  EXPECT_EQ(fresh.read(trise), 2u);
}

TEST_F(I2cTest, AnAddressIsNotAcknowledged) {
  start_condition();
  EXPECT_EQ(bench.read(sr1), sb);
  EXPECT_EQ(bench.read(sr2), 3u);
  EXPECT_EQ(bench.read(cr1), pe) << "START is cleared when it has been sent";
  bench.write(dr, 0xBE);
  EXPECT_EQ(bench.read(sr1), 0u);
  bench.run_for(9 * scl - 1);
  EXPECT_EQ(bench.read(sr1), 0u);
  bench.run_for(1);
  EXPECT_EQ(bench.read(sr1), af);
  bench.write(cr1, pe | stop);
  bench.run_for(scl);
  EXPECT_EQ(bench.read(cr1), pe);
  EXPECT_EQ(bench.read(sr2), 0u);
  bench.write(sr1, ~af);
  EXPECT_EQ(bench.read(sr1), 0u);
}

TEST_F(I2cTest, TheStartFlagGoesOnlyByReadingAndWriting) {
  start_condition();
  bench.write(dr, 0xBE);  // SR1 has not been read
  bench.run_for(20 * scl);
  EXPECT_EQ(bench.read(sr1), sb);
  bench.write(dr, 0xBE);
  bench.run_for(9 * scl);
  EXPECT_EQ(bench.read(sr1), af);
}

TEST_F(I2cTest, StartAgainWithoutAStop) {
  start_condition();
  (void)bench.read(sr1);
  bench.write(dr, 0xBE);
  bench.run_for(9 * scl);
  bench.write(sr1, 0);
  start_condition();
  EXPECT_EQ(bench.read(sr1), sb);
}

TEST_F(I2cTest, InterruptsFollowTheFlags) {
  bench.write(cr2, 1u << 8 | 1u << 9);
  start_condition();
  EXPECT_TRUE(bench.irqs[event_irq]);
  (void)bench.read(sr1);
  bench.write(dr, 0xBE);
  EXPECT_FALSE(bench.irqs[event_irq]);
  bench.run_for(9 * scl);
  EXPECT_TRUE(bench.irqs[error_irq]);
  bench.write(sr1, 0);
  EXPECT_FALSE(bench.irqs[error_irq]);
}

TEST_F(I2cTest, SwitchingOffLetsTheBusGo) {
  start_condition();
  bench.write(cr1, 0);
  EXPECT_EQ(bench.read(sr1), 0u);
  EXPECT_EQ(bench.read(sr2), 0u);
  bench.write(cr1, start);  // without PE
  bench.run_for(2 * scl);
  EXPECT_EQ(bench.read(sr1), 0u);
}

TEST_F(I2cTest, SoftwareResetClearsTheRegisters) {
  bench.write(oar1, 0x4066);
  bench.write(trise, 33);
  start_condition();
  bench.write(cr1, swrst);
  EXPECT_EQ(bench.read(cr1), swrst);
  EXPECT_EQ(bench.read(oar1), 0u);
  EXPECT_EQ(bench.read(trise), 2u);
  EXPECT_EQ(bench.read(sr2), 0u);
}

TEST_F(I2cTest, TheStateIsKept) {
  start_condition();
  (void)bench.read(sr1);
  bench.write(dr, 0xBE);
  Saver save;
  bench.peripherals.serialize(save);
  const auto bytes = save.take_bytes();
  TestBench other;
  Saver load(bytes);
  other.peripherals.serialize(load);
  ASSERT_EQ(load.error(), "");
  other.time = bench.time;
  other.run_for(9 * scl);
  EXPECT_EQ(other.read(sr1), af);
}

TEST(I2cProgram, ADriverFindsNobody) {
  ProgrammedBoard board("i2c_probe");
  EXPECT_EQ(board.finish(),
            "busy=0x00000000\n"
            "master and busy=0x00000003\n"
            "nine SCL periods=0x00000001\n"
            "answer=0x00000400\n"
            "stopped=0x00000001\n"
            "status=0x00000000\n"
            "events=0x00000001\n"
            "errors=0x00000001\n");
}

}  // namespace
}  // namespace goldcrest::board
