// SPDX-License-Identifier: MIT
// With what others have built: field devices in our mesh, our node in theirs and at their servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/wire/rpl.hpp"
#include "core/wire/sixlowpan.hpp"
#include "core/wire/udp.hpp"
#include "sim/field/field_device.hpp"
#include "tests/scenarios/places.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

using sim::FieldDevice;
using sim::Frame;
using sim::ScriptedStation;

/// The frames of a file in tests/vectors, in order.
std::vector<Frame> recorded_frames(const std::string& file) {
  const std::string path = std::string(GOLDCREST_ROOT) + "/tests/vectors/" + file;
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot read " + path);
  std::vector<Frame> frames;
  for (std::string line; std::getline(stream, line);) {
    std::istringstream bytes(line);
    Frame frame;
    for (unsigned byte = 0; bytes >> std::hex >> byte;) {
      frame.push_back(static_cast<std::uint8_t>(byte));
    }
    if (!frame.empty()) frames.push_back(std::move(frame));
  }
  return frames;
}

FieldDevice field_device(Scenario& scenario) {
  return FieldDevice(scenario.world(), places::server(), seed());
}

TEST(Interworking, our_node_updates_from_a_server_that_knows_the_classic_protocol_only) {
  Scenario scenario;
  auto& node = scenario.node();
  scenario.server().speaks_classic_only();
  scenario.server().publishes("1.1.31");
  node.joins();
  node.presses_button();
  node.says("[Update: asking the server, classic protocol]", 1min);
  node.finds("1.1.31");
  node.completes_update_to("1.1.31");
  EXPECT_EQ(scenario.server().restarts(), 0u);
  EXPECT_TRUE(scenario.server().asked().empty()) << "no ask of the current protocol was answered";
  EXPECT_TRUE(std::ranges::all_of(scenario.server().served(), &Served::classic));
  node.joins();
  node.confirms("1.1.31");
}

TEST(Interworking, our_node_joins_the_recorded_contiki_root_and_asks_its_server_through_it) {
  Scenario scenario({.with_router = false});
  ScriptedStation root(scenario.world(), places::router_eui64, seed());
  const auto recording = recorded_frames("contiki-spirit1/root-contiki.hex");
  ASSERT_EQ(recording.size(), 3u);
  root.runs_for(2s);
  for (const auto& frame : recording) {
    root.sends(frame);
    root.runs_for(4s);
  }
  auto& node = scenario.node();
  EXPECT_TRUE(node.has_said("[RPL: new instance 30]"));
  EXPECT_TRUE(
      node.has_said("[RPL: joined DODAG aaaa::8a77:6655:4433:2211, parent "
                    "fe80::8a77:6655:4433:2211"));
  const auto global = wire::Ipv6Address::parse("aaaa::" + node.address().substr(6));
  ASSERT_TRUE(global) << node.address();

  for (int i = 0; i < 15; ++i) {
    root.sends(recording.back());
    root.runs_for(4s);
  }
  unsigned daos = 0, asks = 0;
  while (const auto datagram = root.takes()) {
    const auto from = wire::eui64_of(*global);
    EXPECT_EQ(datagram->from, wire::MacAddress::from(from));
    if (const auto message = datagram->rpl(); message && message->code == wire::rpl_code::dao) {
      const auto dao = wire::Dao::parse(*message);
      ASSERT_TRUE(dao);
      EXPECT_EQ(dao->instance, 0x1E);
      EXPECT_EQ(datagram->header().destination,
                wire::Ipv6Address::link_local_from(places::router_eui64));
      auto routes = dao->routes();
      const auto route = routes.next();
      ASSERT_TRUE(route);
      EXPECT_EQ(route->target.prefix, *global);
      EXPECT_EQ(route->target.prefix_length, 128);
      EXPECT_NE(route->transit.path_lifetime, wire::TransitInformation::no_path);
      ++daos;
    }
    const auto upper = datagram->upper();
    if (!upper || upper->protocol != wire::next_header::udp) continue;
    const auto header = datagram->header();
    EXPECT_EQ(header.source, *global);
    EXPECT_EQ(header.destination, places::server().address);
    ASSERT_TRUE(upper->rpl) << "towards the root, packets carry the RPL option";
    EXPECT_FALSE(upper->rpl->option.down);
    EXPECT_EQ(upper->rpl->option.instance, 0x1E);
    const auto udp = wire::UdpDatagram::parse(upper->payload, header.source, header.destination);
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->destination_port, 5683);
    ++asks;
  }
  EXPECT_GE(daos, 1u);
  EXPECT_GE(asks, 2u) << "it asks again when there is no answer";
  EXPECT_FALSE(node.has_said("lost")) << "a parent that sends no link acks is still a parent";
}

