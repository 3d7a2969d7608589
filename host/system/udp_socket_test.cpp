// SPDX-License-Identifier: MIT
#include "host/system/udp_socket.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>

namespace goldcrest::system {
namespace {

TEST(Endpoint, parses_and_formats) {
  EXPECT_EQ(format(parse_endpoint("127.0.0.1:5683").value()), "127.0.0.1:5683");
  EXPECT_EQ(format(parse_endpoint("[2001:db8::1]:7").value()), "[2001:db8::1]:7");
  EXPECT_EQ(format(parse_endpoint("::1", 5683).value()), "[::1]:5683");
  EXPECT_EQ(format(parse_endpoint("localhost", 1).value()).substr(0, 1).empty(), false);
}

TEST(Endpoint, says_what_is_wrong) {
  EXPECT_EQ(parse_endpoint("127.0.0.1").error(), "'127.0.0.1' lacks a port: write HOST:PORT");
  EXPECT_EQ(parse_endpoint("127.0.0.1:x").error(), "'127.0.0.1:x' has no valid port (0 to 65535)");
  EXPECT_EQ(parse_endpoint("127.0.0.1:70000").error(),
            "'127.0.0.1:70000' has no valid port (0 to 65535)");
  EXPECT_EQ(parse_endpoint("[::1:5").error(), "'[::1:5' lacks a closing ]");
  EXPECT_EQ(parse_endpoint(":5").error(), "':5' names no host");
}

TEST(UdpSocket, carries_datagrams_and_drops_what_is_too_long) {
  auto a = UdpSocket::open(parse_endpoint("127.0.0.1:0").value());
  auto b = UdpSocket::open(parse_endpoint("127.0.0.1:0").value());
  ASSERT_TRUE(a && b);
  const std::array<std::uint8_t, 3> small{1, 2, 3};
  const std::array<std::uint8_t, 9> large{};
  EXPECT_TRUE(a->send(b->local(), large));
  EXPECT_TRUE(a->send(b->local(), small));
  std::array<std::uint8_t, 8> buffer{};
  pollfd waiting{b->descriptor(), POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, 2000), 1);
  const auto received = b->receive(buffer);
  ASSERT_TRUE(received.has_value());
  EXPECT_TRUE(std::ranges::equal(received->payload, small));
  EXPECT_EQ(received->from, a->local());
  EXPECT_FALSE(b->receive(buffer).has_value());
}

TEST(UdpSocket, a_taken_port_is_named) {
  auto a = UdpSocket::open(parse_endpoint("127.0.0.1:0").value());
  ASSERT_TRUE(a);
  const auto b = UdpSocket::open(a->local());
  ASSERT_FALSE(b);
  EXPECT_EQ(b.error(), "cannot listen on " + format(a->local()) + ": Address already in use");
}

}  // namespace
}  // namespace goldcrest::system
