// SPDX-License-Identifier: MIT
// Firmware that writes anything anywhere: timers, RTC, serial ports, SPI and DMA must let time pass
// and stay in a state that can be saved and restored.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "core/base/random.hpp"
#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

struct Block {
  std::uint32_t base;
  std::uint32_t size;
};

constexpr std::array<Block, 22> blocks{
    {{0x40000000, 0x54}, {0x40000400, 0x54}, {0x40000800, 0x54}, {0x40000C00, 0x54},
     {0x40001000, 0x54}, {0x40001400, 0x54}, {0x40010800, 0x54}, {0x40010C00, 0x54},
     {0x40011000, 0x54}, {0x40002800, 0xD4}, {0x40013800, 0x1C}, {0x40004400, 0x1C},
     {0x40004800, 0x1C}, {0x40004C00, 0x1C}, {0x40005000, 0x1C}, {0x40013000, 0x24},
     {0x40003800, 0x24}, {0x40003C00, 0x24}, {0x40026000, 0x90}, {0x40026400, 0x90},
     {0x40020000, 0x2C}, {0x40020400, 0x2C}}};

/// Small numbers, single bits and ones are what does something.
std::uint32_t value(base::SeededRandom& random) {
  switch (random.below(5)) {
    case 0:
      return random.below(8);
    case 1:
      return 1u << random.below(32);
    case 2:
      return 0xFFFF'FFFF;
    case 3:
      return blocks.at(random.below(blocks.size())).base + 4 * random.below(20);
    default:
      return random.below(0x10000) << 16 | random.below(0x10000);
  }
}

void disturb(TestBench& bench, base::SeededRandom& random) {
  const Block block = blocks.at(random.below(blocks.size()));
  const unsigned size = 1u << random.below(3);
  const std::uint32_t address = (block.base + random.below(block.size)) & ~(size - 1);
  if (random.below(4) == 0) {
    (void)bench.read(address, size);
  } else {
    bench.write(address, value(random), size);
  }
  const unsigned what = random.below(64);
  if (what == 0) bench.drive_pin(random.below(3), random.below(16), random.below(2) == 0);
  if (what == 1) bench.peripherals.usart2.push("x");
  if (what == 2) bench.write(0x40002824, random.below(2) == 0 ? 0xCA : 0x53);
  if (what == 3) (void)bench.peripherals.spi2.clock_slave(random.below(0x10000));
}

TEST(HostileRegisters, TimePassesAndStateRoundTrips) {
  base::SeededRandom random(3);
  for (int round = 0; round < 12; ++round) {
    TestBench bench;
    bench.open_gates();
    bench.run_at_32_mhz();
    bench.write(0x40007000, 0x1100);
    bench.set_bits(0x40023834, 0x0041'0101);  // LSI, LSE and the RTC
    bench.run_for(microseconds(1'100'000));
    for (int step = 0; step < 1500; ++step) {
      disturb(bench, random);
      const Picoseconds until = bench.time + random.below(2'000'000);
      bench.run_to(until);
      ASSERT_EQ(bench.time, until);
      bench.unmodelled.clear();
    }
    Saver saved;
    bench.peripherals.serialize(saved);
    TestBench copy;
    copy.time = bench.time;
    Saver loading(saved.bytes());
    copy.peripherals.serialize(loading);
    ASSERT_EQ(loading.error(), "");
    Saver again;
    copy.peripherals.serialize(again);
    EXPECT_EQ(saved.bytes(), again.bytes());
  }
}

}  // namespace
}  // namespace goldcrest::board