TEST(Interworking, a_field_device_joins_and_is_served_a_whole_file) {
  Scenario scenario({.nodes = 0});
  scenario.server().publishes("1.1.31");
  auto device = field_device(scenario);
  ASSERT_TRUE(device.joins(1min));
  EXPECT_EQ(device.dio()->instance, 0x1E);
  EXPECT_EQ(device.dio()->dodag_id, *wire::Ipv6Address::parse("aaaa::8a77:6655:4433:2211"));
  ASSERT_EQ(scenario.router().border_router()->route_count(), 1u);

  EXPECT_EQ(device.updates(20min), FieldDevice::Outcome::complete);
  EXPECT_TRUE(device.file() == read_all(release("1.1.31"))) << replay_command();
  EXPECT_EQ(device.retransmissions(), 0u) << "without losses nothing needs to be repeated";
  EXPECT_EQ(scenario.router().border_router()->statistics().link.retransmissions, 0u);
}

TEST(Interworking, a_field_device_is_served_with_losses_and_beside_one_of_our_nodes) {
  Scenario scenario({.air = {.loss = 0.02}});
  auto device = field_device(scenario);
  scenario.node().joins();
  scenario.server().publishes("1.1.31");
  ASSERT_TRUE(device.joins(1min));
  scenario.node().presses_button();
  // One request in six comes to nothing here, in the rush at the beginning one in three, and after
  // five for one block it gives up: somebody has it go on.
  auto outcome = device.updates(30min);
  for (int again = 0; again < 3 && outcome == FieldDevice::Outcome::gave_up; ++again) {
    outcome = device.updates(30min);
  }
  EXPECT_EQ(outcome, FieldDevice::Outcome::complete) << replay_command();
  EXPECT_TRUE(device.file() == read_all(release("1.1.31"))) << replay_command();
  EXPECT_TRUE(scenario.node().has_said("COMPLETE")) << "both were served at the same time";
}

TEST(Interworking, a_field_device_is_told_by_reset_that_there_is_nothing_newer) {
  Scenario scenario({.nodes = 0});
  auto device = field_device(scenario);
  ASSERT_TRUE(device.joins(1min));
  EXPECT_EQ(device.updates(5min), FieldDevice::Outcome::nothing_newer);
}

TEST(Interworking, what_the_scripted_field_device_sends_is_what_the_recorded_one_sent) {
  Scenario scenario({.nodes = 0});
  std::vector<Frame> sent;
  auto device = field_device(scenario);
  scenario.world().air().observe([&](base::Instant, sim::StationId sender, base::Bytes frame) {
    if (sender == device.station().station()) sent.emplace_back(frame.begin(), frame.end());
  });
  ASSERT_TRUE(device.joins(1min));
  EXPECT_EQ(device.updates(5min), FieldDevice::Outcome::nothing_newer);
  const auto joining = recorded_frames("contiki-spirit1/node-joins-as-router.hex");
  const auto asking = recorded_frames("contiki-spirit1/field-device-asks.hex");
  std::vector<Frame> recorded{joining.at(0), joining.at(1), joining.at(5)};
  recorded.insert(recorded.end(), asking.begin(), asking.end());
  ASSERT_GE(sent.size(), recorded.size());
  // It solicits until it is answered.
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    auto frame = sent.at(sent.size() - recorded.size() + i);
    frame.at(2) = recorded[i].at(2);  // the MAC sequence number
    EXPECT_EQ(frame, recorded[i]) << "frame " << i;
  }
}

}  // namespace
}  // namespace goldcrest::scenario
