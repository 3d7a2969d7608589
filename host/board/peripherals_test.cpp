// SPDX-License-Identifier: MIT
#include "host/board/peripherals.hpp"

#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "host/board/test_air.hpp"

namespace goldcrest::board {
namespace {

TEST(PeripheralsTest, WindowsDoNotOverlap) {
  TestBench bench;
  const auto windows = bench.peripherals.windows();
  EXPECT_EQ(windows.size(), 43u);
  for (const auto& one : windows) {
    for (const auto& other : windows) {
      if (&one == &other) continue;
      EXPECT_TRUE(one.base + one.size <= other.base || other.base + other.size <= one.base)
          << one.peripheral->name() << " and " << other.peripheral->name();
    }
  }
}

TEST(PeripheralsTest, EveryAddressOfTheMemoryMap) {
  TestBench bench;
  struct Place {
    std::uint32_t base;
    std::string_view name;
  };
  for (const Place& place :
       {Place{0x40000000, "TIM2"},  Place{0x40001400, "TIM7"},   Place{0x40002800, "RTC"},
        Place{0x40002C00, "WWDG"},  Place{0x40003000, "IWDG"},   Place{0x40003800, "SPI2"},
        Place{0x40003C00, "SPI3"},  Place{0x40004400, "USART2"}, Place{0x40004800, "USART3"},
        Place{0x40005400, "I2C1"},  Place{0x40005800, "I2C2"},   Place{0x40026400, "DMA2"},
        Place{0x40007000, "PWR"},   Place{0x40010000, "SYSCFG"}, Place{0x40010400, "EXTI"},
        Place{0x40010800, "TIM9"},  Place{0x40011000, "TIM11"},  Place{0x40012400, "ADC"},
        Place{0x40013000, "SPI1"},  Place{0x40013800, "USART1"}, Place{0x40020000, "GPIOA"},
        Place{0x40021400, "GPIOH"}, Place{0x40021800, "GPIOF"},  Place{0x40021C00, "GPIOG"},
        Place{0x40023000, "CRC"},   Place{0x40023800, "RCC"},    Place{0x40026000, "DMA1"}}) {
    bool found = false;
    for (const auto& window : bench.peripherals.windows()) {
      if (window.base == place.base) {
        EXPECT_EQ(window.peripheral->name(), place.name);
        found = true;
      }
    }
    EXPECT_TRUE(found) << place.name;
  }
}

/// Every register hammered with anything, time passing in between: nothing may hang or break, and
/// the state must survive the archive wherever it got to.
TEST(PeripheralsTest, RandomAccessesLeaveASoundState) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    base::SeededRandom random(seed);
    RadioBench bench;
    TestAir air;
    air.add(bench);
    bench.open_gates();
    const auto windows = bench.peripherals.windows();
    for (int step = 0; step < 4000; ++step) {
      const auto& window = windows[random.below(static_cast<std::uint32_t>(windows.size()))];
      const std::uint32_t offset = random.below(0x60);
      const unsigned size = 1u << random.below(3);
      const std::uint32_t value = random.next() & (random.below(2) == 0 ? 0xFFFF'FFFFu : 0x1FFu);
      // RCC would close the gates and stop the clocks for good too soon.
      const bool rcc = window.peripheral == &bench.peripherals.rcc && offset >= 0x10;
      if (random.below(4) == 0) {
        (void)window.peripheral->read(offset & ~(size - 1), size);
      } else if (!rcc) {
        window.peripheral->write(offset & ~(size - 1), value, size);
      }
      bench.run_for(static_cast<Picoseconds>(random.below(1'000'000)));
      if (random.below(100) == 0) bench.run_for(microseconds(random.below(20'000)));
    }
    Saver first;
    bench.peripherals.serialize(first);
    TestBench other;
    Saver load(first.bytes());
    other.peripherals.serialize(load);
    EXPECT_EQ(load.error(), "");
    Saver second;
    other.peripherals.serialize(second);
    EXPECT_EQ(second.bytes(), first.bytes()) << seed;
  }
}

TEST(PeripheralsTest, RandomSpiTrafficLeavesTheRadioSound) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::SeededRandom random(seed);
    RadioBench a;
    RadioBench b;
    TestAir air;
    air.add(a);
    air.add(b);
    a.set_profile();
    b.set_profile();
    for (int step = 0; step < 500; ++step) {
      RadioBench& bench = random.below(2) == 0 ? a : b;
      ByteVector data(random.below(40));
      for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random.next());
      const std::uint8_t strobe = static_cast<std::uint8_t>(0x60 + random.below(0x14));
      const std::uint8_t address = static_cast<std::uint8_t>(random.below(256));
      switch (random.below(4)) {
        case 0:
          (void)bench.transaction({0x80, strobe}, {});
          break;
        case 1:
          (void)bench.transaction({0x01, address}, data);
          break;
        case 2:
          (void)bench.transaction({0x00, random.below(2) == 0 ? address : std::uint8_t{0xFF}},
                                  data);
          break;
        default:
          bench.drive_pin(0, 10, random.below(50) == 0);
          break;
      }
      air.run_for(static_cast<Picoseconds>(random.below(2000)) * 1'000'000);
    }
  }
}

TEST(PeripheralsTest, SystemResetPutsTheRadioIntoShutdownThroughItsPin) {
  TestBench bench;
  bench.open_gates();
  bench.write(0x40020014, 0);
  bench.write(0x40020000, 1u << 20);
  bench.run_for(microseconds(1000));
  EXPECT_EQ(bench.peripherals.radio.state(), spirit1::State::ready);
  bench.peripherals.reset(false);
  EXPECT_EQ(bench.peripherals.radio.state(), spirit1::State::shutdown);
}

}  // namespace
}  // namespace goldcrest::board
