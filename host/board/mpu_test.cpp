// SPDX-License-Identifier: MIT
// The MPU's registers bit by bit and its regions one rule at a time (PM0056 4.2), then programs
// that run into it.
#include "host/board/mpu.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "host/board/board_fixture.hpp"
#include "host/board/state.hpp"
#include "host/board/test_registers.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t control = 0x04;
constexpr std::uint32_t number = 0x08;
constexpr std::uint32_t region_base = 0x0C;
constexpr std::uint32_t attributes = 0x10;
constexpr std::uint32_t valid = 1u << 4;
constexpr std::uint32_t execute_never = 1u << 28;

class MpuRegisters {
 public:
  std::uint32_t read(std::uint32_t offset) { return mpu_->read(offset, 4); }
  void write(std::uint32_t offset, std::uint32_t value) { mpu_->write(offset, value, 4); }
  void reset() { mpu_->reset(false); }

 private:
  std::unique_ptr<TestBench> bench_ = std::make_unique<TestBench>();
  std::unique_ptr<Mpu> mpu_ = std::make_unique<Mpu>(*bench_);
};

TEST(RegisterTables, Mpu) {
  constexpr std::array<RegisterRow, 11> rows{{
      {.name = "TYPE", .offset = 0x00, .reset = 0x800},
      {.name = "CTRL", .offset = 0x04, .writable = 0x7},
      {.name = "RNR", .offset = 0x08, .writable = 0x7},
      // With VALID clear; VALID and REGION have their own test.
      {.name = "RBAR", .offset = 0x0C, .writable = 0xFFFFFFE0, .ones = 0xFFFFFFE0},
      {.name = "RASR", .offset = 0x10, .writable = 0x173FFF3F},
      {.name = "RBAR_A1", .offset = 0x14, .writable = 0xFFFFFFE0, .ones = 0xFFFFFFE0},
      {.name = "RASR_A1", .offset = 0x18, .writable = 0x173FFF3F},
      {.name = "RBAR_A2", .offset = 0x1C, .writable = 0xFFFFFFE0, .ones = 0xFFFFFFE0},
      {.name = "RASR_A2", .offset = 0x20, .writable = 0x173FFF3F},
      {.name = "RBAR_A3", .offset = 0x24, .writable = 0xFFFFFFE0, .ones = 0xFFFFFFE0},
      {.name = "RASR_A3", .offset = 0x28, .writable = 0x173FFF3F},
  }};
  check_registers<MpuRegisters>(rows, [] { return MpuRegisters(); });
}

class MpuTest : public ::testing::Test {
 protected:
  void write(std::uint32_t offset, std::uint32_t value) { mpu.write(offset, value, 4); }
  std::uint32_t read(std::uint32_t offset) { return mpu.read(offset, 4); }
  /// `exponent`: of the size in bytes.
  void region(unsigned which, std::uint32_t address, unsigned exponent, std::uint32_t access,
              std::uint32_t more = 0) {
    write(region_base, address | valid | which);
    write(attributes, more | (access << 24) | ((exponent - 1) << 1) | 1u);
  }
  bool may(MemoryUse use, std::uint32_t address, bool privileged = true) {
    return !mpu.first_refused(address, 1, use, privileged);
  }
  bool readable(std::uint32_t address, bool privileged = true) {
    return may(MemoryUse::read, address, privileged);
  }

  TestBench bench;
  Mpu mpu{bench};
};

TEST_F(MpuTest, selects_a_region_by_number_or_with_its_base) {
  write(number, 3);
  write(region_base, 0x20000100 | 5);  // without VALID the number below does not count
  write(attributes, 0x03000011);
  EXPECT_EQ(read(number), 3U);
  EXPECT_EQ(read(region_base), 0x20000103U);
  write(region_base, 0x20000200 | valid | 5);
  EXPECT_EQ(read(number), 5U);
  EXPECT_EQ(read(region_base), 0x20000205U);
  EXPECT_EQ(read(attributes), 0U);
  write(number, 3);
  EXPECT_EQ(read(region_base), 0x20000103U);
  EXPECT_EQ(read(attributes), 0x03000011U);
}

