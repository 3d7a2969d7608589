// SPDX-License-Identifier: MIT
// What is on the air, as Wireshark's dissectors see it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

using ::testing::HasSubstr;

/// What a command prints; fails the test when it fails.
std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start " + command);
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), size);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

TEST(Capture, tshark_finds_no_fault_in_any_frame_of_an_update) {
  const auto path = std::filesystem::temp_directory_path() /
                    fmt::format("goldcrest-capture-{}.pcap", getpid());
  {
    Scenario scenario({.air = {.loss = 0.02}, .pcap = path});
    auto& node = scenario.node();
    node.joins();
    scenario.server().publishes("1.1.31");
    node.presses_button();
    node.completes_update_to("1.1.31");
    node.joins();
    node.confirms("1.1.31");
  }
  // Given the prefix that our nodes compress away, it can check checksums too.
  const auto tshark = fmt::format(
      "tshark -o 6lowpan.context0:aaaa::/64 -o udp.check_checksum:TRUE -r '{}' ", path.string());
  EXPECT_EQ(output_of(tshark + "-Y '_ws.malformed or _ws.expert.severity >= \"Error\"'"), "");
  // And it saw all that there is.
  const auto protocols = output_of(tshark + "-q -z io,phs 2>/dev/null");
  for (const auto* protocol : {"wpan", "6lowpan", "ipv6", "icmpv6", "udp", "coap"}) {
    EXPECT_THAT(protocols, HasSubstr(protocol));
  }
  const auto count = [&](const std::string& filter) {
    const auto lines = output_of(tshark + "-Y '" + filter + "'");
    return std::ranges::count(lines, '\n');
  };
  EXPECT_GT(count("icmpv6.type == 155 && icmpv6.rpl.dio.instance == 30"), 0);
  EXPECT_GT(count("icmpv6.type == 155 && icmpv6.code == 2"), 0) << "DAO";
  EXPECT_GT(count("coap.code == 5"), 0) << "FETCH";
  EXPECT_GT(count("coap.code == 69 && coap.opt.block_number"), 100) << "2.05 with a block";
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace goldcrest::scenario
