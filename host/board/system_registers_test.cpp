// SPDX-License-Identifier: MIT
// Every register of the clock, power, pin, interrupt and watchdog peripherals: offset, reset value
// and writable bits as RM0038 gives them, each table beside the chapter it comes from.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "host/board/core_debug.hpp"
#include "host/board/flash_controller.hpp"
#include "host/board/test_registers.hpp"

namespace goldcrest::board {
namespace {

using Row = RegisterRow;

TEST(RegisterTables, Rcc) {  // RM0038 6.3
  constexpr std::array<Row, 13> rows{{
      // MSION stays while MSI is the system clock.
      {.name = "CR", .offset = 0x00, .reset = 0x300, .writable = 0x71050001},
      {.name = "ICSCR", .offset = 0x04, .reset = 0x0080B06C, .writable = 0xFF00FF00},
      {.name = "CFGR", .offset = 0x08, .writable = 0x77FD3FF3},
      {.name = "CIR", .offset = 0x0C, .writable = 0x7F00},
      {.name = "AHBRSTR", .offset = 0x10, .writable = 0x030090FF},
      {.name = "APB2RSTR", .offset = 0x14, .writable = 0x521D},
      {.name = "APB1RSTR", .offset = 0x18, .writable = 0xB0FECA3F},
      // FLITFEN is not cleared.
      {.name = "AHBENR", .offset = 0x1C, .reset = 0x8000, .writable = 0x030010FF},
      {.name = "APB2ENR", .offset = 0x20, .writable = 0x521D},
      {.name = "APB1ENR", .offset = 0x24, .writable = 0xB0FECA3F},
      {.name = "AHBLPENR", .offset = 0x28, .reset = 0x030190FF, .writable = 0x030190FF},
      {.name = "APB2LPENR", .offset = 0x2C, .reset = 0x521D, .writable = 0x521D},
      {.name = "APB1LPENR", .offset = 0x30, .reset = 0xB0FECA3F, .writable = 0xB0FECA3F},
  }};
  check_peripheral_registers(0x40023800, rows);
  // The RTC domain's half of CSR is closed; RMVF removes the flags.
  constexpr std::array<Row, 1> status{
      {{.name = "CSR", .offset = 0x34, .reset = 0x0C000000, .writable = 1, .ones = 0xFEFFFFFF}}};
  check_peripheral_registers(0x40023800, status);
}

TEST(RegisterTables, RccCsrWithTheRtcDomainOpen) {
  constexpr std::array<Row, 1> rows{{{.name = "CSR",
                                      .offset = 0x34,
                                      .reset = 0x0C000000,
                                      .writable = 0x00430501,
                                      .ones = 0xFE7FFFFF,  // neither RMVF nor RTCRST
                                      .survives = 0x00430500}}};
  check_peripheral_registers(0x40023800, rows, [](PeripheralRegisters& registers) {
    registers.bench.peripherals.rcc.set_backup_access(true);
  });
}

TEST(RegisterTables, Pwr) {  // RM0038 5.4
  constexpr std::array<Row, 2> rows{{
      // VOS 00 is refused, CWUF and CSBF read 0.
      {.name = "CR", .offset = 0x0, .reset = 0x1000, .writable = 0x47F3, .set_only = 0x800},
      // Enabling WKUP2 while PC13 is high is a wake-up event.
      {.name = "CSR", .offset = 0x4, .reset = 8, .writable = 0x700, .set_only = 1, .survives = 1},
  }};
  check_peripheral_registers(0x40007000, rows);
}

TEST(RegisterTables, Gpio) {  // RM0038 7.4
  for (std::uint32_t port = 0; port < 8; ++port) {
    const std::uint32_t base = 0x40020000 + 0x400 * port;  // A B C D E H F G
    const std::uint32_t mode = port == 0 ? 0xA8000000 : port == 1 ? 0x280 : 0;
    const std::uint32_t pull = port == 0 ? 0x64000000 : port == 1 ? 0x100 : 0;
    const std::uint32_t speed = port == 1 ? 0xC0 : 0;
    const std::array<Row, 10> rows{{
        {.name = "MODER", .offset = 0x00, .reset = mode, .writable = 0xFFFFFFFF},
        {.name = "OTYPER", .offset = 0x04, .writable = 0xFFFF},
        {.name = "OSPEEDR", .offset = 0x08, .reset = speed, .writable = 0xFFFFFFFF},
        {.name = "PUPDR", .offset = 0x0C, .reset = pull, .writable = 0xFFFFFFFF},
        {.name = "ODR", .offset = 0x14, .writable = 0xFFFF},
        {.name = "BSRR", .offset = 0x18},
        {.name = "LCKR", .offset = 0x1C, .writable = 0xFFFF},
        {.name = "AFRL", .offset = 0x20, .writable = 0xFFFFFFFF},
        {.name = "AFRH", .offset = 0x24, .writable = 0xFFFFFFFF},
        {.name = "BRR", .offset = 0x28},
    }};
    check_peripheral_registers(base, rows);
    PeripheralRegisters registers(base);
    const std::uint32_t input = registers.read(0x10);
    registers.write(0x10, ~input);
    EXPECT_EQ(registers.read(0x10), input) << "IDR is read-only";
  }
}

TEST(RegisterTables, Exti) {  // RM0038 10.3
  constexpr std::array<Row, 6> rows{{
      {.name = "IMR", .offset = 0x00, .writable = 0xFFFFFF},
      {.name = "EMR", .offset = 0x04, .writable = 0xFFFFFF},
      {.name = "RTSR", .offset = 0x08, .writable = 0xFFFFFF},
      {.name = "FTSR", .offset = 0x0C, .writable = 0xFFFFFF},
      {.name = "SWIER", .offset = 0x10, .set_only = 0xFFFFFF},
      {.name = "PR", .offset = 0x14},
  }};
  check_peripheral_registers(0x40010400, rows);
}

TEST(RegisterTables, Syscfg) {  // RM0038 8.5
  constexpr std::array<Row, 6> rows{{
      {.name = "MEMRMP", .offset = 0x00, .writable = 3, .set_only = 0, .ones = 0xFFFFFFFD},
      {.name = "PMC", .offset = 0x04, .writable = 0x3F},
      {.name = "EXTICR1", .offset = 0x08, .writable = 0xFFFF},
      {.name = "EXTICR2", .offset = 0x0C, .writable = 0xFFFF},
      {.name = "EXTICR3", .offset = 0x10, .writable = 0xFFFF},
      {.name = "EXTICR4", .offset = 0x14, .writable = 0xFFFF},
  }};
  check_peripheral_registers(0x40010000, rows);
}

TEST(RegisterTables, Iwdg) {  // RM0038 chapter "Independent watchdog"
  constexpr std::array<Row, 4> locked{{
      {.name = "KR", .offset = 0x0, .ones = 0x0000FFFF},
      {.name = "PR", .offset = 0x4},
      {.name = "RLR", .offset = 0x8, .reset = 0xFFF},
      {.name = "SR", .offset = 0xC},
  }};
  check_peripheral_registers(0x40003000, locked);
  constexpr std::array<Row, 2> open{{
      {.name = "PR", .offset = 0x4, .writable = 7},
      {.name = "RLR", .offset = 0x8, .reset = 0xFFF, .writable = 0xFFF},
  }};
  check_peripheral_registers(0x40003000, open,
                             [](PeripheralRegisters& registers) { registers.write(0, 0x5555); });
}

TEST(RegisterTables, Wwdg) {  // RM0038 chapter "Window watchdog"
  constexpr std::array<Row, 3> rows{{
      {.name = "CR", .offset = 0x0, .reset = 0x7F, .writable = 0x7F, .set_only = 0x80},
      {.name = "CFR", .offset = 0x4, .reset = 0x7F, .writable = 0x1FF, .set_only = 0x200},
      {.name = "SR", .offset = 0x8},
  }};
  check_peripheral_registers(0x40002C00, rows);
}

TEST(RegisterTables, Crc) {  // RM0038 chapter "CRC calculation unit"; DR is in crc_test.cpp
  constexpr std::array<Row, 2> rows{{
      {.name = "IDR", .offset = 0x4, .writable = 0xFF},
      {.name = "CR", .offset = 0x8},
  }};
  check_peripheral_registers(0x40023000, rows);
  EXPECT_EQ(PeripheralRegisters(0x40023000).read(0), 0xFFFFFFFFu);
}

// --- FLASH and DBGMCU, which the machine owns ----------------------------------------------------

class NoEnvironment final : public FlashEnvironment {
 public:
  std::uint32_t executing_address() const override { return 0x20000000; }
  void code_changed(std::uint32_t, std::uint32_t) override {}
  void stall_cpu(Picoseconds) override {}
  void bus_error(std::uint32_t) override { ++errors; }
  void power_fails(Picoseconds) override {}
  int errors = 0;
};

struct FlashParts {
  TestBench bench;
  Memory memory;
  NoEnvironment environment;
  FlashController flash{bench, memory, environment};
};

class FlashRegisters {
 public:
  FlashRegisters() { parts_->flash.reset(true); }
  std::uint32_t read(std::uint32_t offset) { return parts_->flash.read(offset, 4); }
  void write(std::uint32_t offset, std::uint32_t value) { parts_->flash.write(offset, value, 4); }
  void reset() { parts_->flash.reset(false); }
  int errors() const { return parts_->environment.errors; }

