// SPDX-License-Identifier: MIT
#include "core/wire/rpl.hpp"

#include <gtest/gtest.h>

#include "core/wire/test_support.hpp"

namespace goldcrest::wire {
namespace {

using test::address;
using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

template <typename Body>
Octets emit(const Body& body) {
  return emitted([&](base::ByteWriter& writer) { body.emit(writer); });
}

template <typename Body>
auto parse(std::uint8_t code, const Octets& octets) {
  return Body::parse(Icmpv6Message{.type = icmpv6_type::rpl_control, .code = code, .body = octets});
}

const std::string dodag = "aaaa0000000000008a77665544332211";
const std::string dio_base = "1e f0 0080 10 f1 00 00" + dodag;
const std::string configuration = "04 0e 00 08 0c 0a 0380 0080 0001 00 1e 003c";
const std::string prefix =
    "08 1e 40 40 00000000 00000000 00000000 aaaa0000000000000000000000000000";
const std::string metric = "02 06 07 0012 02 0155";

TEST(Rpl, DioFieldByField) {
  const auto octets = from_hex(dio_base + metric + configuration + prefix);
  const auto dio = parse<Dio>(rpl_code::dio, octets);
  ASSERT_TRUE(dio.has_value());
  EXPECT_EQ(dio->instance, 0x1E);
  EXPECT_EQ(dio->version, 0xF0);
  EXPECT_EQ(dio->rank, 0x80);
  EXPECT_FALSE(dio->grounded);
  EXPECT_EQ(dio->mode_of_operation, rpl_mode::storing);
  EXPECT_EQ(dio->preference, 0);
  EXPECT_EQ(dio->dtsn, 0xF1);
  EXPECT_EQ(dio->dodag_id, address("aaaa::8a77:6655:4433:2211"));
  EXPECT_EQ(dio->etx, (EtxMetric{.etx = 0x0155, .aggregation = 1, .precedence = 2}));
  EXPECT_EQ(dio->configuration, (DodagConfiguration{.interval_doublings = 8,
                                                    .interval_min = 12,
                                                    .redundancy = 10,
                                                    .max_rank_increase = 0x380,
                                                    .min_hop_rank_increase = 0x80,
                                                    .objective_code_point = 1,
                                                    .default_lifetime = 30,
                                                    .lifetime_unit_s = 60}));
  EXPECT_EQ(
      dio->prefix,
      (PrefixInformation{.prefix_length = 64, .autonomous = true, .prefix = address("aaaa::")}));
  EXPECT_EQ(emit(*dio), octets);
}

TEST(Rpl, OptionsInAnyOrderWithPaddingAndStrangersBetween) {
  const auto octets =
      from_hex(dio_base + "00" + prefix + "01 02 0000" + configuration + "09 04 11223344" +
               "fe 00" + "03 0e" + "0011223344556677889900112233" + "00 00");
  const auto dio = parse<Dio>(rpl_code::dio, octets);
  ASSERT_TRUE(dio.has_value());
  EXPECT_TRUE(dio->prefix.has_value());
  EXPECT_TRUE(dio->configuration.has_value());
  EXPECT_FALSE(dio->etx.has_value());
}

TEST(Rpl, EtxIsFoundBehindOtherMetrics) {
  // Hop count (3), node energy (2), then ETX with every flag set.
  const auto octets = from_hex(dio_base + "02 12 03 0000 02 0005 02 0000 02 0030 07 07b3 02 0280");
  const auto dio = parse<Dio>(rpl_code::dio, octets);
  ASSERT_TRUE(dio.has_value());
  EXPECT_EQ(dio->etx, (EtxMetric{.etx = 0x0280,
                                 .partial = true,
                                 .constraint = true,
                                 .optional = true,
                                 .recorded = true,
                                 .aggregation = 3,
                                 .precedence = 3}));
}

TEST(Rpl, RefusesMalformedOptions) {
  for (const std::string& options : std::initializer_list<std::string>{
           "04 0d 00 08 0c 0a 0380 0080 0001 00 1e 00",                  // configuration short
           "04 0e 00 08 0c 0a 0380 0080 0001 00 1e 00",                  // over the end
           "08 1e 81 40 00000000 00000000 00000000 " + dodag,            // prefix length 129
           "08 1d 40 40 00000000 00000000 00000000 " + dodag.substr(2),  // prefix short
           "02 04 07 0000 01", "02 05 07 0000 01 01", "02 03 07 0000",   // metric objects
           "01", "99 05 00"}) {
    const auto octets = from_hex(dio_base + options);
    const auto dio = parse<Dio>(rpl_code::dio, octets);
    ASSERT_FALSE(dio.has_value()) << options;
    EXPECT_EQ(dio.error(), RplError::option);
  }
  for (std::size_t size = 0; size < 24; ++size) {
    auto octets = from_hex(dio_base);
    octets.resize(size);
    EXPECT_EQ(parse<Dio>(rpl_code::dio, octets).error(), RplError::truncated);
  }
}

TEST(Rpl, RefusesOtherTypesAndSecuredVariants) {
  const auto octets = from_hex(dio_base);
  EXPECT_EQ(parse<Dio>(0x81, octets).error(), RplError::secured);
  EXPECT_EQ(parse<Dio>(0x8A, octets).error(), RplError::secured);
  EXPECT_EQ(parse<Dio>(rpl_code::dao, octets).error(), RplError::type);
  EXPECT_EQ(parse<Dis>(rpl_code::dio, octets).error(), RplError::type);
  EXPECT_EQ(parse<DaoAck>(rpl_code::dio, octets).error(), RplError::type);
  EXPECT_EQ(Dao::parse(Icmpv6Message{.type = 128, .code = 2, .body = octets}).error(),
            RplError::type);
}

TEST(Rpl, DisWithAndWithoutSolicitedInformation) {
  const auto plain = parse<Dis>(rpl_code::dis, from_hex("0000"));
  ASSERT_TRUE(plain.has_value());
  EXPECT_FALSE(plain->solicited.has_value());
  EXPECT_EQ(to_hex(emit(*plain)), "0000");
  const auto octets = from_hex("0000 07 13 1e a0" + dodag + "f0");
  const auto dis = parse<Dis>(rpl_code::dis, octets);
  ASSERT_TRUE(dis.has_value());
  EXPECT_EQ(dis->solicited, (SolicitedInformation{.instance = 0x1E,
                                                  .version_predicate = true,
                                                  .dodag_predicate = true,
                                                  .dodag_id = address("aaaa::8a77:6655:4433:2211"),
                                                  .version = 0xF0}));
  EXPECT_EQ(emit(*dis), octets);
  EXPECT_EQ(parse<Dis>(rpl_code::dis, from_hex("00")).error(), RplError::truncated);
  EXPECT_EQ(parse<Dis>(rpl_code::dis, from_hex("0000 07 12 1e a0" + dodag)).error(),
            RplError::option);
}

std::vector<DaoRoute> routes_of(const Dao& dao) {
  std::vector<DaoRoute> found;
  auto routes = dao.routes();
  while (const auto route = routes.next()) found.push_back(*route);
  EXPECT_FALSE(routes.next().has_value());
  return found;
}

TEST(Rpl, DaoFieldByField) {
  const auto octets = from_hex("1e c0 00 f1" + dodag +
                               "05 12 00 80 aaaa0000000000003736393841a36985 06 04 80 01 02 1e");
  const auto dao = parse<Dao>(rpl_code::dao, octets);
  ASSERT_TRUE(dao.has_value());
  EXPECT_EQ(dao->instance, 0x1E);
  EXPECT_TRUE(dao->ack_requested);
  EXPECT_EQ(dao->sequence, 0xF1);
  EXPECT_EQ(dao->dodag_id, address("aaaa::8a77:6655:4433:2211"));
  const DaoRoute expected{
      .target = {.prefix_length = 128, .prefix = address("aaaa::3736:3938:41a3:6985")},
      .transit = {.external = true, .path_control = 1, .path_sequence = 2, .path_lifetime = 30}};
  EXPECT_EQ(routes_of(*dao), std::vector{expected});
  EXPECT_EQ(emit(*dao), octets);
  const auto options = emitted([&](base::ByteWriter& writer) { emit_route(writer, expected); });
  EXPECT_EQ(to_hex(options), to_hex(dao->options));
}

TEST(Rpl, TargetsInARowShareTheirTransitInformations) {
  const auto octets = from_hex(
      "1e 00 00 01"
      "05 0a 00 40 bbbb000000000001"  // A, bbbb:0:0:1::/64
      "09 04 deadbeef"                // target descriptor
      "05 03 00 05 ff 00"             // B, f800::/5 (host bits are cleared), Pad1
      "06 14 00 00 00 1e aaaa0000000000000000000000000001"
      "01 00"
      "06 14 00 00 00 1f aaaa0000000000000000000000000002"
      "05 02 00 00"  // C, ::/0
      "06 04 00 00 00 00");
  const auto dao = parse<Dao>(rpl_code::dao, octets);
  ASSERT_TRUE(dao.has_value());
  EXPECT_FALSE(dao->dodag_id.has_value());
  const RplTarget a{.prefix_length = 64, .prefix = address("bbbb:0:0:1::")};
  const RplTarget b{.prefix_length = 5, .prefix = address("f800::")};
  const RplTarget c{.prefix_length = 0, .prefix = {}};
  const TransitInformation first{.path_lifetime = 30, .parent = address("aaaa::1")};
  const TransitInformation second{.path_lifetime = 31, .parent = address("aaaa::2")};
  const TransitInformation no_path{.path_lifetime = TransitInformation::no_path};
  const std::vector<DaoRoute> expected{
      {a, first}, {b, first}, {a, second}, {b, second}, {c, no_path}};
  EXPECT_EQ(routes_of(*dao), expected);
  EXPECT_EQ(emit(*dao), octets);
}

TEST(Rpl, RefusesMalformedDaos) {
  const auto error_of = [](const std::string& hex) {
    const auto dao = parse<Dao>(rpl_code::dao, from_hex(hex));
    EXPECT_FALSE(dao.has_value()) << hex;
    return dao ? RplError{} : dao.error();
  };
  EXPECT_EQ(error_of("1e 00 00"), RplError::truncated);
  EXPECT_EQ(error_of("1e 40 00 01" + dodag.substr(2)), RplError::truncated);
  EXPECT_EQ(error_of("1e 00 00 01 06 04 00 00 00 1e"), RplError::order);
  EXPECT_EQ(error_of("1e 00 00 01 05 02 00 00"), RplError::order);
  EXPECT_EQ(error_of("1e 00 00 01 05 02 00 08 06 04 00 00 00 1e"), RplError::option);
  EXPECT_EQ(error_of("1e 00 00 01 05 13 00 81" + dodag + "00 06 04 00 00 00 1e"), RplError::option);
  EXPECT_EQ(error_of("1e 00 00 01 05 02 00 00 06 03 00 00 00"), RplError::option);
}

TEST(Rpl, DaoAckBothWays) {
  for (const std::string& hex :
       std::initializer_list<std::string>{"1e 00 f1 00", "1e 80 f1 80" + dodag}) {
    const auto octets = from_hex(hex);
    const auto ack = parse<DaoAck>(rpl_code::dao_ack, octets);
    ASSERT_TRUE(ack.has_value());
    EXPECT_EQ(ack->instance, 0x1E);
    EXPECT_EQ(ack->sequence, 0xF1);
    EXPECT_EQ(ack->rejected(), ack->status == 128);
    EXPECT_EQ(ack->dodag_id.has_value(), octets.size() == 20);
    EXPECT_EQ(emit(*ack), octets);
  }
  EXPECT_EQ(parse<DaoAck>(rpl_code::dao_ack, from_hex("1e 00 f1")).error(), RplError::truncated);
  EXPECT_EQ(parse<DaoAck>(rpl_code::dao_ack, from_hex("1e 80 f1 00 aaaa")).error(),
            RplError::truncated);
  EXPECT_EQ(parse<DaoAck>(rpl_code::dao_ack, from_hex("1e 00 f1 00 05 02")).error(),
            RplError::option);
}

TEST(Rpl, DioRoundTrip) {
  base::SeededRandom random(10);
  for (int i = 0; i < 10000; ++i) {
    Dio dio{.instance = test::octet(random),
            .version = test::octet(random),
            .rank = test::word(random),
            .grounded = test::coin(random),
            .mode_of_operation = static_cast<std::uint8_t>(random.below(8)),
            .preference = static_cast<std::uint8_t>(random.below(8)),
            .dtsn = test::octet(random),
            .dodag_id = test::random_address(random)};
    if (test::coin(random)) {
      dio.etx = {.etx = test::word(random),
                 .partial = test::coin(random),
                 .constraint = test::coin(random),
                 .optional = test::coin(random),
                 .recorded = test::coin(random),
                 .aggregation = static_cast<std::uint8_t>(random.below(8)),
                 .precedence = static_cast<std::uint8_t>(random.below(16))};
    }
    if (test::coin(random)) {
      dio.configuration = {.authentication = test::coin(random),
                           .path_control_size = static_cast<std::uint8_t>(random.below(8)),
                           .interval_doublings = test::octet(random),
                           .interval_min = test::octet(random),
                           .redundancy = test::octet(random),
                           .max_rank_increase = test::word(random),
                           .min_hop_rank_increase = test::word(random),
                           .objective_code_point = test::word(random),
                           .default_lifetime = test::octet(random),
                           .lifetime_unit_s = test::word(random)};
    }
    if (test::coin(random)) {
      dio.prefix = {.prefix_length = static_cast<std::uint8_t>(random.below(129)),
                    .on_link = test::coin(random),
                    .autonomous = test::coin(random),
                    .router_address = test::coin(random),
                    .valid_lifetime_s = random.next(),
                    .preferred_lifetime_s = random.next(),
                    .prefix = test::random_address(random)};
    }
    const auto octets = emit(dio);
    const auto back = parse<Dio>(rpl_code::dio, octets);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->etx, dio.etx);
    EXPECT_EQ(back->configuration, dio.configuration);
    EXPECT_EQ(back->prefix, dio.prefix);
    ASSERT_EQ(emit(*back), octets);
  }
}

TEST(Rpl, AnyBytesAreSurvived) {
  base::SeededRandom random(11);
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    auto octets = test::random_octets(random, 80);
    // Option types and lengths that are likely to mean something.
    for (auto& octet : octets) {
      if (test::coin(random)) octet = static_cast<std::uint8_t>(random.below(10));
    }
    accepted += parse<Dis>(rpl_code::dis, octets).has_value();
    accepted += parse<DaoAck>(rpl_code::dao_ack, octets).has_value();
    if (const auto dio = parse<Dio>(rpl_code::dio, octets)) {
      ++accepted;
      const auto again = emit(*dio);
      ASSERT_EQ(emit(*parse<Dio>(rpl_code::dio, again)), again);
    }
    if (const auto dao = parse<Dao>(rpl_code::dao, octets)) {
      ++accepted;
      ASSERT_LE(routes_of(*dao).size(), octets.size() * octets.size());
    }
  }
  EXPECT_GT(accepted, 10000);
}

}  // namespace
}  // namespace goldcrest::wire
