// SPDX-License-Identifier: MIT
// A real update file with one bit changed: always refused, with a reason, and the application that
// runs is untouched. First with the installer and the boot decision alone, at every position that
// counts; then on the whole system.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/image/manifest.hpp"
#include "core/update/boot_decision.hpp"
#include "core/update/installer.hpp"
#include "core/update/slots.hpp"
#include "sim/flash/flash.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

using image::Slot;

/// A manufactured device without its radio: the flash, and what runs on it.
sim::SimulatedFlash manufactured() {
  sim::SimulatedFlash flash;
  flash.load(image::flash_section.base, read_all(man_image()));
  return flash;
}

struct TamperedFile : ::testing::Test {
  File slot(Slot which) const {
    const auto bytes = flash.memory(section_of(which));
    return {bytes.begin(), bytes.end()};
  }

  /// As the application does: begin, bytes in blocks, finish.
  std::expected<void, update::InstallError> install(const File& bytes) {
    const auto running = update::running_image(flash, Slot::app1);
    update::Installer installer(flash, factory, *running, {});
    installer.begin();
    for (std::size_t at = 0; at < bytes.size(); at += 512) {
      const auto size = std::min<std::size_t>(512, bytes.size() - at);
      if (auto written = installer.write(base::Bytes(bytes).subspan(at, size)); !written) {
        return std::unexpected(written.error());
      }
    }
    if (auto finished = installer.finish(); !finished) return std::unexpected(finished.error());
    return {};
  }

  void expect_refused(const File& bytes, const std::string& what) {
    flash = clean;
    flash.reset_operations();
    const auto installed = install(bytes);
    ASSERT_FALSE(installed.has_value()) << what;
    EXPECT_FALSE(update::describe(installed.error()).empty()) << what;
    ++reasons[installed.error()];
    operations = flash.operations();
    EXPECT_TRUE(slot(Slot::app1) == running_before) << what;
    const auto choice = update::decide(flash, factory);
    ASSERT_TRUE(choice.has_value()) << what;
    EXPECT_EQ(choice->image.slot(), Slot::app1) << what;
    EXPECT_EQ(choice->image.version(), (base::Version{1, 0, 31})) << what;
  }

  void expect_refused_with_bit(std::size_t position, unsigned bit) {
    auto bytes = file;
    bytes.at(position) ^= static_cast<std::uint8_t>(1u << bit);
    expect_refused(bytes, fmt::format("bit {} of byte {} of {}", bit, position, bytes.size()));
  }

  std::size_t header_size() const { return image::manifest_size + manifest.signature_size; }

  const File file = read_all(release("1.1.31"));
  const image::Manifest manifest = *image::parse_manifest(file);
  const sim::SimulatedFlash clean = manufactured();
  sim::SimulatedFlash flash = clean;
  const image::Factory factory = *image::read_factory(flash);
  const File running_before = slot(Slot::app1);
  std::uint64_t operations = 0;
  std::map<update::InstallError, unsigned> reasons;
};

TEST_F(TamperedFile, the_file_as_it_was_made_is_installed) {
  ASSERT_TRUE(install(file).has_value());
  EXPECT_TRUE(slot(Slot::app1) == running_before);
  const auto choice = update::decide(flash, factory);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->image.slot(), Slot::app2);
}

TEST_F(TamperedFile, any_byte_of_manifest_and_signature_changed_is_refused_before_erasing) {
  std::mt19937_64 random(seed());
  for (std::size_t position = 0; position < header_size(); ++position) {
    expect_refused_with_bit(position, static_cast<unsigned>(random() % 8));
    EXPECT_EQ(operations, 0u) << "byte " << position;
    if (HasFailure()) return;
  }
  EXPECT_GT(reasons[update::InstallError::signature], image::manifest_size);
}

TEST_F(TamperedFile, a_thousand_bytes_of_the_payload_changed_are_refused) {
  const auto count = repetitions("GOLDCREST_TAMPERED", 1000);
  std::mt19937_64 random(seed());
  const auto payload = file.size() - header_size();
  for (unsigned i = 0; i < count; ++i) {
    // Spread evenly, first and last byte among them.
    const auto position = header_size() + std::size_t{i} * (payload - 1) / (count - 1);
    expect_refused_with_bit(position, static_cast<unsigned>(random() % 8));
    if (HasFailure()) return;
  }
}