 private:
  std::unique_ptr<FlashParts> parts_ = std::make_unique<FlashParts>();
};

FlashRegisters fresh_flash() {
  return {};
}

void unlock(FlashRegisters& flash) {
  flash.write(0x0C, 0x89ABCDEF);
  flash.write(0x0C, 0x02030405);
}

TEST(RegisterTables, Flash) {  // RM0038 3.9
  constexpr std::array<Row, 12> locked{{
      // LATENCY and PRFTEN need ACC64 first, RUN_PD its key.
      {.name = "ACR", .offset = 0x00, .writable = 0xC},
      {.name = "PECR", .offset = 0x04, .reset = 7},
      {.name = "PDKEYR", .offset = 0x08, .ones = 0x04152637},
      {.name = "PEKEYR", .offset = 0x0C, .ones = 0x89ABCDEF},
      {.name = "PRGKEYR", .offset = 0x10},
      {.name = "OPTKEYR", .offset = 0x14},
      {.name = "SR", .offset = 0x18, .reset = 0xC},
      {.name = "OBR", .offset = 0x1C, .reset = 0x00F800AA},
      {.name = "WRPR1", .offset = 0x20},
      {.name = "WRPR2", .offset = 0x80},
      {.name = "WRPR3", .offset = 0x84},
      {.name = "WRPR4", .offset = 0x88},
  }};
  check_registers<FlashRegisters>(locked, fresh_flash);
  constexpr std::array<Row, 1> control{
      {{.name = "PECR", .offset = 0x04, .reset = 7, .writable = 0x38719, .ones = 0x3FFF8}}};
  check_registers<FlashRegisters>(control, fresh_flash, [](FlashRegisters& flash) {
    unlock(flash);
    flash.write(0x04, 6);
  });
}

TEST(RegisterTables, FlashAccessControlHasAnOrder) {  // RM0038 3.9.1
  FlashRegisters flash;
  flash.write(0x00, 7);
  EXPECT_EQ(flash.read(0x00), 4u) << "LATENCY and PRFTEN with ACC64 at once";
  flash.write(0x00, 7);
  EXPECT_EQ(flash.read(0x00), 7u);
  flash.write(0x00, 3);
  EXPECT_EQ(flash.read(0x00), 7u) << "ACC64 goes last";
  flash.write(0x00, 4);
  flash.write(0x00, 0);
  EXPECT_EQ(flash.read(0x00), 0u);
  flash.write(0x08, 0x04152637);
  flash.write(0x08, 0xFAFBFCFD);
  flash.write(0x00, 0x10);
  EXPECT_EQ(flash.read(0x00), 0x10u);
  EXPECT_EQ(flash.read(0x18), 0x4u) << "not READY in power-down";
  flash.write(0x00, 0);
  flash.write(0x00, 0x10);
  EXPECT_EQ(flash.read(0x00), 0u) << "RUN_PD has locked itself again";
  EXPECT_EQ(flash.errors(), 0);
  flash.write(0x08, 1);
  EXPECT_EQ(flash.errors(), 1);
}

class DebugRegisters {
 public:
  DebugRegisters() { debug_->reset(true); }
  std::uint32_t read(std::uint32_t offset) { return debug_->read(offset, 4); }
  void write(std::uint32_t offset, std::uint32_t value) { debug_->write(offset, value, 4); }
  void reset() { debug_->reset(false); }

 private:
  std::unique_ptr<TestBench> bench_ = std::make_unique<TestBench>();
  std::unique_ptr<DebugMcu> debug_ = std::make_unique<DebugMcu>(*bench_);
};

TEST(RegisterTables, DebugMcu) {  // RM0038 30.16; only power-on resets it
  constexpr std::array<Row, 4> rows{{
      {.name = "IDCODE", .offset = 0x0, .reset = 0x10006437},
      {.name = "CR", .offset = 0x4, .writable = 0xE7, .survives = 0xE7},
      {.name = "APB1_FZ", .offset = 0x8, .writable = 0x601C3F, .survives = 0x601C3F},
      {.name = "APB2_FZ", .offset = 0xC, .writable = 0x1C, .survives = 0x1C},
  }};
  check_registers<DebugRegisters>(rows, [] { return DebugRegisters(); });
}

}  // namespace
}  // namespace goldcrest::board
