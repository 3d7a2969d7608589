// SPDX-License-Identifier: MIT
// The shipping binaries of BOOT, MTA and APP on the virtual board: what only the whole image shows.
// The files come from the firmware build (GOLDCREST_FIRMWARE_DIR).
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/image/slot.hpp"
#include "core/update/installer.hpp"
#include "core/update/slots.hpp"
#include "host/board/board.hpp"
#include "host/board/debugger.hpp"
#include "host/packer/man.hpp"
#include "host/packer/memory_flash.hpp"
#include "host/packer/pack.hpp"
#include "host/packer/test_folder.hpp"

namespace goldcrest {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using Bytes = std::vector<std::uint8_t>;

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path << " is missing: build the firmware first";
  return {std::istreambuf_iterator<char>(file), {}};
}

class SilentAir final : public board::RadioPort {
 public:
  void transmit(base::Instant, base::Instant, std::span<const std::uint8_t>,
                const board::RadioSettings&) override {
    ++frames;
  }
  int rssi_dbm(base::Instant, const board::RadioSettings&) override { return -120; }

  int frames = 0;
};

/// What the factory has: a MAN image of 1.0.31 and the update to 1.1.31, made once for all tests.
class Factory {
 public:
  Factory() {
    const std::filesystem::path firmware = GOLDCREST_FIRMWARE_DIR;
    const auto app = pack(firmware / "goldcrest-app-1.0.31.elf");
    update = read_file(pack(firmware / "goldcrest-app-1.1.31.elf"));
    const auto made = packer::make_man_image({.boot = firmware / "goldcrest-boot.elf",
                                              .mta = firmware / "goldcrest-mta.elf",
                                              .app = app,
                                              .keys = keys_.keys(),
                                              .also_trust = {},
                                              .output_directory = out_.path(),
                                              .server = ""});
    EXPECT_TRUE(made) << made.error().text;
    if (made) man = read_file(made->file);
  }

  Bytes man;
  Bytes update;

 private:
  std::filesystem::path pack(const std::filesystem::path& elf) {
    const auto packed = packer::pack({.elf = elf,
                                      .keys = keys_.keys(),
                                      .output_directory = out_.path(),
                                      .update = {},
                                      .signing = keys_.options});
    EXPECT_TRUE(packed) << packed.error().text;
    return packed ? packed->file : std::filesystem::path();
  }

  packer::TestKeys keys_;
  packer::TestFolder out_;
};

const Factory& factory() {
  static const Factory made;
  return made;
}

class Firmware : public testing::Test {
 protected:
  Firmware() { board_.connect(air_); }

  void program(std::uint32_t address, std::span<const std::uint8_t> bytes) {
    const auto done = board_.program(address, bytes);
    ASSERT_TRUE(done) << done.error();
  }
  /// Loads `flash` into a powered board and resets it.
  void start(const Bytes& flash, bool jumper = false) {
    board_.power(true);
    board_.set_jumper(jumper);
    program(image::flash_section.base, flash);
    reset();
  }
  void reset() {
    console_.clear();
    board_.reset();
  }
  void power_cycle() {
    board_.power(false);
    run(100ms);
    console_.clear();
    board_.power(true);
  }
  void run(base::Duration time) {
    board_.run_until(board_.now() + time);
    console_ += board_.take_serial();
  }
  bool wait_for(std::string_view text, base::Duration limit = 5s) {
    const auto end = board_.now() + limit;
    while (console_.find(text) == std::string::npos) {
      if (board_.now() >= end) return false;
      run(1ms);
    }
    return true;
  }
  /// Types a line and waits for the menu's next prompt.
  void enter(std::string_view line) {
    console_.clear();
    board_.type(std::string(line) + "\r");
    ASSERT_TRUE(wait_for("> ")) << console_;
    run(20ms);
  }
  /// The number of blinks between two pauses, 0 when the LED stays dark.
  int blink_code() {
    int blinks = 0;
    bool was_on = board_.led();
    auto last_change = board_.now();
    bool after_pause = false;
    for (const auto end = board_.now() + 20s; board_.now() < end;) {
      run(10ms);
      if (board_.led() == was_on) {
        if (was_on || board_.now() - last_change < 1s) continue;
        if (after_pause && blinks > 0) return blinks;
        after_pause = true;
        blinks = 0;
        continue;
      }
      was_on = board_.led();
      last_change = board_.now();
      if (was_on) ++blinks;
    }
    return 0;
  }

  board::Board board_{{}};
  SilentAir air_;
  std::string console_;
};

