// SPDX-License-Identifier: MIT
// Every frame recorded from ST's Contiki port (tests/vectors/contiki-spirit1), decoded field by
// field through all layers, and encoded again from those fields to the very same bytes.
#include <gtest/gtest.h>

#include <optional>

#include "core/wire/icmpv6.hpp"
#include "core/wire/ieee802154.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/rpl.hpp"
#include "core/wire/sixlowpan.hpp"
#include "core/wire/test_support.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::wire {
namespace {

using test::address;
using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

const Eui64 node{{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}};
const Eui64 root{{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}};
const Ipv6Address node_local = test::address("fe80::3736:3938:41a3:6985");
const Ipv6Address root_local = test::address("fe80::8a77:6655:4433:2211");
const Ipv6Address node_global = test::address("aaaa::3736:3938:41a3:6985");
const Ipv6Address root_global = test::address("aaaa::8a77:6655:4433:2211");

/// One datagram as it came out of one or two frames.
struct Recorded {
  MacFrame first{};
  Octets datagram{};
  Ipv6Header header{};
  UpperLayer upper{};  ///< points into `datagram`
};

MacFrame mac_frame(const Octets& octets) {
  const auto frame = MacFrame::parse(octets);
  EXPECT_TRUE(frame.has_value());
  const auto again = emitted([&](base::ByteWriter& writer) { frame->emit(writer); });
  EXPECT_EQ(again, octets);
  return *frame;
}

/// The datagram of frames[index], and of the next frame too when that is its second fragment.
void decode(const std::vector<Octets>& frames, std::size_t index, Recorded& recorded) {
  recorded.first = mac_frame(frames.at(index));
  const LinkAddresses link{recorded.first.source, recorded.first.destination};
  const auto payload = recorded.first.payload;
  recorded.datagram.assign(1280, 0xEE);
  const auto fragment = FragmentHeader::parse(payload);
  if (!fragment) {
    const auto size = decompress(payload, link, {}, recorded.datagram);
    ASSERT_TRUE(size.has_value());
    recorded.datagram.resize(*size);
  } else {
    ASSERT_TRUE(fragment->first);
    const auto covered = decompress_first_fragment(
        payload.subspan(fragment->size()), fragment->datagram_size, link, {}, recorded.datagram);
    ASSERT_TRUE(covered.has_value());
    const auto second_frame = mac_frame(frames.at(index + 1));
    const auto second = FragmentHeader::parse(second_frame.payload);
    ASSERT_TRUE(second.has_value());
    ASSERT_FALSE(second->first);
    ASSERT_EQ(second->datagram_tag, fragment->datagram_tag);
    ASSERT_EQ(second->datagram_size, fragment->datagram_size);
    ASSERT_EQ(second->datagram_offset, *covered);
    const auto rest = second_frame.payload.subspan(second->size());
    ASSERT_EQ(*covered + rest.size(), fragment->datagram_size);
    recorded.datagram.resize(*covered);
    recorded.datagram.insert(recorded.datagram.end(), rest.begin(), rest.end());
  }
  const auto header = Ipv6Header::parse(recorded.datagram);
  ASSERT_TRUE(header.has_value());
  recorded.header = *header;
  ASSERT_EQ(header->payload_length, recorded.datagram.size() - Ipv6Header::size);
  const auto upper = upper_layer(recorded.datagram);
  ASSERT_TRUE(upper.has_value());
  recorded.upper = *upper;
}

/// The frames our encoder makes of `datagram`, with the frame sizes Contiki chose: header room for
/// `capacity` bytes of 6LoWPAN payload in the first fragment.
std::vector<Octets> encode(base::Bytes datagram, const MacAddress& source,
                           const MacAddress& destination, std::uint8_t sequence, std::uint16_t tag,
                           std::size_t frame_bytes) {
  std::array<std::uint8_t, max_compressed_header> header{};
  base::ByteWriter compressed(header);
  const auto covered = compress_header(datagram, {source, destination}, {}, compressed);
  EXPECT_TRUE(covered.has_value());
  const auto rest = datagram.subspan(*covered);
  const auto frame_of = [&](base::Bytes payload) {
    const auto frame = MacFrame::data(0xABCD, sequence++, source, destination, payload);
    return emitted([&](base::ByteWriter& writer) { frame.emit(writer); });
  };
  const auto mac_size = MacFrame::data(0, 0, source, destination, {}).header_size();
  if (mac_size + compressed.size() + rest.size() <= frame_bytes) {
    return {frame_of(emitted([&](base::ByteWriter& writer) {
      writer.bytes(compressed.written());
      writer.bytes(rest);
    }))};
  }
  const auto room = frame_bytes - mac_size - FragmentHeader::first_size - compressed.size();
  const auto taken = (*covered + room) / 8 * 8 - *covered;
  const auto size = static_cast<std::uint16_t>(datagram.size());
  return {frame_of(emitted([&](base::ByteWriter& writer) {
            FragmentHeader{.first = true, .datagram_size = size, .datagram_tag = tag}.emit(writer);
            writer.bytes(compressed.written());
            writer.bytes(rest.first(taken));
          })),
          frame_of(emitted([&](base::ByteWriter& writer) {
            FragmentHeader{.first = false,
                           .datagram_size = size,
                           .datagram_tag = tag,
                           .datagram_offset = static_cast<std::uint16_t>(*covered + taken)}
                .emit(writer);
            writer.bytes(rest.subspan(taken));
          }))};
}

/// A datagram made of fields: IPv6 header with `body` as its ICMPv6 payload.
template <typename Body>
Octets icmpv6_datagram(const Ipv6Address& source, const Ipv6Address& destination,
                       const Body& body) {
  const Ipv6Header header{.next_header = next_header::icmpv6,
                          .hop_limit = 64,
                          .source = source,
                          .destination = destination};
  return emitted([&](base::ByteWriter& writer) {
    emit_ipv6(writer, header,
              [&](base::ByteWriter& out) { emit_icmpv6(out, source, destination, body); });
  });
}

Icmpv6Message rpl_message(const Recorded& recorded) {
  EXPECT_EQ(recorded.upper.protocol, next_header::icmpv6);
  const auto message = Icmpv6Message::parse(recorded.upper.payload, recorded.header.source,
                                            recorded.header.destination);
  EXPECT_TRUE(message.has_value());
  EXPECT_EQ(message->type, icmpv6_type::rpl_control);
  return *message;
}

/// What Contiki's port puts into every DIO.
Dio expected_dio(std::uint16_t rank, std::uint8_t dtsn) {
  return {.instance = 0x1E,
          .version = 0xF0,
          .rank = rank,
          .grounded = false,
          .mode_of_operation = rpl_mode::storing,
          .preference = 0,
          .dtsn = dtsn,
          .dodag_id = root_global,
          .etx = std::nullopt,
          .configuration = DodagConfiguration{.authentication = false,
                                              .path_control_size = 0,
                                              .interval_doublings = 8,
                                              .interval_min = 12,
                                              .redundancy = 10,
                                              .max_rank_increase = 0x380,
                                              .min_hop_rank_increase = 0x80,
                                              .objective_code_point = 1,
                                              .default_lifetime = 30,
                                              .lifetime_unit_s = 60},
          .prefix = PrefixInformation{.prefix_length = 64,
                                      .on_link = false,
                                      .autonomous = true,
                                      .router_address = false,
                                      .valid_lifetime_s = 0,
                                      .preferred_lifetime_s = 0,
                                      .prefix = test::address("aaaa::")}};
}

struct DioCase {
  const char* file;
  std::size_t index;
  bool from_root;
  bool unicast;
  std::uint16_t rank;
  std::uint8_t dtsn;
  std::uint16_t tag;  ///< of the fragments, when unicast
};

const DioCase dio_cases[] = {
    {"root-contiki.hex", 0, true, false, 0x80, 0xF0, 0},
    {"root-contiki.hex", 2, true, false, 0x80, 0xF1, 0},
    {"node-joins-as-router.hex", 2, false, true, 0x159, 0xF0, 0},
    {"node-joins-as-router.hex", 4, false, false, 0x12B, 0xF1, 0},
    {"node-joins-as-router.hex", 6, false, false, 0x124, 0xF1, 0},
    {"node-joins-as-router.hex", 7, false, true, 0x124, 0xF1, 1},
};

class RecordedDio : public testing::TestWithParam<DioCase> {};

TEST_P(RecordedDio, DecodesAndEncodesToTheSameBytes) {
  const auto& expected = GetParam();
  const auto frames = test::recorded_frames(expected.file);
  Recorded recorded;
  ASSERT_NO_FATAL_FAILURE(decode(frames, expected.index, recorded));
  const auto source = expected.from_root ? root_local : node_local;
  const auto destination = expected.unicast ? root_local : all_rpl_nodes;
  EXPECT_EQ(recorded.first.source, MacAddress::from(expected.from_root ? root : node));
  EXPECT_EQ(recorded.first.destination,
            expected.unicast ? MacAddress::from(root) : MacAddress::broadcast());
  EXPECT_EQ(recorded.first.destination_pan, 0xABCD);
  EXPECT_EQ(recorded.first.version, 1);
  EXPECT_FALSE(recorded.first.ack_request);
  EXPECT_EQ(recorded.header, (Ipv6Header{.traffic_class = 0,
                                         .flow_label = 0,
                                         .payload_length = 76,
                                         .next_header = next_header::icmpv6,
                                         .hop_limit = 64,
                                         .source = source,
                                         .destination = destination}));
  const auto dio = Dio::parse(rpl_message(recorded));
  ASSERT_TRUE(dio.has_value());
  const auto wanted = expected_dio(expected.rank, expected.dtsn);
  EXPECT_EQ(dio->instance, wanted.instance);
  EXPECT_EQ(dio->version, wanted.version);
  EXPECT_EQ(dio->rank, wanted.rank);
  EXPECT_EQ(dio->grounded, wanted.grounded);
  EXPECT_EQ(dio->mode_of_operation, wanted.mode_of_operation);
  EXPECT_EQ(dio->preference, wanted.preference);
  EXPECT_EQ(dio->dtsn, wanted.dtsn);
  EXPECT_EQ(dio->dodag_id, wanted.dodag_id);
  EXPECT_EQ(dio->etx, wanted.etx);
  EXPECT_EQ(dio->configuration, wanted.configuration);
  EXPECT_EQ(dio->prefix, wanted.prefix);

  const auto datagram = icmpv6_datagram(source, destination, wanted);
  EXPECT_EQ(to_hex(datagram), to_hex(recorded.datagram));
  const auto encoded = encode(datagram, recorded.first.source, recorded.first.destination,
                              recorded.first.sequence, expected.tag, 96);
  ASSERT_EQ(encoded.size(), expected.unicast ? 2u : 1u);
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    EXPECT_EQ(to_hex(encoded[i]), to_hex(frames[expected.index + i]));
  }
}