TEST_F(MpuTest, sets_four_regions_through_the_aliases) {
  for (std::uint32_t which = 0; which < 4; ++which) {
    write(0x0C + 8 * which, (0x20000000 + 0x1000 * which) | valid | (which + 2));
    write(0x10 + 8 * which, 0x03000011 | (which << 16));
  }
  for (std::uint32_t which = 0; which < 4; ++which) {
    write(number, which + 2);
    for (std::uint32_t alias = 0; alias < 4; ++alias) {
      EXPECT_EQ(read(0x0C + 8 * alias), 0x20000000 + 0x1000 * which + which + 2);
      EXPECT_EQ(read(0x10 + 8 * alias), 0x03000011U | (which << 16));
    }
  }
}

TEST_F(MpuTest, takes_half_words_of_the_attributes) {
  write(attributes, 0x03050011);
  mpu.write(attributes, 0xFF17, 2);
  EXPECT_EQ(read(attributes), 0x0305FF17U);
  mpu.write(attributes + 2, 0x1000, 2);
  EXPECT_EQ(read(attributes), 0x1000FF17U);
}

TEST_F(MpuTest, covers_what_address_and_size_say) {
  write(control, 1);
  region(0, 0x20001000, 5, 3);
  EXPECT_FALSE(readable(0x20000FFF));
  EXPECT_TRUE(readable(0x20001000));
  EXPECT_TRUE(readable(0x2000101F));
  EXPECT_FALSE(readable(0x20001020));
  region(0, 0x20001FE0, 12, 3);  // bits below the size do not count
  EXPECT_TRUE(readable(0x20001000));
  EXPECT_FALSE(readable(0x20002000));
  region(0, 0xFFFFFFE0, 32, 3);
  EXPECT_TRUE(readable(0x00000000));
  EXPECT_TRUE(readable(0xFFFFFFFF));
  region(0, 0x20001000, 4, 3);  // 16 bytes: reserved
  EXPECT_FALSE(readable(0x20001000));
  region(0, 0x20001000, 5, 3);
  write(attributes, read(attributes) & ~1u);
  EXPECT_FALSE(readable(0x20001000));
}

TEST_F(MpuTest, leaves_out_subregions) {
  write(control, 1);
  region(0, 0x20000000, 8, 3, 0xA1u << 8);
  for (std::uint32_t subregion = 0; subregion < 8; ++subregion) {
    const bool there = (0xA1u >> subregion & 1u) == 0;
    EXPECT_EQ(readable(0x20000000 + 32 * subregion), there) << subregion;
    EXPECT_EQ(readable(0x2000001F + 32 * subregion), there) << subregion;
  }
  region(0, 0x20000000, 32, 3, 2u << 8);
  EXPECT_TRUE(readable(0x1FFFFFFF));
  EXPECT_FALSE(readable(0x20000000));
  EXPECT_FALSE(readable(0x3FFFFFFF));
  EXPECT_TRUE(readable(0x40000000));
  region(0, 0x20000000, 7, 3, 0xFFu << 8);  // too small for them
  EXPECT_TRUE(readable(0x20000000));
}

TEST_F(MpuTest, lets_the_highest_number_decide) {
  write(control, 1);
  region(2, 0x20000000, 12, 3);
  region(5, 0x20000400, 8, 0);
  region(1, 0x20000400, 12, 3);
  EXPECT_TRUE(readable(0x200003FF));
  EXPECT_FALSE(readable(0x20000400));
  EXPECT_FALSE(readable(0x200004FF));
  EXPECT_TRUE(readable(0x20000500));
  EXPECT_EQ(mpu.first_refused(0x200003E0, 0x100, MemoryUse::read, true), 0x20000400U);
  EXPECT_EQ(mpu.first_refused(0x20000410, 4, MemoryUse::read, true), 0x20000410U);
  EXPECT_EQ(mpu.first_refused(0x20000500, 0x100, MemoryUse::read, true), std::nullopt);
}