/// The manufactured flash with 1.1.31 in APP2: on trial, or confirmed.
Bytes flash_with_update(bool confirmed) {
  packer::MemoryFlash flash;
  EXPECT_TRUE(flash.program(image::flash_section.base, factory().man));
  const auto keys = image::read_factory(flash);
  const auto running = update::running_image(flash, image::Slot::app1);
  EXPECT_TRUE(keys && running);
  update::Installer installer(flash, *keys, *running, {});
  installer.begin();
  const auto written = installer.write(factory().update);
  EXPECT_TRUE(written) << update::describe(written.error());
  const auto finished = installer.finish();
  EXPECT_TRUE(finished) << update::describe(finished.error());
  if (confirmed) {
    EXPECT_TRUE(update::confirm(flash, image::Slot::app2));
  }
  const auto bytes = flash.view(image::flash_section);
  return {bytes.begin(), bytes.end()};
}

TEST_F(Firmware, BootStartsTheManufacturedApplication) {
  start(factory().man);
  const auto switched_on = board_.now();
  ASSERT_TRUE(wait_for("=== Goldcrest application 1.0.31, OTA-STM32L1-SPIRIT1 ===\r\n"))
      << console_;
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(board_.now() - switched_on);
  RecordProperty("milliseconds_from_reset_to_banner", static_cast<int>(took.count()));
  EXPECT_LT(took, 1s);
  EXPECT_TRUE(wait_for("Link-local address: fe80::"));
  EXPECT_THAT(console_, HasSubstr("Running from: APP1, confirmed\r\n"));
  EXPECT_THAT(console_, HasSubstr("BOOT version: 1.0.0\r\nMTA version: 1.0.0\r\n"
                                  "APP1 version: 1.0.31\r\nAPP2 version: 0.0.0\r\n"
                                  "Current version: 1.0.31\r\n"));
  EXPECT_THAT(console_, HasSubstr("Update server: not set"));
}

TEST_F(Firmware, LooksForTheMeshAndSleepsMeanwhile) {
  start(factory().man);
  ASSERT_TRUE(wait_for("Global address: none yet"));
  run(5s);
  const auto before = board_.instructions();
  run(60s);
  EXPECT_GT(air_.frames, 2);
  // 32 million instructions a second if it never slept.
  EXPECT_LT(board_.instructions() - before, 60 * 32'000'000ull / 50);
  EXPECT_THAT(console_, Not(HasSubstr("FATAL")));
}

TEST_F(Firmware, StatusOnTheConsole) {
  start(factory().man);
  ASSERT_TRUE(wait_for("Global address: none yet"));
  run(20s);
  board_.type("s");
  ASSERT_TRUE(wait_for("bytes used at most]"));
  const auto at = console_.find("[Status: stack ");
  ASSERT_NE(at, std::string::npos);
  unsigned used = 0;
  unsigned size = 0;
  ASSERT_EQ(std::sscanf(console_.c_str() + at, "[Status: stack %u of %u", &used, &size), 2);
  EXPECT_GT(used, 500u);
  EXPECT_LT(used, size * 3 / 4);
  EXPECT_THAT(console_, HasSubstr("radio restarts 0]"));
}

TEST_F(Firmware, TheJumperSelectsTheMta) {
  start(factory().man, true);
  ASSERT_TRUE(wait_for("option> ")) << console_;
  EXPECT_THAT(console_, HasSubstr("a  OTA server IP address: not set"));
  EXPECT_THAT(console_, Not(HasSubstr("roll back")));
  enter("a");
  enter("2001:db8::7");
  enter("4");
  EXPECT_THAT(console_, HasSubstr("\nsaved\r\n"));

  board_.set_jumper(false);
  power_cycle();
  EXPECT_TRUE(wait_for("Update server: 2001:db8::7\r\n")) << console_;
}

TEST_F(Firmware, SettingsSurviveAPowerCutAtEveryFlashOperation) {
  start(factory().man, true);
  ASSERT_TRUE(wait_for("option> "));
  for (const std::string line : {"7", "old", "a", "192.0.2.1", "4"}) enter(line);
  for (const std::string line : {"7", "new", "a", "192.0.2.2"}) enter(line);
  const auto before = board_.save();
  const auto first = board_.flash_operations();
  enter("4");
  const auto operations = board_.flash_operations() - first;
  ASSERT_GT(operations, 0u);
  int old_sets = 0;
  int new_sets = 0;
  for (std::uint64_t operation = 0; operation < operations; ++operation) {
    for (const auto phase :
         {board::CutPhase::before, board::CutPhase::inside, board::CutPhase::after}) {
      ASSERT_TRUE(board_.restore(before));
      board_.arm({.flash_operation = board_.flash_operations() + operation,
                  .phase = phase,
                  .torn_seed = operation + 1});
      board_.type("4\r");
      run(2s);
      ASSERT_TRUE(board_.take_cut_fired()) << operation;
      power_cycle();
      ASSERT_TRUE(wait_for("option> ")) << operation << console_;
      const bool is_old = console_.find("device field 1: old\r\n") != std::string::npos &&
                          console_.find("address: 192.0.2.1\r\n") != std::string::npos;
      const bool is_new = console_.find("device field 1: new\r\n") != std::string::npos &&
                          console_.find("address: 192.0.2.2\r\n") != std::string::npos;
      ASSERT_TRUE(is_old || is_new) << "operation " << operation << console_;
      ++(is_old ? old_sets : new_sets);
    }
  }
  EXPECT_GT(old_sets, 0);
  EXPECT_GT(new_sets, 0);
}

