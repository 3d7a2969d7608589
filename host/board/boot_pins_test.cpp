// SPDX-License-Identifier: MIT
// What the chip starts from, by its boot pins, readout protection and nBFB2 (RM0038 2.8, 3.6, 3.7;
// AN2606): an unlocked board as its owner wants it, a locked one from program memory alone.
#include <gtest/gtest.h>

#include <array>

#include "host/board/board_fixture.hpp"
#include "host/board/debugger.hpp"
#include "host/board/memory.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::milliseconds;
using Pins = Board::BootPins;

constexpr std::uint32_t option_words = 0x1FF80000;
constexpr std::uint32_t rdp = option_words;
constexpr std::uint32_t user = option_words + 4;
constexpr std::uint32_t bank_2 = flash_base + flash_bank_size;
constexpr std::uint32_t report = 0x20001000;  ///< how far the program in RAM came
constexpr std::uint32_t wanted = report + 4;  ///< the address that it is to read
constexpr std::uint32_t seen = report + 8;    ///< what it read there
constexpr std::uint32_t finished = 0xD00ED00E;
constexpr std::uint32_t faulted = 0xFA17FA17;

/// For 0x20000000. Takes its vectors with it (VTOR), then reads the word that is wanted; a fault of
/// any kind is reported.
///   ldr r0, =VTOR; mov r1, #0x20000000; str r1, [r0]
///   ldr r2, =report; ldr r3, =begun; str r3, [r2]
///   ldr r0, [r2, #4]; ldr r3, [r0]; str r3, [r2, #8]; ldr r3, =finished; str r3, [r2]; b .
///   fault: ldr r3, =faulted; ldr r2, =report; str r3, [r2]; b .
constexpr std::array<std::uint32_t, 30> program_in_ram{
    0x20004000, 0x20000041, 0,          0x2000005B, 0,          0,          0,          0,
    0,          0,          0,          0,          0,          0,          0,          0,
    0xF04F4808, 0x60015100, 0x4B084A07, 0x68506013, 0x60936803, 0x60134B06, 0x4B06E7FE, 0x60134A02,
    0x0000E7FA, 0xE000ED08, 0x20001000, 0x600D600D, 0xD00ED00E, 0xFA17FA17};

class BootPins : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(run_.run_to("ready\n")); }

  void write(std::uint32_t address, std::uint32_t value) {
    std::vector<std::uint8_t> bytes(4);
    store(bytes, 0, value, 4);
    const auto written = run_.board.debugger().write(address, bytes);
    ASSERT_TRUE(written.has_value()) << written.error();
  }
  std::uint32_t read(std::uint32_t address) {
    const auto bytes = run_.board.debugger().read(address, 4);
    EXPECT_TRUE(bytes.has_value()) << bytes.error();
    return bytes ? load(*bytes, 0, 4) : 0;
  }
  /// As a probe does it; in force at once.
  void option_word(std::uint32_t address, std::uint16_t value) {
    write(0x40023C0C, 0x89ABCDEF);
    write(0x40023C0C, 0x02030405);
    write(0x40023C14, 0xFBEAD9C8);
    write(0x40023C14, 0x24252627);
    write(address, std::uint32_t{value} | (~std::uint32_t{value} << 16));
    run_.run(milliseconds(20));
    write(0x40023C04, 1u << 18);
    run_.run(milliseconds(20));
  }
  /// A debugger leaves a program in RAM, which a reset does not erase.
  void load_ram(std::uint32_t address_to_read) {
    for (std::uint32_t index = 0; index < program_in_ram.size(); ++index) {
      write(ram_base + 4 * index, program_in_ram[index]);
    }
    write(report, 0);
    write(seen, 0);
    write(wanted, address_to_read);
  }
  void reset_with(Pins pins) {
    run_.console.clear();
    run_.board.set_boot_pins(pins);
    run_.board.reset();
    run_.run(milliseconds(20));
  }
  bool flash_runs() const { return run_.console.find("ready\n") != std::string::npos; }
  std::uint32_t boot_word() { return read(flash_base + 4); }

  ProgrammedBoard run_{"spin"};
};

TEST_F(BootPins, an_open_board_starts_what_they_choose) {
  const auto entry = boot_word();
  load_ram(flash_base + 4);
  reset_with(Pins::ram);
  EXPECT_FALSE(flash_runs());
  EXPECT_EQ(read(report), finished);
  EXPECT_EQ(read(seen), entry);
  EXPECT_EQ(read(0), program_in_ram[0]) << "address 0 is RAM";
  write(0x40023820, 1);  // SYSCFGEN
  EXPECT_EQ(read(0x40010000), 0x303u) << "MEMRMP: BOOT_MODE and MEM_MODE";

  reset_with(Pins::system_memory);
  EXPECT_FALSE(flash_runs());
  EXPECT_NE(run_.board.describe_cpu().find("ST's boot loader"), std::string::npos);

  reset_with(Pins::program_memory);
  EXPECT_TRUE(flash_runs());
}

