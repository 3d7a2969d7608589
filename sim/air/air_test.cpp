// SPDX-License-Identifier: MIT
#include "sim/air/air.hpp"

#include <gtest/gtest.h>

#include <string>

namespace goldcrest::sim {
namespace {

using base::Duration;
using base::Instant;

Instant at(std::int64_t microseconds) {
  return Instant(Duration(microseconds));
}

class Ear final : public RadioReceiver {
 public:
  void packet_begin(std::uint64_t id, Instant begin, Instant, int rssi_dbm,
                    const RadioSettings&) override {
    log += "begin " + std::to_string(id) + " at " +
           std::to_string(begin.time_since_epoch().count()) + " " + std::to_string(rssi_dbm) + "\n";
  }
  void packet_end(std::uint64_t id, Instant, std::span<const std::uint8_t> payload,
                  bool corrupt) override {
    log += "end " + std::to_string(id) + " " + std::to_string(payload.size()) +
           (corrupt ? " corrupt\n" : "\n");
    ++(corrupt ? spoiled : heard);
  }
  std::string log;
  int heard = 0;
  int spoiled = 0;
};

const std::vector<std::uint8_t> payload(10, 0xA5);
const auto settings = default_radio_settings();

TEST(Air, delivers_to_all_but_the_sender) {
  Air air(AirOptions{});
  Ear a, b, c;
  const auto sender = air.add(a);
  air.add(b);
  air.add(c);
  air.transmit(sender, at(100), at(200), payload, settings);
  EXPECT_EQ(air.next_event(), at(100));
  EXPECT_EQ(air.rssi_dbm(1, at(150), settings), -60);
  EXPECT_EQ(air.rssi_dbm(sender, at(150), settings), -120);
  air.advance(at(199));
  EXPECT_EQ(b.heard, 0);
  air.advance(at(200));
  EXPECT_EQ(a.log, "");
  EXPECT_EQ(b.log, "begin 1 at 199 -60\nend 1 10\n");
  EXPECT_EQ(c.heard, 1);
  EXPECT_EQ(air.next_event(), base::never);
}

TEST(Air, overlapping_packets_spoil_each_other) {
  Air air(AirOptions{});
  Ear a, b, c;
  air.add(a);
  air.add(b);
  air.add(c);
  air.transmit(0, at(0), at(100), payload, settings);
  air.transmit(1, at(50), at(150), payload, settings);
  air.advance(at(1000));
  EXPECT_EQ(c.spoiled, 2);
  EXPECT_EQ(c.heard, 0);
  EXPECT_EQ(air.statistics().delivered, 0u);
}

TEST(Air, stations_out_of_reach_hear_nothing) {
  Air air(AirOptions{});
  Ear a, b;
  air.add(a);
  air.add(b);
  air.set_link(0, 1, {.connected = false});
  air.transmit(0, at(0), at(100), payload, settings);
  EXPECT_EQ(air.rssi_dbm(1, at(50), settings), -120);
  air.advance(at(1000));
  EXPECT_EQ(b.log, "");
}

TEST(Air, loses_about_the_share_it_is_told_to) {
  Air air(AirOptions{.seed = 7, .loss = 0.2});
  Ear a, b;
  air.add(a);
  air.add(b);
  for (int i = 0; i < 10'000; ++i) {
    air.transmit(0, at(i * 10), at(i * 10 + 5), payload, settings);
    air.advance(at(i * 10 + 9));
  }
  EXPECT_NEAR(b.heard, 8000, 200);
}

TEST(Air, repeats_and_holds_back) {
  Air duplicating(AirOptions{.duplicate = 1.0});
  Ear a, b;
  duplicating.add(a);
  duplicating.add(b);
  duplicating.transmit(0, at(0), at(100), payload, settings);
  duplicating.advance(at(100'000));
  EXPECT_EQ(b.heard, 2);

  Air reordering(AirOptions{.reorder = 1.0});
  Ear c, d;
  reordering.add(c);
  reordering.add(d);
  reordering.transmit(0, at(0), at(100), payload, settings);
  reordering.advance(at(1'000));
  EXPECT_EQ(d.heard, 0);
  reordering.advance(at(100'000));
  EXPECT_EQ(d.heard, 1);
}

TEST(Air, same_seed_same_story) {
  std::string logs[2];
  for (auto& log : logs) {
    Air air(AirOptions{.seed = 3, .loss = 0.3, .duplicate = 0.2, .reorder = 0.2});
    Ear a, b;
    air.add(a);
    air.add(b);
    for (int i = 0; i < 500; ++i) {
      air.transmit(0, at(i * 100), at(i * 100 + 50), payload, settings);
      air.advance(at(i * 100 + 99));
    }
    log = b.log;
  }
  EXPECT_EQ(logs[0], logs[1]);
  EXPECT_NE(logs[0], "");
}

TEST(Air, packet_whose_content_comes_later) {
  Air air(AirOptions{});
  Ear a, b;
  air.add(a);
  air.add(b);
  int observed = 0;
  air.observe([&](Instant, StationId, std::span<const std::uint8_t> bytes) {
    ++observed;
    EXPECT_EQ(bytes.size(), payload.size());
  });
  air.transmit(0, at(0), at(1'000), {}, settings);
  air.advance(at(10));
  EXPECT_EQ(observed, 0);
  air.grow(0, std::span(payload).first(1));
  air.grow(0, payload);
  air.finish(0, at(1'000), true);
  air.advance(at(2'000));
  EXPECT_EQ(b.heard, 1);
  EXPECT_EQ(observed, 1);
  EXPECT_EQ(air.statistics().bytes, payload.size());
}

TEST(Air, packet_that_is_cut_off_is_corrupt) {
  Air air(AirOptions{});
  Ear a, b;
  air.add(a);
  air.add(b);
  air.transmit(0, at(0), at(1'000), payload, settings);
  air.advance(at(10));
  air.finish(0, at(500), false);
  EXPECT_EQ(air.next_event(), at(500));
  air.advance(at(600));
  EXPECT_EQ(air.statistics().collided, 1u);
  EXPECT_EQ(air.statistics().delivered, 0u);
  EXPECT_EQ(air.rssi_dbm(1, at(700), settings), -120);
}

TEST(Air, air_time_of_a_frame) {
  // (4 + 4 + 1 + 96 + 1) × 8 / 38400 s
  EXPECT_EQ(air_time(96, settings), Duration(22'083));
}

}  // namespace
}  // namespace goldcrest::sim
