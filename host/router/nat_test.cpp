// SPDX-License-Identifier: MIT
#include "host/router/nat.hpp"

#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::router {
namespace {

using base::Instant;

Instant at_s(std::int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

const auto node = wire::Ipv6Address::parse("aaaa::3736:3938:41a3:6985").value();
const auto server = wire::Ipv6Address::parse("::ffff:192.168.1.64").value();
const std::vector<std::uint8_t> hello{'h', 'e', 'l', 'l', 'o'};

std::vector<std::uint8_t> udp_datagram(const wire::Endpoint& from, const wire::Endpoint& to,
                                       base::Bytes payload) {
  std::array<std::uint8_t, 1280> buffer{};
  base::ByteWriter writer(buffer);
  wire::emit_ipv6(
      writer,
      {.next_header = wire::next_header::udp, .source = from.address, .destination = to.address},
      [&](base::ByteWriter& inner) {
        wire::UdpDatagram{from.port, to.port, payload}.emit(inner, from.address, to.address);
      });
  return {writer.written().begin(), writer.written().end()};
}

TEST(Nat, a_flow_carries_both_ways) {
  Nat nat;
  const auto datagram = udp_datagram({node, 5683}, {server, 5683}, hello);
  const auto out = nat.from_mesh(at_s(0), datagram);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->remote, (wire::Endpoint{server, 5683}));
  EXPECT_TRUE(std::ranges::equal(out->payload, hello));
  const auto back = nat.to_mesh(at_s(1), out->flow, hello);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(std::vector<std::uint8_t>(back->begin(), back->end()),
            udp_datagram({server, 5683}, {node, 5683}, hello));
}

TEST(Nat, the_same_pair_is_one_flow) {
  Nat nat;
  const auto first = nat.from_mesh(at_s(0), udp_datagram({node, 1}, {server, 5683}, hello));
  const auto again = nat.from_mesh(at_s(1), udp_datagram({node, 1}, {server, 5683}, hello));
  const auto other = nat.from_mesh(at_s(1), udp_datagram({node, 2}, {server, 5683}, hello));
  EXPECT_EQ(first->flow, again->flow);
  EXPECT_NE(first->flow, other->flow);
}

TEST(Nat, idle_flows_close) {
  Nat nat;
  const auto out = nat.from_mesh(at_s(0), udp_datagram({node, 1}, {server, 5683}, hello));
  EXPECT_EQ(nat.next_deadline(), at_s(300));
  EXPECT_TRUE(nat.take_closed(at_s(299)).empty());
  EXPECT_EQ(nat.take_closed(at_s(300)), std::vector<FlowId>{out->flow});
  EXPECT_EQ(nat.to_mesh(at_s(300), out->flow, hello).error(), NatError::unknown_flow);
  EXPECT_EQ(nat.next_deadline(), base::never);
}

TEST(Nat, a_full_table_drops_the_idlest_flow) {
  Nat nat;
  for (std::uint16_t port = 1; port <= Nat::flows_max; ++port) {
    ASSERT_TRUE(
        nat.from_mesh(at_s(port == 7 ? 0 : 1), udp_datagram({node, port}, {server, 5683}, hello)));
  }
  ASSERT_TRUE(nat.from_mesh(at_s(2), udp_datagram({node, 60'000}, {server, 5683}, hello)));
  EXPECT_EQ(nat.flows().size(), Nat::flows_max);
  EXPECT_EQ(nat.take_closed(at_s(2)), std::vector<FlowId>{7});
}

TEST(Nat, a_node_that_opens_flow_after_flow_pushes_out_its_own) {
  Nat nat;
  const auto honest = nat.from_mesh(at_s(0), udp_datagram({node, 5683}, {server, 5683}, hello));
  const auto rogue = *wire::Ipv6Address::parse("aaaa::bad");
  for (std::uint16_t port = 1; port <= 3000; ++port) {
    ASSERT_TRUE(nat.from_mesh(at_s(1), udp_datagram({rogue, port}, {server, port}, hello)));
  }
  EXPECT_EQ(nat.flows().size(), Nat::flows_max);
  EXPECT_EQ(nat.take_closed(at_s(2)).size(), 3001 - Nat::flows_max);
  // The answer that the idlest of all waits for still comes through.
  EXPECT_TRUE(nat.to_mesh(at_s(2), honest->flow, hello));
}

TEST(Nat, refuses_what_must_stay_in_the_mesh) {
  Nat nat;
  const auto error = [&nat](std::string_view from, std::string_view to) {
    return nat
        .from_mesh(at_s(0), udp_datagram({wire::Ipv6Address::parse(from).value(), 1},
                                         {wire::Ipv6Address::parse(to).value(), 2}, hello))
        .error();
  };
  EXPECT_EQ(error("aaaa::1", "ff02::1"), NatError::not_translatable);
  EXPECT_EQ(error("aaaa::1", "fe80::1"), NatError::not_translatable);
  EXPECT_EQ(error("fe80::1", "2001:db8::1"), NatError::not_translatable);
  auto damaged = udp_datagram({node, 1}, {server, 2}, hello);
  damaged.back() ^= 1;
  EXPECT_EQ(nat.from_mesh(at_s(0), damaged).error(), NatError::bad_udp);
  EXPECT_TRUE(nat.flows().empty());
}

TEST(Nat, answers_that_do_not_fit_are_refused) {
  Nat nat;
  const auto out = nat.from_mesh(at_s(0), udp_datagram({node, 1}, {server, 5683}, hello));
  EXPECT_TRUE(nat.to_mesh(at_s(0), out->flow, std::vector<std::uint8_t>(1232)));
  EXPECT_EQ(nat.to_mesh(at_s(0), out->flow, std::vector<std::uint8_t>(1233)).error(),
            NatError::too_long);
}

TEST(Nat, random_datagrams_do_no_harm) {
  Nat nat;
  base::SeededRandom random(1);
  const auto good = udp_datagram({node, 1}, {server, 5683}, hello);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] =
        static_cast<std::uint8_t>(random.next());
    bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size() + 1)));
    (void)nat.from_mesh(at_s(round), bytes);
  }
  EXPECT_LE(nat.flows().size(), Nat::flows_max);
}

}  // namespace
}  // namespace goldcrest::router