TEST_F(TamperedFile, bytes_missing_added_swapped_or_repeated_are_refused) {
  auto truncated = file;
  truncated.pop_back();
  expect_refused(truncated, "the last byte missing");
  for (const auto size : {std::size_t{0}, std::size_t{143}, header_size(), file.size() / 2}) {
    expect_refused({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)},
                   fmt::format("only {} bytes", size));
  }
  auto extended = file;
  extended.push_back(0);
  expect_refused(extended, "a byte more");

  const auto block = [&](File& bytes, std::size_t number) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(header_size() + 256 * number);
  };
  auto swapped = file;
  std::swap_ranges(block(swapped, 10), block(swapped, 11), block(swapped, 20));
  expect_refused(swapped, "two blocks swapped");
  auto repeated = file;
  std::copy(block(repeated, 10), block(repeated, 11), block(repeated, 11));
  expect_refused(repeated, "a block repeated");

  // A manifest with the payload of another release.
  auto mixed = read_all(release("1.2.31"));
  ASSERT_EQ(mixed.size(), file.size());
  std::copy_n(file.begin(), header_size(), mixed.begin());
  expect_refused(mixed, "the payload of another version");
}

/// Flash as the programmer reads it.
File section(Node& node, const image::Section& section) {
  auto bytes = node.board().read_flash(section.base, section.size);
  EXPECT_TRUE(bytes.has_value()) << (bytes ? "" : bytes.error());
  return bytes.value_or(File{});
}

std::string publish_changed(Scenario& scenario, std::string_view version, std::size_t position) {
  const auto original = release(version);
  auto bytes = read_all(original);
  bytes.at(position) ^= 0x10;
  const auto name = renamed(original.filename().string(), bytes);
  scenario.expect(scenario.server().publishes(name, bytes), "the server takes the changed file");
  return name;
}

TEST(Tampering, a_changed_manifest_is_refused_by_the_node_before_it_erases_anything) {
  Scenario scenario({.server_checks_signatures = false});
  auto& node = scenario.node();
  node.joins();
  // A second update, so that there is something to erase: the older application in APP1.
  scenario.server().publishes("1.1.31");
  node.presses_button();
  node.completes_update_to("1.1.31");
  node.confirms("1.1.31");
  const auto app1 = section(node, image::app1_section);
  const auto app2 = section(node, image::app2_section);
  const auto operations = node.board().flash_operations();
  // The security counter, the initialisation vector, and the signature behind the manifest.
  for (const std::size_t position : {std::size_t{48}, std::size_t{100}, std::size_t{600}}) {
    const auto name = publish_changed(scenario, "1.2.31", position);
    node.presses_button();
    node.says("[Update refused: ", 5min);
    node.says("signature", 1s);
    scenario.waits(1s);
    scenario.server().withdraws(name);
  }
  EXPECT_TRUE(section(node, image::app1_section) == app1) << "the older application is there";
  EXPECT_TRUE(section(node, image::app2_section) == app2) << "the running one is untouched";
  EXPECT_EQ(node.board().flash_operations(), operations) << "and nothing wears";
  node.presses_button();
  node.says("[Update: nothing newer", 1min);
  EXPECT_EQ(scenario.server().asked().back().last_result, wire::UpdateResult::refused_signature);
}

TEST(Tampering, a_changed_payload_is_refused_by_the_node_and_the_good_one_is_taken_afterwards) {
  Scenario scenario({.server_checks_signatures = false});
  auto& node = scenario.node();
  node.joins();
  const auto app1 = section(node, image::app1_section);
  const auto size = read_all(release("1.1.31")).size();
  for (const auto position : {size / 2, size - 1}) {
    const auto name = publish_changed(scenario, "1.1.31", position);
    node.presses_button();
    node.finds("1.1.31");
    node.says("[Update refused: ", 10min);
    scenario.waits(1s);
    scenario.server().withdraws(name);
    EXPECT_TRUE(section(node, image::app1_section) == app1) << "the running one is untouched";
  }
  node.resets();
  node.runs("1.0.31");
  EXPECT_TRUE(node.has_said("APP2 version: 0.0.0"));
  node.joins();
  scenario.server().publishes("1.1.31");
  node.presses_button();
  node.completes_update_to("1.1.31");
}

}  // namespace
}  // namespace goldcrest::scenario