TEST_F(BootPins, at_level_1_code_in_ram_gets_at_no_flash_nor_eeprom) {
  load_ram(flash_base);  // what the program has read before must not be remembered
  reset_with(Pins::ram);
  EXPECT_EQ(read(report), finished);
  option_word(rdp, 0xBB);
  for (const auto address : {flash_base + 4, bank_2, eeprom_base}) {
    load_ram(address);
    reset_with(Pins::ram);
    EXPECT_FALSE(flash_runs());
    EXPECT_EQ(read(report), faulted) << std::hex << address;
    EXPECT_EQ(read(seen), 0u) << std::hex << address;
  }
  load_ram(option_words);
  reset_with(Pins::ram);
  EXPECT_EQ(read(report), finished);
  EXPECT_EQ(read(seen), 0xFF4400BBu);

  // DMA has no other way: channel 1 of DMA1, memory to memory, one word.
  write(0x4002381C, 1u << 24);
  write(0x4002600C, 1);
  write(0x40026010, flash_base);
  write(0x40026014, seen);
  write(0x40026008, 1u << 14 | 2u << 10 | 2u << 8 | 1u);
  run_.run(milliseconds(1));
  EXPECT_EQ(read(0x40026000) & 0xFu, 0x9u) << "TEIF1 and GIF1: a transfer error";
  EXPECT_EQ(read(seen), 0xFF4400BBu);

  // It is the same in a restored board, and over when the pins are as they should be.
  const auto state = run_.board.save();
  ASSERT_TRUE(run_.board.restore(state).has_value());
  load_ram(flash_base);
  run_.board.reset();
  run_.run(milliseconds(20));
  EXPECT_EQ(read(report), faulted);
  reset_with(Pins::program_memory);
  EXPECT_TRUE(flash_runs());
}

TEST_F(BootPins, at_level_2_they_are_not_looked_at) {
  load_ram(flash_base);
  option_word(rdp, 0xCC);
  for (const auto pins : {Pins::ram, Pins::system_memory}) {
    reset_with(pins);
    EXPECT_TRUE(flash_runs());
    EXPECT_TRUE(run_.board.debugger().locked());
  }
}

/// The same program in bank 2, with another vector table: it starts in bank 1's code.
class DualBankBoot : public BootPins {
 protected:
  void fill_bank_2(std::uint32_t stack_pointer) {
    std::vector<std::uint8_t> page(flash_page_size);
    store(page, 0, stack_pointer, 4);
    store(page, 4, bank_2 + 0x40 + 1, 4);
    store(page, 0x40, 0xE7FE, 4);  // b .
    ASSERT_TRUE(run_.board.program(bank_2, page).has_value());
  }
  std::string cpu() { return run_.board.describe_cpu(); }
  static constexpr const char* in_bank_2 = "08040040";
};

TEST_F(DualBankBoot, starts_bank_2_if_it_begins_with_a_stack_pointer) {
  fill_bank_2(0x20004000);
  reset_with(Pins::program_memory);
  EXPECT_TRUE(flash_runs()) << "nBFB2 is 1";
  run_.console.clear();
  option_word(user, 0x78);
  EXPECT_FALSE(flash_runs());
  EXPECT_NE(cpu().find(in_bank_2), std::string::npos) << cpu();
}

TEST_F(DualBankBoot, starts_bank_1_if_bank_2_does_not_begin_with_one) {
  for (const std::uint32_t word :
       {0u, 0xFFFFFFFFu, ram_base, ram_base + ram_size + 4, 0x08000100u}) {
    fill_bank_2(word);
    run_.console.clear();
    option_word(user, 0x78);
    EXPECT_TRUE(flash_runs()) << std::hex << word;
    EXPECT_EQ(cpu().find(in_bank_2), std::string::npos) << std::hex << word;
  }
}

TEST_F(DualBankBoot, starts_bank_2_at_level_2_too) {
  fill_bank_2(0x20004000);
  option_word(user, 0x78);
  run_.console.clear();
  option_word(rdp, 0xCC);
  EXPECT_FALSE(flash_runs());
  EXPECT_NE(cpu().find(in_bank_2), std::string::npos) << cpu();
}

TEST_F(DualBankBoot, stays_in_the_boot_loader_when_there_is_nothing_to_start) {
  ASSERT_TRUE(run_.board.program(flash_base, std::vector<std::uint8_t>(256)).has_value());
  option_word(user, 0x78);
  EXPECT_NE(cpu().find("ST's boot loader"), std::string::npos) << cpu();
}

}  // namespace
}  // namespace goldcrest::board