TEST_F(MpuTest, permits_what_the_access_field_says) {
  // privileged read, write, execute; unprivileged read, write, execute
  constexpr std::array<const char*, 8> expected{"------", "rwx---", "rwxr-x", "rwxrwx",
                                                "------", "r-x---", "r-xr-x", "r-xr-x"};
  write(control, 5);
  for (std::uint32_t access = 0; access < 8; ++access) {
    for (const bool never : {false, true}) {
      region(0, 0x20000000, 12, access, never ? execute_never : 0);
      std::string found;
      for (const bool privileged : {true, false}) {
        found += may(MemoryUse::read, 0x20000000, privileged) ? 'r' : '-';
        found += may(MemoryUse::write, 0x20000000, privileged) ? 'w' : '-';
        found += may(MemoryUse::execute, 0x20000000, privileged) ? 'x' : '-';
      }
      std::string wanted = expected[access];
      if (never) wanted[2] = wanted[5] = '-';
      EXPECT_EQ(found, wanted) << access;
    }
  }
}

TEST_F(MpuTest, has_the_default_map_behind_its_regions_for_privileged_code) {
  write(control, 1);
  EXPECT_FALSE(readable(0x20000000));
  write(control, 5);
  EXPECT_TRUE(readable(0x20000000));
  EXPECT_FALSE(readable(0x20000000, false));
  EXPECT_TRUE(may(MemoryUse::execute, 0x08000000));
  EXPECT_TRUE(may(MemoryUse::execute, 0x3FFFFFFF));
  EXPECT_FALSE(may(MemoryUse::execute, 0x40000000));
  EXPECT_TRUE(may(MemoryUse::execute, 0x60000000));
  EXPECT_FALSE(may(MemoryUse::execute, 0xA0000000));
  EXPECT_TRUE(may(MemoryUse::write, 0xA0000000));
}

TEST_F(MpuTest, leaves_the_private_peripherals_alone) {
  write(control, 1);
  region(0, 0xE0000000, 29, 0);
  EXPECT_TRUE(may(MemoryUse::write, 0xE000ED94));
  EXPECT_TRUE(may(MemoryUse::read, 0xE00FFFFF));
  EXPECT_FALSE(may(MemoryUse::read, 0xE0100000));
  EXPECT_FALSE(may(MemoryUse::read, 0xDFFFFFFF));
  region(0, 0xE0000000, 29, 3);
  EXPECT_FALSE(may(MemoryUse::execute, 0xE000E000));
  EXPECT_FALSE(may(MemoryUse::execute, 0xE0100000));
}

TEST_F(MpuTest, says_when_every_instruction_counts) {
  EXPECT_FALSE(mpu.watches_instructions());
  write(control, 1);
  EXPECT_TRUE(mpu.watches_instructions());  // no background
  write(control, 5);
  region(0, 0x20000000, 17, 3, execute_never);
  EXPECT_FALSE(mpu.watches_instructions());
  region(1, 0x20000000, 5, 6);
  EXPECT_TRUE(mpu.watches_instructions());
  region(1, 0x20000000, 5, 1);
  EXPECT_FALSE(mpu.watches_instructions());
  mpu.watch_instructions();
  EXPECT_TRUE(mpu.watches_instructions());
  write(control, 4);
  EXPECT_FALSE(mpu.watches_instructions());
  write(control, 5);
  EXPECT_FALSE(mpu.watches_instructions());
}

TEST_F(MpuTest, is_saved_whole) {
  write(control, 7);
  region(6, 0x20000400, 10, 2, 0x0500);
  mpu.watch_instructions();
  Saver saver;
  mpu.serialize(saver);
  Mpu other(bench);
  Saver loader(saver.bytes());
  other.serialize(loader);
  EXPECT_EQ(loader.error(), "");
  EXPECT_EQ(loader.remaining(), 0U);
  EXPECT_EQ(other.read(number, 4), 6U);
  EXPECT_EQ(other.read(region_base, 4), 0x20000406U);
  EXPECT_EQ(other.read(attributes, 4), read(attributes));
  EXPECT_TRUE(other.guards_faults());
  EXPECT_TRUE(other.watches_instructions());
  auto damaged = saver.take_bytes();
  damaged[4 + 3 + 4] = 8;  // the number, behind the section's name and CTRL
  Saver refused(damaged);
  other.serialize(refused);
  EXPECT_NE(refused.error(), "");
}

