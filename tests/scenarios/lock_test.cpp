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

std::vector<lock::Finding> findings(lock::DebugPort& port) {
  const auto flash = lock::read_flash(port, [](auto, auto) {});
  EXPECT_TRUE(flash.has_value()) << flash.error();
  return lock::inspect(*flash, public_key());
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
                                     const packer::PublicKey& owner = public_key()) {
  auto flash = read_all(man_image());
  flash.resize(lock::inspected_extent.size);
  for (std::size_t index = at; index < at + size; ++index) flash[index] ^= 0x10;
  return lock::inspect(flash, owner);
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
  EXPECT_EQ(first(lock::inspect(File(lock::inspected_extent.size), public_key())),
            "the factory block is valid");
  auto stranger = public_key();
  stranger.key.back() ^= 1;
  EXPECT_EQ(first(inspected(0, 0, stranger)), "the board trusts your signing key");
  stranger.id ^= 1;
  EXPECT_EQ(first(inspected(0, 0, stranger)), "the board trusts your signing key");
}

}  // namespace
}  // namespace goldcrest::scenario
