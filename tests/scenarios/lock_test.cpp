// SPDX-License-Identifier: MIT
// A board that is locked as `goldcrest lock --level 2` leaves it: it gives up neither key nor
// firmware, to a debugger, a programmer, the console or the air, and is still updated and rolled
// back.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "core/image/factory.hpp"
#include "host/lock/inspection.hpp"
#include "host/lock/locker.hpp"
#include "host/packer/files.hpp"
#include "host/packer/hex.hpp"
#include "sim/world/board_debug_port.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

constexpr std::string_view prompt = "option> ";

bool contains(const std::vector<std::uint8_t>& hay, base::Bytes needle) {
  return !std::ranges::search(hay, needle).empty();
}
std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

lock::Expected expected() {
  return {.signing_key = public_key(),
          .spare_keys = {spare_public_key()},
          .man_image = read_all(man_image())};
}

std::vector<lock::Finding> findings(lock::DebugPort& port) {
  const auto flash = lock::read_flash(port, [](auto, auto) {});
  EXPECT_TRUE(flash.has_value()) << flash.error();
  return lock::inspect(*flash, expected());
}

void expect_nothing_from_outside(board::Board& board) {
  for (const std::uint32_t address :
       {0x08000000u, 0x08003C00u, 0x08004000u, 0x08010000u, 0x08040000u, 0x08080000u}) {
    EXPECT_FALSE(board.read_flash(address, 16).has_value()) << address;
  }
  const std::vector<std::uint8_t> page(256, 0x5A);
  EXPECT_FALSE(board.program(0x08000000, page).has_value());
  EXPECT_FALSE(board.program(0x08010000, page).has_value());
  for (const std::uint32_t address :
       {0x00000000u, 0x08003C00u, 0x1FF80000u, 0x20000000u, 0x40023C1Cu, 0xE000ED00u}) {
    EXPECT_FALSE(board.debugger().read(address, 4).has_value()) << address;
    EXPECT_FALSE(board.debugger().write(address, std::vector<std::uint8_t>(4)).has_value());
  }
  EXPECT_FALSE(board.debugger().program(0x08000000, page).has_value());
}

