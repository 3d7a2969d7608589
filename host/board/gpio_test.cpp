// SPDX-License-Identifier: MIT
#include "host/board/gpio.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t gpioa = 0x40020000;
constexpr std::uint32_t gpiob = 0x40020400;
constexpr std::uint32_t gpioc = 0x40020800;
constexpr std::uint32_t moder = 0x00;
constexpr std::uint32_t otyper = 0x04;
constexpr std::uint32_t pupdr = 0x0C;
constexpr std::uint32_t idr = 0x10;
constexpr std::uint32_t odr = 0x14;
constexpr std::uint32_t bsrr = 0x18;
constexpr std::uint32_t lckr = 0x1C;
constexpr std::uint32_t brr = 0x28;

class GpioTest : public ::testing::Test {
 protected:
  GpioTest() { bench.open_gates(); }
  TestBench bench;
};

TEST_F(GpioTest, ResetValues) {
  EXPECT_EQ(bench.read(gpioa + moder), 0xA800'0000u);
  EXPECT_EQ(bench.read(gpioa + pupdr), 0x6400'0000u);
  EXPECT_EQ(bench.read(gpiob + moder), 0x0000'0280u);
  EXPECT_EQ(bench.read(gpiob + pupdr), 0x0000'0100u);
  EXPECT_EQ(bench.read(gpiob + 0x08), 0x0000'00C0u);
  EXPECT_EQ(bench.read(gpioc + moder), 0u);
}

TEST_F(GpioTest, OutputThroughTheThreeRegisters) {
  bench.write(gpioa + moder, 1u << 10);
  bench.write(gpioa + bsrr, 1u << 5);
  EXPECT_TRUE(bench.pin(0, 5));
  EXPECT_EQ(bench.read(gpioa + odr), 1u << 5);
  bench.write(gpioa + bsrr, 1u << 21);
  EXPECT_FALSE(bench.pin(0, 5));
  bench.write(gpioa + bsrr, 1u << 21 | 1u << 5);
  EXPECT_TRUE(bench.pin(0, 5)) << "set wins over reset";
  bench.write(gpioa + brr, 1u << 5);
  EXPECT_FALSE(bench.pin(0, 5));
  bench.write(gpioa + odr, 1u << 5);
  EXPECT_TRUE(bench.pin(0, 5));
  EXPECT_EQ(bench.read(gpioa + idr) >> 5 & 1u, 1u);
}

TEST_F(GpioTest, HalfWordsOfBsrrActAlone) {
  bench.write(gpioa + odr, 0xFFFF);
  bench.write(gpioa + bsrr + 2, 0x0020, 2);
  EXPECT_EQ(bench.read(gpioa + odr), 0xFFDFu);
  bench.write(gpioa + bsrr, 0x0020, 2);
  EXPECT_EQ(bench.read(gpioa + odr), 0xFFFFu);
  bench.write(gpioa + odr + 1, 0x12, 1);
  EXPECT_EQ(bench.read(gpioa + odr), 0x12FFu);
}

TEST_F(GpioTest, InputsPullsAndAnalog) {
  EXPECT_TRUE(bench.read(gpioc + idr) >> 13 & 1u) << "the button's resistor";
  bench.drive_pin(2, 13, false);
  EXPECT_FALSE(bench.read(gpioc + idr) >> 13 & 1u);
  bench.peripherals.pins.release({2, 13});
  EXPECT_FALSE(bench.pin(0, 0));
  bench.write(gpioa + pupdr, 1);
  EXPECT_TRUE(bench.pin(0, 0));
  bench.write(gpioa + pupdr, 2);
  EXPECT_FALSE(bench.pin(0, 0));
  bench.drive_pin(0, 0, true);
  EXPECT_TRUE(bench.pin(0, 0)) << "an outside driver is stronger than a pull";
  bench.write(gpioa + moder, 3);
  EXPECT_EQ(bench.read(gpioa + idr) & 1u, 0u) << "no Schmitt trigger in analog mode";
}

TEST_F(GpioTest, OpenDrainLetsGo) {
  bench.write(gpioa + otyper, 1);
  bench.write(gpioa + odr, 1);
  bench.write(gpioa + moder, 1);
  EXPECT_FALSE(bench.pin(0, 0));
  bench.drive_pin(0, 0, true);
  EXPECT_TRUE(bench.pin(0, 0));
  bench.write(gpioa + odr, 0);
  EXPECT_FALSE(bench.pin(0, 0));
}

TEST_F(GpioTest, LockHoldsTheSettings) {
  bench.write(gpioc + moder, 0x5);
  bench.write(gpioc + lckr, 0x10001);
  bench.write(gpioc + lckr, 0x00001);
  bench.write(gpioc + lckr, 0x10001);
  EXPECT_EQ(bench.read(gpioc + lckr), 0x10001u);
  bench.write(gpioc + moder, 0xF);
  EXPECT_EQ(bench.read(gpioc + moder), 0xDu);
  bench.write(gpioc + odr, 1);
  EXPECT_TRUE(bench.pin(2, 0)) << "the output data is not locked";
}

TEST_F(GpioTest, WrongSequenceDoesNotLock) {
  bench.write(gpioc + lckr, 0x10001);
  bench.write(gpioc + lckr, 0x10001);
  bench.write(gpioc + lckr, 0x10001);
  EXPECT_EQ(bench.read(gpioc + lckr) >> 16, 0u);
}

}  // namespace
}  // namespace goldcrest::board
