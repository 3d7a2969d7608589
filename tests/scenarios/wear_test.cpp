// SPDX-License-Identifier: MIT
// What a node's life wears of its flash, counted on the board, is what docs/wear.md says.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/image/flash_map.hpp"
#include "core/image/manifest.hpp"
#include "core/image/slot.hpp"
#include "host/board/wear.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

using board::WearCounter;
using ::testing::HasSubstr;

constexpr auto data = image::data_section;

std::string document() {
  const auto bytes = read_all(std::filesystem::path(GOLDCREST_ROOT) / "docs/wear.md");
  return {bytes.begin(), bytes.end()};
}

/// Counts what a board wears from now on.
class Counting {
 public:
  explicit Counting(Node& node) : node_(node) {
    node_.board().watch_flash(
        [this](const board::FlashOperation& operation) { wear_.count(operation); });
  }
  ~Counting() { node_.board().watch_flash({}); }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;

  const WearCounter& wear() const { return wear_; }

 private:
  Node& node_;
  WearCounter wear_;
};

/// A line of the table in docs/wear.md. Sizes of images are no part of it: of the slot's pages it
/// has how often one is erased at most.
std::string line(std::string_view what, const WearCounter& wear) {
  std::uint64_t image = 0;
  std::uint64_t manifest = 0;
  std::uint64_t signature = 0;
  std::uint64_t state = 0;
  std::uint64_t state_words = 0;
  for (const auto slot : {image::Slot::app1, image::Slot::app2}) {
    const auto base = section_of(slot).base;
    const auto second_page = image::manifest_offset + image::page_size;
    image += wear.most_erases(base, image::manifest_offset);
    manifest += wear.most_erases(base + image::manifest_offset, image::page_size);
    signature += wear.most_erases(base + second_page, image::state_offset - second_page);
    state += wear.most_erases(base + image::state_offset, image::page_size);
    state_words += wear.sum(base + image::state_offset, image::page_size).words;
  }
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", what, image, manifest,
                     signature, state, state_words, wear.sum(data.base, data.size).words,
                     wear.sum(data.base, data.size).erases);
}

/// Nothing else is erased or written.
void expect_nothing_elsewhere(const WearCounter& wear) {
  for (const auto& [page, worn] : wear.pages()) {
    EXPECT_TRUE(data.contains(page) || image::app1_section.contains(page) ||
                image::app2_section.contains(page))
        << fmt::format("0x{:08X}", page);
  }
  EXPECT_EQ(wear.eeprom_writes() + wear.option_bytes(), 0u);
}

void expect_documented(std::string_view what, const WearCounter& wear) {
  EXPECT_THAT(document(), HasSubstr(line(what, wear)));
  expect_nothing_elsewhere(wear);
}

TEST(Wear, of_an_update_a_start_a_setting_and_a_quiet_hour_is_as_documented) {
  Scenario scenario({.server_checks_signatures = false});
  auto& node = scenario.node();
  node.joins();
  {
    const Counting counting(node);
    node.resets();
    node.joins();
    node.says("[Update: nothing newer", 1min);
    expect_documented("a start of the application", counting.wear());
  }
  {
    const Counting counting(node);
    scenario.waits(std::chrono::hours(repetitions("GOLDCREST_WEAR_HOURS", 1)));
    expect_documented("an hour, a day, a week of operation", counting.wear());
    EXPECT_TRUE(node.has_said("[Update: nothing newer"));
  }
  {
    const Counting counting(node);
    auto bytes = read_all(release("1.1.31"));
    bytes.at(600) ^= 0x10;
    const auto name = renamed(release("1.1.31").filename().string(), bytes);
    ASSERT_TRUE(scenario.server().publishes(name, bytes));
    node.presses_button();
    node.says("[Update refused: ", 5min);
    scenario.server().withdraws(name);
    expect_documented("an update that is refused for its manifest or signature", counting.wear());
  }
  {
    const Counting counting(node);
    scenario.server().publishes("1.1.31");
    node.presses_button();
    node.completes_update_to("1.1.31");
    node.confirms("1.1.31");
    scenario.waits(1s);
    const auto& wear = counting.wear();
    expect_documented("an update, from the button to its confirmation", wear);
    // Each page of the image and of its table once, and each half page.
    const auto manifest = image::parse_manifest(read_all(release("1.1.31")));
    ASSERT_TRUE(manifest.has_value());
    const auto pages =
        image::round_up(manifest->image_size, image::page_size) / image::page_size +
        image::round_up(manifest->relocation_size, image::page_size) / image::page_size;
    EXPECT_EQ(wear.sum(image::app2_section.base, image::manifest_offset).erases, pages);
    EXPECT_LE(wear.sum(image::app2_section.base, image::manifest_offset).half_pages, 2 * pages);
    EXPECT_EQ(wear.sum(image::app1_section.base, image::app1_section.size), board::PageWear{});
  }
  {
    node.resets(true);
    node.says("option> ", 10s);
    const Counting counting(node);
    node.types("7\r");
    node.says("device field 1, - for not set> ", 5s);
    node.types("ceiling 12\r");
    node.says("option> ", 5s);
    node.types("4\r");
    node.says("saved", 5s);
    expect_documented("a setting of 10 characters saved in the MTA", counting.wear());
  }
}

}  // namespace
}  // namespace goldcrest::scenario