INSTANTIATE_TEST_SUITE_P(All, RecordedDio, testing::ValuesIn(dio_cases));

TEST(RecordedFrames, Dis) {
  const auto frames = test::recorded_frames("node-joins-as-router.hex");
  Recorded recorded;
  ASSERT_NO_FATAL_FAILURE(decode(frames, 0, recorded));
  EXPECT_EQ(recorded.first.sequence, 0xF0);
  EXPECT_EQ(recorded.header.source, node_local);
  EXPECT_EQ(recorded.header.destination, all_rpl_nodes);
  EXPECT_EQ(recorded.header.hop_limit, 64);
  const auto dis = Dis::parse(rpl_message(recorded));
  ASSERT_TRUE(dis.has_value());
  EXPECT_FALSE(dis->solicited.has_value());
  const auto datagram = icmpv6_datagram(node_local, all_rpl_nodes, Dis{});
  EXPECT_EQ(encode(datagram, MacAddress::from(node), MacAddress::broadcast(), 0xF0, 0, 96),
            std::vector<Octets>{frames[0]});
}

TEST(RecordedFrames, Dao) {
  const auto frames = test::recorded_frames("node-joins-as-router.hex");
  for (const auto& [index, sequence] : {std::pair{1u, 0xF1u}, std::pair{5u, 0xF2u}}) {
    Recorded recorded;
    ASSERT_NO_FATAL_FAILURE(decode(frames, index, recorded));
    EXPECT_EQ(recorded.header.source, node_local);
    EXPECT_EQ(recorded.header.destination, root_local);
    const auto dao = Dao::parse(rpl_message(recorded));
    ASSERT_TRUE(dao.has_value());
    EXPECT_EQ(dao->instance, 0x1E);
    EXPECT_FALSE(dao->ack_requested);
    EXPECT_EQ(dao->sequence, sequence);
    EXPECT_EQ(dao->dodag_id, root_global);
    auto routes = dao->routes();
    const DaoRoute route{.target = {.prefix_length = 128, .prefix = node_global},
                         .transit = {.path_lifetime = 30}};
    EXPECT_EQ(routes.next(), route);
    EXPECT_EQ(routes.next(), std::nullopt);

    const auto options = emitted([&](base::ByteWriter& writer) { emit_route(writer, route); });
    const Dao wanted{.instance = 0x1E,
                     .ack_requested = false,
                     .sequence = static_cast<std::uint8_t>(sequence),
                     .dodag_id = root_global,
                     .options = options};
    const auto datagram = icmpv6_datagram(node_local, root_local, wanted);
    EXPECT_EQ(encode(datagram, MacAddress::from(node), MacAddress::from(root),
                     recorded.first.sequence, 0, 96),
              std::vector<Octets>{frames[index]});
  }
}