TEST(Lock, a_board_locked_for_ever_gives_up_nothing_and_is_updated_and_rolled_back) {
  const auto capture =
      std::filesystem::temp_directory_path() / fmt::format("goldcrest-lock-{}.pcap", getpid());
  std::string console;
  {
    Scenario scenario({.pcap = capture});
    auto& node = scenario.node();
    node.runs("1.0.31");
    {
      sim::BoardDebugPort port(scenario.world(), node.board());
      EXPECT_EQ(lock::read_protection(port)->level, 0u);
      const auto found = findings(port);
      EXPECT_TRUE(lock::obstacles(found, false, false).empty()) << "level 1 is possible";
      const auto missing = lock::obstacles(found, true, false);
      ASSERT_EQ(missing.size(), 1u);
      EXPECT_EQ(missing[0].what, "an update has worked on this board");
      const auto done = lock::apply(port, {.level = 2, .write_protect_boot = true});
      ASSERT_TRUE(done.has_value()) << done.error();
    }
    node.runs("1.0.31");
    expect_nothing_from_outside(node.board());

    node.joins();
    scenario.server().publishes("1.1.31");
    node.presses_button();
    node.completes_update_to("1.1.31");
    node.joins();
    node.confirms("1.1.31");
    expect_nothing_from_outside(node.board());

    node.resets(true);
    node.says(prompt, 10s);
    for (const char* key : {"1", "7", "a", "?", "x"}) node.types(std::string(key) + "\r\r");
    node.types("5\r");
    node.says("rollback to version 1.0.31 from 1.1.31 y/n?", 10s);
    node.types("y");
    node.says("rolled back to version 1.0.31", 5s);
    node.resets();
    node.runs("1.0.31");
    expect_nothing_from_outside(node.board());
    console = node.console();
  }

  // What anybody can hear and read: the air, and the console.
  const auto keys = man_image().parent_path() / "keys";
  const auto key = packer::read_content_key(keys / packer::content_key_name);
  ASSERT_TRUE(key.has_value());
  const auto frames = read_all(capture);
  std::filesystem::remove(capture);
  EXPECT_GT(frames.size(), 100'000u) << "a whole update was on the air";
  EXPECT_FALSE(contains(frames, key->key));
  EXPECT_EQ(console.find(packer::to_hex(key->key)), std::string::npos);
  EXPECT_FALSE(contains(bytes_of(console), key->key));
  // Nor is there firmware in it: no 16 bytes of the application, of any part of it.
  const auto image = read_all(man_image());
  ASSERT_TRUE(contains(image, key->key)) << "the search works";
  const auto application = base::Bytes(image).subspan(0x10000, 0x10000);
  for (std::size_t at = 0; at < application.size(); at += 256) {
    const auto piece = application.subspan(at, 16);
    if (std::ranges::count(piece, 0) > 4) continue;
    EXPECT_FALSE(contains(frames, piece)) << at;
  }
}

/// A board as its programmer sees it, with bytes changed at one place.
std::vector<lock::Finding> inspected(std::size_t at, std::size_t size,
                                     const lock::Expected& wanted = expected()) {
  auto flash = read_all(man_image());
  flash.resize(lock::inspected_extent.size);
  for (std::size_t index = at; index < at + size; ++index) flash[index] ^= 0x10;
  return lock::inspect(flash, wanted);
}

TEST(Lock, a_board_that_lacks_something_is_not_locked) {
  const auto first = [](const std::vector<lock::Finding>& findings) {
    const auto bad = lock::obstacles(findings, false, true);
    return bad.empty() ? std::string("nothing") : bad[0].what;
  };
  EXPECT_EQ(first(inspected(0, 0)), "nothing");
  EXPECT_EQ(first(inspected(0x100, 1)), "BOOT is what the factory block says");
  EXPECT_EQ(first(inspected(0x3C70, 1)), "the factory block is valid");
  EXPECT_EQ(first(inspected(0x6100, 1)), "MTA is what the factory block says");
  EXPECT_EQ(first(inspected(0x10400, 1)), "an authentic application is confirmed");
  EXPECT_EQ(first(inspected(0x40000, 1)),
            "the second flash bank begins with nothing that the chip could start");
  EXPECT_EQ(first(lock::inspect(File(lock::inspected_extent.size), expected())),
            "the factory block is valid");
  auto stranger = expected();
  stranger.signing_key.key.back() ^= 1;
  EXPECT_EQ(first(inspected(0, 0, stranger)), "the board trusts your signing key");
  stranger.signing_key.id ^= 1;
  EXPECT_EQ(first(inspected(0, 0, stranger)), "the board trusts your signing key");
}

// A programmer who gave the board a key of his own, or another BOOT with checks that fit it.
TEST(Lock, a_board_that_somebody_else_has_prepared_is_not_locked) {
  const auto bad = [](const std::vector<lock::Finding>& findings) {
    std::vector<std::string> names;
    for (const auto& each : lock::obstacles(findings, false, true)) names.push_back(each.what);
    return names;
  };
  auto wanted = expected();
  wanted.spare_keys.clear();
  EXPECT_EQ(bad(inspected(0, 0, wanted)),
            std::vector<std::string>{"it trusts no key but those that you named"});
  wanted.spare_keys = {spare_public_key()};
  wanted.spare_keys[0].key.back() ^= 1;
  EXPECT_EQ(bad(inspected(0, 0, wanted)),
            std::vector<std::string>{"it trusts no key but those that you named"});
  wanted = expected();
  const std::vector<std::string> other{"BOOT, its keys and MTA are those of your MAN image"};
  for (const std::size_t at : {0x100u, 0x3BFFu, 0x3FFFu, 0x6000u, 0xFFFFu}) {
    wanted.man_image = read_all(man_image());
    wanted.man_image[at] ^= 1;
    EXPECT_EQ(bad(inspected(0, 0, wanted)), other) << at;
  }
  wanted.man_image.resize(100);
  EXPECT_EQ(bad(inspected(0, 0, wanted)), other);
  wanted.man_image.clear();
  EXPECT_EQ(bad(inspected(0, 0, wanted)), std::vector<std::string>{}) << "a note only";
}

/// As a debugger sets it at level 0 and 1: nBFB2, so that the chip starts the second bank.
void boot_from_bank_2(lock::DebugPort& port) {
  for (const auto& [address, value] : {std::pair{0x40023C0Cu, 0x89ABCDEFu},
                                       {0x40023C0C, 0x02030405},
                                       {0x40023C14, 0xFBEAD9C8},
                                       {0x40023C14, 0x24252627},
                                       {0x1FF80004, 0xFF870078}}) {
    ASSERT_TRUE(port.write_word(address, value).has_value());
  }
  ASSERT_TRUE(port.let_time_pass().has_value());
  ASSERT_TRUE(lock::launch(port).has_value());
}

TEST(Lock, nothing_in_app2_starts_past_boot) {
  Scenario scenario;
  auto& node = scenario.node();
  node.runs("1.0.31");
  // b . with a vector table, as an attacker might get it there. Unsigned.
  std::vector<std::uint8_t> program(256);
  base::store_le32(program.data(), image::ram_section.base + 0x1000);
  base::store_le32(program.data() + 4, image::app2_section.base + 0x41);
  base::store_le32(program.data() + 0x40, 0xE7FE);
  ASSERT_TRUE(node.board().program(image::app2_section.base, program).has_value());
  {
    sim::BoardDebugPort port(scenario.world(), node.board());
    boot_from_bank_2(port);
  }
  node.runs("1.0.31");
  {
    sim::BoardDebugPort port(scenario.world(), node.board());
    const auto present = lock::read_protection(port);
    ASSERT_TRUE(present.has_value());
    EXPECT_TRUE(present->boots_from_bank_2);
    EXPECT_FALSE(lock::check_option_bytes(*present)) << "no such board is locked";
  }
  // Where the bank begins it would run: that is what the guard is for.
  base::store_le32(program.data() + 4, image::guard_section.base + 0x41);
  ASSERT_TRUE(node.board().program(image::guard_section.base, program).has_value());
  node.board().reset();
  scenario.world().run_for(10ms);
  const auto here = fmt::format("{:08x}", image::guard_section.base + 0x40);
  EXPECT_NE(node.board().describe_cpu().find(here), std::string::npos)
      << node.board().describe_cpu();
}

/// A debugger's program in RAM, which would give out the keys: ldr r1, =factory; ldr r2, [r1, #96];
/// str r2, [r0]; b . with r0 = 0x20001000.
void leave_program_in_ram(board::Board& board) {
  std::array<std::uint32_t, 21> program{0x20004000, 0x20000041, 0, 0x20000049};
  const std::array<std::uint32_t, 5> code{0x49034802, 0x60026E0A, 0x0000E7FE, 0x20001000,
                                          image::factory_section.base};
  std::ranges::copy(code, program.begin() + 16);
  for (std::uint32_t index = 0; index < program.size(); ++index) {
    std::array<std::uint8_t, 4> word{};
    base::store_le32(word.data(), program[index]);
    ASSERT_TRUE(board.debugger().write(image::ram_section.base + 4 * index, word).has_value());
  }
}

TEST(Lock, boot_pins_get_nothing_out_of_a_locked_board) {
  Scenario scenario;
  auto& node = scenario.node();
  auto& board = node.board();
  node.runs("1.0.31");
  const auto stolen = [&] {
    scenario.world().run_for(10ms);
    const auto word = board.debugger().read(0x20001000, 4);
    return word ? base::load_le32(word->data()) : 0;
  };
  const auto try_ram = [&] {
    (void)board.debugger().write(0x20001000, std::vector<std::uint8_t>(4));
    board.set_boot_pins(board::Board::BootPins::ram);
    board.reset();
  };
  leave_program_in_ram(board);
  try_ram();
  EXPECT_EQ(stolen(), public_key().id) << "an open board has no secrets, and the attack works";
  board.set_boot_pins(board::Board::BootPins::program_memory);
  board.reset();
  node.runs("1.0.31");

  {
    sim::BoardDebugPort port(scenario.world(), board);
    ASSERT_TRUE(lock::apply(port, {.level = 1, .write_protect_boot = true}).has_value());
  }
  node.runs("1.0.31");
  leave_program_in_ram(board);
  try_ram();
  EXPECT_EQ(stolen(), 0u);

  board.set_boot_pins(board::Board::BootPins::program_memory);
  board.reset();
  node.runs("1.0.31");
}

TEST(Lock, boot_pins_start_nothing_else_on_a_board_locked_for_ever) {
  Scenario scenario;
  auto& node = scenario.node();
  node.runs("1.0.31");
  {
    sim::BoardDebugPort port(scenario.world(), node.board());
    leave_program_in_ram(node.board());
    ASSERT_TRUE(lock::apply(port, {.level = 2, .write_protect_boot = true}).has_value());
  }
  for (const auto pins : {board::Board::BootPins::ram, board::Board::BootPins::system_memory}) {
    node.board().set_boot_pins(pins);
    node.board().reset();
    node.runs("1.0.31");
    expect_nothing_from_outside(node.board());
  }
}

}  // namespace
}  // namespace goldcrest::scenario
