// SPDX-License-Identifier: MIT
// Boards check signatures of one type. Played with boards built for LMS, and by the test
// scenario.p256 with boards built for ECDSA P-256.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/image/manifest.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

TEST(SignatureTypes, the_other_type_and_changed_bytes_are_refused_and_the_right_update_is_taken) {
  Scenario scenario({.server_checks_signatures = false});
  auto& node = scenario.node();
  node.joins();
  const auto operations = node.board().flash_operations();
  const auto refused = [&](const std::string& name, const File& bytes, std::string_view reason) {
    scenario.expect(scenario.server().publishes(name, bytes), "the server takes " + name);
    node.presses_button();
    node.says("[Update refused: ", 5min);
    node.says(reason, 1s);
    scenario.waits(1s);
    scenario.server().withdraws(name);
  };
  const auto other = other_type_release();
  const auto right = release("1.1.31");
  const auto file = read_all(right);
  ASSERT_NE(image::parse_manifest(file)->signature_type,
            image::parse_manifest(read_all(other))->signature_type);
  refused(other.filename().string(), read_all(other), "of a type that this device does not check");

  // The security counter, then the last byte of the signature.
  const auto signature_end = image::manifest_size + image::parse_manifest(file)->signature_size;
  for (const std::size_t position : {std::size_t{48}, std::size_t{signature_end - 1}}) {
    auto changed = file;
    changed.at(position) ^= 0x10;
    refused(renamed(right.filename().string(), changed), changed, "signature does not hold");
  }
  EXPECT_EQ(node.board().flash_operations(), operations) << "refusals write nothing";

  scenario.server().publishes("1.1.31");
  node.presses_button();
  node.finds("1.1.31");
  node.completes_update_to("1.1.31");
  node.confirms("1.1.31");
}

}  // namespace
}  // namespace goldcrest::scenario