TEST(RecordedFrames, MulticastUdp) {
  const auto frames = test::recorded_frames("root-contiki.hex");
  Recorded recorded;
  ASSERT_NO_FATAL_FAILURE(decode(frames, 1, recorded));
  EXPECT_EQ(recorded.header.source, root_local);
  EXPECT_EQ(recorded.header.destination, all_nodes);
  ASSERT_EQ(recorded.upper.protocol, next_header::udp);
  const auto udp = UdpDatagram::parse(recorded.upper.payload, root_local, all_nodes);
  ASSERT_TRUE(udp.has_value());
  EXPECT_EQ(udp->source_port, 0xF0B0);
  EXPECT_EQ(udp->destination_port, 0xF0B0);
  EXPECT_EQ(to_hex(udp->payload), "0100aaaa0000000000008a77665544332211be000001");
  const auto datagram = emitted([&](base::ByteWriter& writer) {
    const Ipv6Header header{.next_header = next_header::udp,
                            .hop_limit = 64,
                            .source = root_local,
                            .destination = all_nodes};
    emit_ipv6(writer, header,
              [&](base::ByteWriter& out) { udp->emit(out, root_local, all_nodes); });
  });
  EXPECT_EQ(encode(datagram, MacAddress::from(root), MacAddress::broadcast(), 0xD9, 0, 96),
            std::vector<Octets>{frames[1]});
}

