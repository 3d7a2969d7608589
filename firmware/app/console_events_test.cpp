// SPDX-License-Identifier: MIT
// The console's lines, letter by letter: people and programs rely on them (docs/console.md).
#include "firmware/app/console_events.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "firmware/text/test_output.hpp"

namespace goldcrest::app {
namespace {

using namespace std::chrono_literals;

const auto root = *wire::Ipv6Address::parse("fe80::800:f5ff:eb3a:14c5");
const auto dodag_id = *wire::Ipv6Address::parse("aaaa::800:f5ff:eb3a:14c5");
const base::Instant now{};

TEST(RplConsole, Joining) {
  text::CapturedOutput output;
  RplConsole console(output);
  net::RplEvents& events = console;
  events.instance_started(now, 30);
  EXPECT_EQ(output.take(), "[RPL: new instance 30]\n");
  events.dodag_joined(
      now, {.instance_id = 30, .version = 240, .mode_of_operation = 2, .dodag_id = dodag_id}, root,
      384);
  EXPECT_EQ(output.take(),
            "[RPL: joined DODAG aaaa::800:f5ff:eb3a:14c5, parent "
            "fe80::800:f5ff:eb3a:14c5, rank 384]\n");
  events.address_added(now, *wire::Ipv6Address::parse("aaaa::"), 64,
                       *wire::Ipv6Address::parse("aaaa::1"));
  EXPECT_EQ(output.take(), "[RPL: prefix aaaa::/64, address aaaa::1]\n");
  events.parent_changed(now, std::nullopt, root, 256);
  EXPECT_EQ(output.take(), "[RPL: parent none -> fe80::800:f5ff:eb3a:14c5, ETX 256/128]\n");
  events.route_confirmed(now, root);
  EXPECT_EQ(output.take(), "[RPL: route confirmed by fe80::800:f5ff:eb3a:14c5]\n");
}

TEST(RplConsole, Changes) {
  text::CapturedOutput output;
  RplConsole console(output);
  net::RplEvents& events = console;
  events.rank_changed(now, 384, 0xFFFF);
  EXPECT_EQ(output.take(), "[RPL: rank 384 -> infinite]\n");
  events.parent_changed(now, root, std::nullopt, 0);
  EXPECT_EQ(output.take(), "[RPL: parent fe80::800:f5ff:eb3a:14c5 -> none]\n");
  events.parent_lost(now, root);
  EXPECT_EQ(output.take(), "[RPL: parent fe80::800:f5ff:eb3a:14c5 lost]\n");
  events.local_repair(now, "no parent is left");
  EXPECT_EQ(output.take(), "[RPL: local repair: no parent is left]\n");
  events.version_changed(now, 240, 241);
  EXPECT_EQ(output.take(), "[RPL: DODAG version 240 -> 241]\n");
  events.address_removed(now, *wire::Ipv6Address::parse("aaaa::1"));
  EXPECT_EQ(output.take(), "[RPL: address aaaa::1 is no longer ours]\n");
  events.dodag_refused(now, {.dodag_id = dodag_id}, "unknown objective function");
  EXPECT_EQ(output.take(),
            "[RPL: cannot join DODAG aaaa::800:f5ff:eb3a:14c5: unknown objective function]\n");
}

TEST(UpdateConsole, AnUpdate) {
  text::CapturedOutput output;
  UpdateConsole console(output);
  role::UpdateEvents& events = console;
  events.asked(false);
  EXPECT_EQ(output.take(), "[Update: asking the server]\n");
  EXPECT_FALSE(console.reached_server());
  events.server_reached();
  EXPECT_TRUE(console.reached_server());
  events.found({1, 1, 31}, 90'624);
  EXPECT_EQ(output.take(), "[Update: version 1.1.31, 90624 bytes]\n");
  events.progress(256, 90'624);
  EXPECT_EQ(output.take(), "[Updating: 256/90624 0%]\n");
  events.progress(512, 90'624);
  EXPECT_EQ(output.take(), "");  // still 0 %
  events.progress(1024, 90'624);
  EXPECT_EQ(output.take(), "[Updating: 1024/90624 1%]\n");
  events.progress(90'624, 90'624);
  EXPECT_EQ(output.take(), "[Updating: 90624/90624 100%]\n");
  EXPECT_EQ(console.completed(), std::nullopt);
  events.complete({1, 1, 31});
  EXPECT_EQ(output.take(), "COMPLETE\n");
  EXPECT_EQ(console.completed(), (base::Version{1, 1, 31}));
  EXPECT_EQ(console.take_result(), wire::UpdateResult::installed);
  EXPECT_EQ(console.take_result(), std::nullopt);
}

TEST(UpdateConsole, OtherEnds) {
  text::CapturedOutput output;
  UpdateConsole console(output);
  role::UpdateEvents& events = console;
  events.asked(true);
  EXPECT_EQ(output.take(), "[Update: asking the server, classic protocol]\n");
  events.nothing_newer(1h);
  EXPECT_EQ(output.take(), "[Update: nothing newer, next question in 3600 s]\n");
  events.refused(
      {.result = wire::UpdateResult::refused_signature, .reason = "its signature does not hold"},
      90s);
  EXPECT_EQ(output.take(),
            "[Update refused: its signature does not hold; next question in 90 s]\n");
  EXPECT_EQ(console.take_result(), std::nullopt);
  events.failed("the server does not answer", 2min);
  EXPECT_EQ(output.take(), "[Update failed: the server does not answer; next question in 120 s]\n");
  events.failed("x", base::Duration::max());
  EXPECT_EQ(output.take(), "[Update failed: x; next question in 4294967295 s]\n");
  EXPECT_EQ(console.take_result(), std::nullopt);
}

TEST(UpdateConsole, ASecondDownloadShowsItsProgressAgain) {
  text::CapturedOutput output;
  UpdateConsole console(output);
  role::UpdateEvents& events = console;
  events.progress(0, 0);  // the size is not known yet
  EXPECT_EQ(output.take(), "");
  events.found({1, 1, 31}, 1000);
  events.progress(10, 1000);
  output.take();
  events.found({1, 1, 31}, 1000);
  output.take();
  events.progress(10, 1000);
  EXPECT_EQ(output.take(), "[Updating: 10/1000 1%]\n");
}

}  // namespace
}  // namespace goldcrest::app