TEST_F(Firmware, AConfirmedUpdateRunsFromTheSecondSlot) {
  start(flash_with_update(true));
  ASSERT_TRUE(wait_for("Current version: 1.1.31\r\n")) << console_;
  EXPECT_THAT(console_, HasSubstr("The UPDATED application is running.\r\n"));
  EXPECT_THAT(console_, HasSubstr("Running from: APP2, confirmed\r\n"));
  run(30s);
  EXPECT_GT(air_.frames, 0);  // its vtables and pointers have been relocated, too
  EXPECT_THAT(console_, Not(HasSubstr("FATAL")));
}

TEST_F(Firmware, AnUpdateThatNeverReachesTheServerIsGivenUp) {
  start(flash_with_update(false));
  for (const std::string_view number : {"1", "2", "3"}) {
    ASSERT_TRUE(wait_for("on trial: start " + std::string(number) + " of 3")) << console_;
    console_.clear();
    ASSERT_TRUE(wait_for("[Trial over without reaching the server: resetting]", 11min));
  }
  ASSERT_TRUE(wait_for("Current version: 1.0.31\r\n")) << console_;
  EXPECT_THAT(console_, HasSubstr("Running from: APP1, confirmed\r\n"));
  reset();
  EXPECT_TRUE(wait_for("Current version: 1.0.31\r\n")) << "it stays rejected";
}

TEST_F(Firmware, RollbackByTheMta) {
  start(flash_with_update(true), true);
  ASSERT_TRUE(wait_for("option> "));
  EXPECT_THAT(console_, HasSubstr("  5  roll back a firmware update\r\n"));
  board_.type("5\r");
  ASSERT_TRUE(wait_for("rollback to version 1.0.31 from 1.1.31 y/n?"));
  board_.type("y");
  ASSERT_TRUE(wait_for("rolled back to version 1.0.31"));
  ASSERT_TRUE(wait_for("option> "));
  board_.set_jumper(false);
  reset();
  ASSERT_TRUE(wait_for("Current version: 1.0.31\r\n")) << console_;
  EXPECT_THAT(console_, HasSubstr("APP2 version: 1.1.31\r\n"));
}

TEST_F(Firmware, ADamagedUpdateIsNotStarted) {
  auto flash = flash_with_update(true);
  flash[image::app2_section.base - image::flash_section.base + 5000] ^= 0x10;
  start(flash);
  ASSERT_TRUE(wait_for("Current version: 1.0.31\r\n")) << console_;
}

/// Puts `instruction` where the handler of the console's interrupt begins, under the running
/// application, and types a key.
class BrokenHandler : public Firmware {
 protected:
  void break_with(std::uint16_t instruction) {
    start(factory().man);
    ASSERT_TRUE(wait_for("Global address: none yet"));
    run(100ms);
    constexpr std::uint32_t usart2_vector = 4 * (16 + 38);
    const auto vector = board_.read_flash(image::app1_section.base + usart2_vector, 4);
    ASSERT_TRUE(vector) << vector.error();
    const auto handler = base::load_le32(vector->data()) & ~1u;
    const auto page = handler / image::page_size * image::page_size;
    auto code = board_.read_flash(page, image::page_size);
    ASSERT_TRUE(code) << code.error();
    base::store_le16(code->data() + (handler - page), instruction);
    program(page, *code);
    console_.clear();
    board_.type("s");
  }
};

TEST_F(BrokenHandler, AFaultIsToldAndResets) {
  constexpr std::uint16_t undefined = 0xDE00;
  break_with(undefined);
  ASSERT_TRUE(wait_for("[FATAL: exception 3, CFSR 00010000, PC 0801")) << console_;
  ASSERT_TRUE(wait_for("]\r\n"));
  // The application is damaged now, so BOOT stops.
  EXPECT_EQ(blink_code(), 5);
}