TEST(RecordedFrames, FieldDeviceAsks) {
  const auto frames = test::recorded_frames("field-device-asks.hex");
  const auto server = address("::ffff:192.168.1.64");
  Recorded recorded;
  ASSERT_NO_FATAL_FAILURE(decode(frames, 0, recorded));
  EXPECT_EQ(recorded.header, (Ipv6Header{.payload_length = 60,
                                         .next_header = next_header::hop_by_hop,
                                         .hop_limit = 64,
                                         .source = node_global,
                                         .destination = server}));
  const RplOption option{.instance = 0x1E, .sender_rank = 0x012B};
  ASSERT_TRUE(recorded.upper.rpl.has_value());
  EXPECT_EQ(recorded.upper.rpl->option, option);
  ASSERT_EQ(recorded.upper.protocol, next_header::udp);
  const auto udp = UdpDatagram::parse(recorded.upper.payload, node_global, server);
  ASSERT_TRUE(udp.has_value());
  EXPECT_EQ(udp->source_port, 5683);
  EXPECT_EQ(udp->destination_port, 5683);
  EXPECT_EQ(to_hex(udp->payload.first(18)),
            "40012c96b775706461746573c104ff13"
            "4f54");

  const auto plain = emitted([&](base::ByteWriter& writer) {
    const Ipv6Header header{.next_header = next_header::udp,
                            .hop_limit = 64,
                            .source = node_global,
                            .destination = server};
    emit_ipv6(writer, header, [&](base::ByteWriter& out) { udp->emit(out, node_global, server); });
  });
  const auto datagram = emitted(
      [&](base::ByteWriter& writer) { EXPECT_TRUE(insert_rpl_option(plain, option, writer)); });
  EXPECT_EQ(to_hex(datagram), to_hex(recorded.datagram));
  const auto encoded =
      encode(datagram, MacAddress::from(node), MacAddress::from(root), 0xF5, 1, 96);
  ASSERT_EQ(encoded.size(), 2u);
  EXPECT_EQ(to_hex(encoded[0]), to_hex(frames[0]));
  EXPECT_EQ(to_hex(encoded[1]), to_hex(frames[1]));
}

TEST(RecordedFrames, CountOfFrames) {
  // So that a frame added to the files without a test here is noticed: 6 DIOs (2 of them in two
  // frames), DIS, 2 DAOs, a UDP packet and a request in two frames.
  std::size_t count = 0;
  for (const char* file :
       {"root-contiki.hex", "node-joins-as-router.hex", "field-device-asks.hex"}) {
    count += test::recorded_frames(file).size();
  }
  EXPECT_EQ(count, 14u);
}

}  // namespace
}  // namespace goldcrest::wire
