// SPDX-License-Identifier: MIT
// Frames recorded from boards that run ST's Contiki port, decoded and answered: our node joins
// their root, our border router serves their node. The frames are those of the network profile's
// recording (root-contiki, node-joins-as-router, field-device-asks).
#include <gtest/gtest.h>

#include <string_view>

#include "core/role/test_network.hpp"
#include "core/wire/rpl.hpp"

namespace goldcrest::role {
namespace {

using namespace testing;

Frame hex(std::string_view text) {
  Frame bytes;
  unsigned digits = 0, value = 0;
  for (const char c : text) {
    const auto at = std::string_view("0123456789abcdef").find(c);
    if (at == std::string_view::npos) continue;
    value = value * 16 + static_cast<unsigned>(at);
    if (++digits % 2 == 0) {
      bytes.push_back(static_cast<std::uint8_t>(value));
      value = 0;
    }
  }
  return bytes;
}

// The root alone.
const Frame root_dio = hex(
    "41 d8 d8 cd ab ff ff 11 22 33 44 55 66 77 88 7a 3b 3a 1a 9b 01 d6 28 1e f0 00 80 10 f0 00 00 "
    "aa aa 00 00 00 00 00 00 8a 77 66 55 44 33 22 11 04 0e 00 08 0c 0a 03 80 00 80 00 01 00 1e 00 "
    "3c 08 1e 40 40 00 00 00 00 00 00 00 00 00 00 00 00 aa aa 00 00 00 00 00 00 00 00 00 00 00 00 "
    "00 00");
const Frame root_multicast_udp = hex(
    "41 d8 d9 cd ab ff ff 11 22 33 44 55 66 77 88 7e 3b 01 f3 00 08 fd 01 00 aa aa 00 00 00 00 00 "
    "00 8a 77 66 55 44 33 22 11 be 00 00 01");
const Frame root_next_dio = hex(
    "41 d8 da cd ab ff ff 11 22 33 44 55 66 77 88 7a 3b 3a 1a 9b 01 d6 27 1e f0 00 80 10 f1 00 00 "
    "aa aa 00 00 00 00 00 00 8a 77 66 55 44 33 22 11 04 0e 00 08 0c 0a 03 80 00 80 00 01 00 1e 00 "
    "3c 08 1e 40 40 00 00 00 00 00 00 00 00 00 00 00 00 aa aa 00 00 00 00 00 00 00 00 00 00 00 00 "
    "00 00");
// A node that hears that root.
const Frame device_dis =
    hex("41 d8 f0 cd ab ff ff 85 69 a3 41 38 39 36 35 7a 3b 3a 1a 9b 00 4b 8a 00 00");
const Frame device_dao = hex(
    "41 dc f1 cd ab 11 22 33 44 55 66 77 88 85 69 a3 41 38 39 36 35 7a 33 3a 9b 02 02 04 1e 40 00 "
    "f1 aa aa 00 00 00 00 00 00 8a 77 66 55 44 33 22 11 05 12 00 80 aa aa 00 00 00 00 00 00 37 36 "
    "39 38 41 a3 69 85 06 04 00 00 00 1e");
const Frame device_dio_1 = hex(
    "41 dc f2 cd ab 11 22 33 44 55 66 77 88 85 69 a3 41 38 39 36 35 c0 74 00 00 7a 33 3a 9b 01 ba "
    "54 1e f0 01 59 10 f0 00 00 aa aa 00 00 00 00 00 00 8a 77 66 55 44 33 22 11 04 0e 00 08 0c 0a "
    "03 80 00 80 00 01 00 1e 00 3c 08 1e 40 40 00 00 00 00 00 00 00 00 00 00 00 00 aa aa 00 00");
const Frame device_dio_2 = hex(
    "41 dc f3 cd ab 11 22 33 44 55 66 77 88 85 69 a3 41 38 39 36 35 e0 74 00 00 0d 00 00 00 00 00 "
    "00 00 00 00 00 00 00");
// A field device's first request.
const Frame request_1 = hex(
    "41 dc f5 cd ab 11 22 33 44 55 66 77 88 85 69 a3 41 38 39 36 35 c0 64 00 01 7a 00 00 aa aa 00 "
    "00 00 00 00 00 37 36 39 38 41 a3 69 85 00 00 00 00 00 00 00 00 00 00 ff ff c0 a8 01 40 11 00 "
    "63 04 00 1e 01 2b 16 33 16 33 00 34 81 06 40 01 2c 96 b7 75 70 64 61 74 65 73 c1 04 ff 13");
const Frame request_2 = hex(
    "41 dc f6 cd ab 11 22 33 44 55 66 77 88 85 69 a3 41 38 39 36 35 e0 64 00 01 09 4f 54 41 2d 53 "
    "54 4d 33 32 4c 31 2d 53 50 49 52 49 54 31 03 02 00 01 01 00 00 00 00");

const wire::Eui64 contiki_root{{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}};
const wire::Eui64 device{{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}};
const auto prefix = *wire::Ipv6Address::parse("aaaa::");
const auto device_address = wire::Ipv6Address::from_prefix(prefix, device);

/// Takes all frames a device has to send within `duration`, and answers none.
template <typename Device>
std::vector<Frame> run(Device& device_under_test, base::Instant& now, base::Duration duration) {
  std::vector<Frame> frames;
  const auto end = now + duration;
  while (true) {
    device_under_test.advance(now);
    while (const auto out = device_under_test.next_transmission(now)) {
      frames.emplace_back(out->frame.begin(), out->frame.end());
      now += 10ms;
      device_under_test.transmission_done(now, net::TransmitResult::sent);
    }
    const auto next = std::max(device_under_test.next_deadline(), now + 1us);
    if (next > end) break;
    now = next;
  }
  now = std::max(now, end);
  return frames;
}

/// The RPL messages in unfragmented frames, in order.
struct Heard {
  wire::MacFrame mac;
  wire::Ipv6Header ip;
  wire::Icmpv6Message message;
  std::shared_ptr<Frame> bytes = std::make_shared<Frame>(1280);
};
std::vector<Heard> rpl_messages(const std::vector<Frame>& frames) {
  std::vector<Heard> result;
  for (const auto& frame : frames) {
    const auto mac = wire::MacFrame::parse(frame);
    if (!mac || mac->type != wire::MacFrameType::data) continue;
    Heard heard;
    heard.mac = *mac;
    const auto size =
        wire::decompress(mac->payload, {mac->source, mac->destination}, {}, *heard.bytes);
    if (!size) continue;
    heard.bytes->resize(*size);
    heard.ip = *wire::Ipv6Header::parse(*heard.bytes);
    const auto upper = wire::upper_layer(*heard.bytes);
    if (!upper || upper->protocol != wire::next_header::icmpv6) continue;
    const auto message =
        wire::Icmpv6Message::parse(upper->payload, heard.ip.source, heard.ip.destination);
    if (!message || message->type != wire::icmpv6_type::rpl_control) continue;
    heard.message = *message;
    result.push_back(std::move(heard));
  }
  return result;
}

TEST(ContikiInterop, OurNodeJoinsTheRecordedRoot) {
  base::SeededRandom random(3);
  TestApplication application;
  RecordedEvents events;
  const auto own = eui64(5);
  Node node({.eui64 = own}, random, application, events);
  base::Instant now{};
  node.start(now);
  auto frames = run(node, now, 1s);
  auto messages = rpl_messages(frames);
  ASSERT_GE(messages.size(), 1u);
  EXPECT_EQ(messages[0].message.code, wire::rpl_code::dis);
  EXPECT_EQ(messages[0].ip.destination, wire::all_rpl_nodes);

  node.receive(now, root_dio, -70);
  ASSERT_TRUE(node.joined());
  EXPECT_EQ(node.preferred_parent()->eui64, contiki_root);
  EXPECT_EQ(node.rank(), 128 + 160) << "root's rank and a first guess of the link";
  EXPECT_EQ(node.dodag()->instance_id, 0x1E);
  EXPECT_EQ(node.dodag()->version, 0xF0);
  EXPECT_EQ(node.dodag()->dodag_id, wire::Ipv6Address::from_prefix(prefix, contiki_root));
  EXPECT_EQ(node.global_address(), wire::Ipv6Address::from_prefix(prefix, own));
  EXPECT_EQ(events.instances, 1);

  node.receive(now, root_multicast_udp, -70);  // nobody's business
  messages = rpl_messages(run(node, now, 2s));
  const auto dao_at = std::ranges::find_if(
      messages, [](const Heard& heard) { return heard.message.code == wire::rpl_code::dao; });
  ASSERT_NE(dao_at, messages.end());
  EXPECT_EQ(dao_at->ip.destination, wire::Ipv6Address::link_local_from(contiki_root));
  EXPECT_EQ(dao_at->ip.source, wire::Ipv6Address::link_local_from(own));
  EXPECT_EQ(dao_at->mac.destination, wire::MacAddress::from(contiki_root));
  const auto dao = wire::Dao::parse(dao_at->message);
  ASSERT_TRUE(dao);
  EXPECT_EQ(dao->instance, 0x1E);
  EXPECT_EQ(dao->dodag_id, node.dodag()->dodag_id);
  auto routes = dao->routes();
  const auto route = routes.next();
  ASSERT_TRUE(route);
  EXPECT_EQ(route->target.prefix, *node.global_address());
  EXPECT_EQ(route->target.prefix_length, 128);
  EXPECT_EQ(route->transit.path_lifetime, 0x1E);
  EXPECT_FALSE(route->transit.parent) << "the options are those that Contiki itself sends";
  EXPECT_FALSE(routes.next());

  // A root that knows no DAO-ACK is told a few times more, ever more seldom, and then trusted. (The
  // recorded root would be heard now and then.)
  std::ptrdiff_t daos = 0;
  for (int i = 0; i < 60; ++i) {
    const auto later = rpl_messages(run(node, now, 10s));
    daos += std::ranges::count_if(
        later, [](const Heard& heard) { return heard.message.code == wire::rpl_code::dao; });
    auto again = root_dio;
    again[2] = static_cast<std::uint8_t>(i);
    node.receive(now, again, -70);
  }
  EXPECT_EQ(events.confirmations, 1);
  EXPECT_EQ(daos, 8);

  // The next DIO carries a new DTSN: the route is announced again.
  node.receive(now, root_next_dio, -70);
  messages = rpl_messages(run(node, now, 2s));
  EXPECT_EQ(
      std::ranges::count_if(
          messages, [](const Heard& heard) { return heard.message.code == wire::rpl_code::dao; }),
      1);
}

TEST(ContikiInterop, OurNodeAsksItsServerThroughTheRecordedRootAsAFieldDeviceDoes) {
  base::SeededRandom random(3);
  TestApplication application;
  RecordedEvents events;
  Node node({.eui64 = device}, random, application, events);
  base::Instant now{};
  node.start(now);
  node.receive(now, root_dio, -70);
  (void)run(node, now, 5s);
  const auto server = wire::Ipv6Address::from_ipv4({192, 168, 1, 64});
  application.send({server, 5683}, Frame(44, 7));
  auto frames = run(node, now, 150ms);
  std::erase_if(frames, [](const Frame& frame) { return frame[21] != 0xC0 && frame[21] != 0xE0; });
  ASSERT_EQ(frames.size(), 2u);
  const auto first = wire::MacFrame::parse(frames[0]);
  ASSERT_TRUE(first);
  // The fixed form of the recording, but for size, tag, rank and what is inside: addresses inline,
  // the hop-by-hop header as it is.
  const auto recorded = wire::MacFrame::parse(request_1)->payload;
  const auto ours = first->payload;
  ASSERT_GT(ours.size(), 46u);
  EXPECT_TRUE(std::ranges::equal(ours.subspan(4, 41), recorded.subspan(4, 41)));
}

/// Our border router with the recorded root's address.
struct ServedDevice : ::testing::Test {
  ServedDevice()
      : router(std::make_unique<BorderRouter>(BorderRouterConfig{.eui64 = contiki_root}, random,
                                              events)) {
    router->start(now);
    (void)run(*router, now, 10s);
  }
  base::SeededRandom random{9};
  RecordedRootEvents events;
  base::Instant now{};
  std::unique_ptr<BorderRouter> router;
};

TEST_F(ServedDevice, ItsDisIsAnsweredWithTheDioItKnows) {
  (void)run(*router, now, 60s);
  router->receive(now, device_dis, -75);
  const auto frames = run(*router, now, 5s);
  const auto messages = rpl_messages(frames);
  const auto dio_at = std::ranges::find_if(
      messages, [](const Heard& heard) { return heard.message.code == wire::rpl_code::dio; });
  ASSERT_NE(dio_at, messages.end());
  const auto ours = wire::Dio::parse(dio_at->message);
  ASSERT_TRUE(ours);
  const auto theirs_heard = rpl_messages({root_dio});
  const auto theirs = wire::Dio::parse(theirs_heard.at(0).message);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(ours->instance, theirs->instance);
  EXPECT_EQ(ours->version, theirs->version);
  EXPECT_EQ(ours->rank, theirs->rank);
  EXPECT_EQ(ours->grounded, theirs->grounded);
  EXPECT_EQ(ours->mode_of_operation, theirs->mode_of_operation);
  EXPECT_EQ(ours->dodag_id, theirs->dodag_id);
  EXPECT_EQ(ours->configuration, theirs->configuration);
  EXPECT_EQ(ours->prefix, theirs->prefix);
  // Byte for byte the recorded frame, but for MAC sequence number, DTSN and so the checksum.
  const auto frame_at = std::ranges::find_if(
      frames, [](const Frame& frame) { return frame.size() == root_dio.size(); });
  ASSERT_NE(frame_at, frames.end());
  auto bytes = *frame_at;
  for (const std::size_t differs : {2u, 21u, 22u, 28u}) bytes[differs] = root_dio[differs];
  EXPECT_EQ(bytes, root_dio);
}

TEST_F(ServedDevice, ItsDaoMakesARoute) {
  router->receive(now, device_dao, -75);
  ASSERT_EQ(router->route_count(), 1u);
  EXPECT_EQ(events.parents.count(device_address), 1u);
  // It did not ask for a DAO-ACK and gets none.
  for (const auto& heard : rpl_messages(run(*router, now, 1s))) {
    EXPECT_NE(heard.message.code, wire::rpl_code::dao_ack);
  }
  // Its DIO comes in two fragments and tells its rank.
  router->receive(now, device_dio_1, -75);
  router->receive(now + 25ms, device_dio_2, -75);
  const auto neighbours = router->neighbours();
  const auto record = std::ranges::find_if(
      neighbours, [](const net::Neighbour& entry) { return entry.used && entry.eui64 == device; });
  ASSERT_NE(record, neighbours.end());
  EXPECT_EQ(record->rank, 0x159);
}

TEST_F(ServedDevice, ItsRequestLeavesTheMeshWithoutTheRplOption) {
  router->receive(now, device_dao, -75);
  router->receive(now, request_1, -75);
  EXPECT_FALSE(router->take_from_mesh());
  router->receive(now + 25ms, request_2, -75);
  const auto taken = router->take_from_mesh();
  ASSERT_TRUE(taken);
  const Frame bytes(taken->begin(), taken->end());
  EXPECT_EQ(bytes.size(), 92u);
  const auto header = wire::Ipv6Header::parse(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->next_header, wire::next_header::udp);
  EXPECT_EQ(header->hop_limit, 63);
  EXPECT_EQ(header->source, device_address);
  EXPECT_EQ(header->destination, wire::Ipv6Address::from_ipv4({192, 168, 1, 64}));
  const auto udp =
      wire::UdpDatagram::parse(base::Bytes(bytes).subspan(40), header->source, header->destination);
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->source_port, 5683);
  EXPECT_EQ(udp->destination_port, 5683);
  const auto expected = hex(
      "40 01 2c 96 b7 75 70 64 61 74 65 73 c1 04 ff 13 4f 54 41 2d 53 54 4d 33 32 4c 31 2d 53 50 "
      "49 52 49 54 31 03 02 00 01 01 00 00 00 00");
  EXPECT_EQ(Frame(udp->payload.begin(), udp->payload.end()), expected);
  EXPECT_FALSE(router->take_from_mesh());
}

TEST_F(ServedDevice, AnswersGoToItInFragmentsItUnderstandsWithoutWaitingForAcks) {
  router->receive(now, device_dao, -75);
  const auto server = wire::Ipv6Address::from_ipv4({192, 168, 1, 64});
  std::size_t with_ack_request = 0, frames_sent = 0;
  for (unsigned round = 0; round < 40; ++round) {
    const Frame block(270, static_cast<std::uint8_t>(round));
    const auto datagram = udp_datagram({server, 5683}, {device_address, 5683}, block);
    ASSERT_EQ(router->send_to_mesh(now, datagram), SendToMeshResult::accepted);
    const auto begin = now;
    std::vector<std::uint8_t> received(datagram.size());
    std::size_t covered = 0;
    for (const auto& frame : run(*router, now, 400ms)) {
      const auto mac = wire::MacFrame::parse(frame);
      ASSERT_TRUE(mac);
      if (mac->destination != wire::MacAddress::from(device)) continue;
      ++frames_sent;
      with_ack_request += mac->ack_request;
      EXPECT_LE(frame.size(), limits::frame_bytes);
      const auto header = wire::FragmentHeader::parse(mac->payload);
      ASSERT_TRUE(header);
      const auto data = mac->payload.subspan(header->size());
      if (header->first) {
        // As the device reads it: no context, no compressed extension header.
        const auto size = wire::decompress_first_fragment(
            data, header->datagram_size, {mac->source, mac->destination}, {}, received);
        ASSERT_TRUE(size);
        covered += *size;
      } else {
        std::ranges::copy(data, received.begin() + header->datagram_offset);
        covered += data.size();
      }
    }
    EXPECT_EQ(covered, datagram.size());
    auto expected = datagram;
    --expected[wire::Ipv6Header::hop_limit_offset];
    EXPECT_EQ(received, expected) << "no RPL option towards a direct neighbour";
    EXPECT_LT(now - begin, 1s);
  }
  EXPECT_EQ(router->statistics().link.retransmissions, 0u);
  EXPECT_EQ(router->statistics().link.frames_given_up, 0u);
  EXPECT_LT(with_ack_request * 16, frames_sent) << "asking for acks stays the exception";
}

}  // namespace
}  // namespace goldcrest::role