TEST_F(BrokenHandler, TheWatchdogEndsAnApplicationThatHangs) {
  constexpr std::uint16_t branch_to_itself = 0xE7FE;
  break_with(branch_to_itself);
  run(10s);
  EXPECT_FALSE(board_.led());
  EXPECT_EQ(console_, "");
  run(20s);  // 28 s at the LSI's typical 37 kHz
  EXPECT_EQ(blink_code(), 5);
}

TEST_F(Firmware, BlinksWhenBootIsDamaged) {
  auto flash = factory().man;
  flash[0x1000] ^= 0x01;  // code of BOOT, in the middle: nothing runs from there before the check
  start(flash);
  const int code = blink_code();
  // The change may also hit what BOOT needs for the check: then it must not go on either.
  EXPECT_TRUE(code == 2 || code == 8) << code;
  EXPECT_EQ(console_, "");
}

TEST_F(Firmware, BlinksWithoutAFactoryBlock) {
  auto flash = factory().man;
  flash[image::factory_section.base - image::flash_section.base + 8] ^= 0x01;
  start(flash);
  EXPECT_EQ(blink_code(), 2);
  EXPECT_EQ(console_, "");
}

TEST_F(Firmware, BlinksWhenTheMtaIsDamaged) {
  auto flash = factory().man;
  flash[image::mta_section.base - image::flash_section.base + 0x800] ^= 0x01;
  start(flash, true);
  EXPECT_EQ(blink_code(), 4);
  EXPECT_EQ(console_, "");
  // The application is none of its business.
  board_.set_jumper(false);
  reset();
  EXPECT_TRUE(wait_for("Current version: 1.0.31\r\n")) << console_;
}

TEST_F(Firmware, BlinksWithoutAnApplication) {
  auto flash = factory().man;
  flash[image::app1_section.base - image::flash_section.base + 0x1234] ^= 0x01;
  start(flash);
  EXPECT_EQ(blink_code(), 5);
  EXPECT_EQ(console_, "");
}

TEST_F(Firmware, TriesAgainAfterShowingTheError) {
  auto flash = factory().man;
  flash[image::factory_section.base - image::flash_section.base + 8] ^= 0x01;
  start(flash);
  run(1s);  // the first round has begun, or the pause behind it
  std::vector<int> rounds;
  bool was_on = board_.led();
  auto last_change = board_.now();
  const auto operations = board_.flash_operations();
  int blinks = was_on ? 1 : 0;
  for (const auto end = board_.now() + 40s; board_.now() < end;) {
    run(20ms);
    if (blinks > 0 && board_.now() - last_change > 1s) {
      rounds.push_back(blinks);
      blinks = 0;
    }
    if (board_.led() == was_on) continue;
    was_on = board_.led();
    last_change = board_.now();
    blinks += was_on ? 1 : 0;
  }
  // A reset every 24 s, and no round was cut short by it but the one this has come into.
  ASSERT_GT(rounds.size(), 12u);
  EXPECT_THAT(std::vector(rounds.begin() + 1, rounds.end()), testing::Each(2));
  EXPECT_EQ(board_.flash_operations(), operations);

  const auto page = image::factory_section.base - image::flash_section.base;
  program(image::factory_section.base,  // the fault passes
          std::span(factory().man).subspan(page, image::page_size));
  EXPECT_TRUE(wait_for("Current version: 1.0.31\r\n", 30s)) << console_;
}

TEST_F(Firmware, TheWatchdogResetsABootThatHangsInItsError) {
  auto flash = factory().man;
  flash[image::factory_section.base - image::flash_section.base + 8] ^= 0x01;
  start(flash);
  run(1s);
  // SysTick stops: BOOT waits for it for ever.
  constexpr std::array<std::uint8_t, 4> off{};
  ASSERT_TRUE(board_.debugger().write(0xE000E010, off));
  board_.debugger().detach();
  const bool led = board_.led();
  run(10s);
  EXPECT_EQ(board_.led(), led);
  run(20s);  // 28 s at the LSI's typical 37 kHz
  EXPECT_EQ(blink_code(), 2);
}

TEST_F(Firmware, StartsTheApplicationInTime) {
  start(factory().man);
  power_cycle();
  const auto* vectors =
      factory().man.data() + (image::app1_section.base - image::flash_section.base);
  auto& debugger = board_.debugger();
  ASSERT_TRUE(debugger.add_breakpoint(base::load_le32(vectors + 4) & ~1u));
  const auto begin = board_.now();
  board_.run_until(begin + 5s);
  ASSERT_TRUE(debugger.halt());
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(board_.now() - begin).count();
  RecordProperty("milliseconds", static_cast<int>(milliseconds));
  // docs/boot.md; the chains of a signature take some milliseconds more or less.
  EXPECT_LT(milliseconds, 350);
  debugger.detach();
}

}  // namespace
}  // namespace goldcrest