/// As a Cortex-M3 answers, by ARMv7-M B3.5: each fault at its instruction, with the first refused
/// byte, counted from a buffer of which bytes 0x20 to 0x3F are the region.
constexpr const char* program_output =
    "type=0x00000800\n"
    "allowed: faults=0x00000000\n"
    "write: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000024\n"
    "  at the instruction=0x00000001\n"
    "  stored=0x004d004e\n"
    "read: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x0000003c\n"
    "  at the instruction=0x00000001\n"
    "  loaded=0x0000000f\n"
    "multiple: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000020\n"
    "  at the instruction=0x00000001\n"
    "  base kept=0x00000001\n"
    "  stored=0x00001234\n"
    "exclusive: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000020\n"
    "  at the instruction=0x00000001\n"
    "double: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000020\n"
    "  at the instruction=0x00000001\n"
    "conditional: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000024\n"
    "  at the instruction=0x00000001\n"
    "  it=0x00000014\n"
    "  stored=0x00000309\n"
    "not executed: faults=0x00000000\n"
    "code in RAM: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000001\n"
    "  at the instruction=0x00000001\n"
    "  result=0x00000020\n"
    "from the middle on: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000001\n"
    "  at the instruction=0x00000001\n"
    "  result=0x00000084\n"
    "readable code: faults=0x00000000\n"
    "  result=0x000000e8\n"
    "no handler: faults=0x00000001\n"
    "  exception=0x00000003\n"
    "  cfsr=0x00000082\n"
    "  hfsr=0x40000000\n"
    "  byte=0x00000020\n"
    "  at the instruction=0x00000001\n"
    "faultmask: faults=0x00000000\n"
    "  stored=0x00000042\n"
    "stacking: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000010\n"
    "  interrupts=0x00000001\n"
    "unstacking: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000008\n"
    "unprivileged read: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000020\n"
    "  at the instruction=0x00000001\n"
    "  loaded=0x00001234\n"
    "unprivileged write: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000024\n"
    "  at the instruction=0x00000001\n"
    "as unprivileged: faults=0x00000001\n"
    "  exception=0x00000004\n"
    "  cfsr=0x00000082\n"
    "  byte=0x00000028\n"
    "  at the instruction=0x00000001\n"
    "privileged write: faults=0x00000000\n"
    "last\n";

TEST(MpuPrograms, refuse_what_regions_say_and_go_on_when_they_open) {
  ProgrammedBoard board("mpu");
  EXPECT_TRUE(board.run_to("last\n")) << board.board.describe_cpu();
  EXPECT_EQ(board.console, program_output);
  // A fault at a negative priority, where HFNMIENA lets the MPU act.
  board.run(std::chrono::milliseconds(5));
  EXPECT_EQ(board.console, program_output);
  EXPECT_NE(board.board.describe_cpu().find("locked up"), std::string::npos);
}

TEST(MpuPrograms, run_the_same_in_slices_and_after_restoring) {
  ProgrammedBoard whole("mpu");
  ProgrammedBoard sliced("mpu");
  const base::Instant end = whole.board.now() + std::chrono::milliseconds(200);
  whole.board.run_until(end);
  Board other({});
  Board* now = &sliced.board;
  Board* next = &other;
  std::string console;
  for (unsigned slice = 0; now->now() < end; ++slice) {
    now->run_until(std::min<base::Instant>(end, now->now() + std::chrono::microseconds(37)));
    console += now->take_serial();
    if (slice % 64 != 0) continue;
    ASSERT_TRUE(next->restore(now->save()).has_value());
    std::swap(now, next);
  }
  EXPECT_EQ(console, program_output);
  EXPECT_EQ(whole.board.take_serial(), console);
  EXPECT_EQ(now->instructions(), whole.board.instructions());
}

}  // namespace
}  // namespace goldcrest::board
