// SPDX-License-Identifier: MIT
#include "host/board/program/air_port.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/air/zep.hpp"
#include "host/system/udp_socket.hpp"
#include "sim/air/air.hpp"

namespace goldcrest::board::program {
namespace {

using namespace std::chrono_literals;

/// A board without firmware, and an air that is nothing but a socket.
struct AirPortTest : testing::Test {
  static system::UdpSocket open_air() {
    auto socket = system::UdpSocket::open(*system::parse_endpoint("127.0.0.1:0"));
    EXPECT_TRUE(socket);
    return std::move(*socket);
  }
  static air::ZepStation open_station(const wire::Endpoint& air) {
    auto station = air::ZepStation::open(air, 1);
    EXPECT_TRUE(station);
    return std::move(*station);
  }

  AirPortTest() {
    port.advance(base::Instant{});  // says hello, so that the air knows its address
    std::array<std::uint8_t, 256> buffer{};
    while (!peer) {
      if (const auto hello = socket.receive(buffer)) peer = hello->from;
    }
  }

  /// A frame ends on the air at the board's present time.
  void frame(std::size_t size) {
    const std::vector<std::uint8_t> content(size, 0x5A);
    std::array<std::uint8_t, air::zep_datagram_bytes_max> buffer{};
    base::ByteWriter writer(buffer);
    air::emit_zep({.frame = content}, writer);
    ASSERT_TRUE(socket.send(*peer, writer.written()));
    pollfd waiting{port.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 10'000), 1);
    port.advance(base::Instant{});
  }
  static base::Duration air_time(std::size_t size) {
    return sim::air_time(size, sim::default_radio_settings());
  }
  /// When the next frame begins or ends in the radio; the board runs there.
  base::Instant next() {
    const base::Instant result = port.next_delivery();
    board.run_until(result);
    port.deliver();
    return result;
  }

  Board board{{.seed = 1}};
  system::UdpSocket socket = open_air();
  AirPort port{board, open_station(socket.local())};
  std::optional<wire::Endpoint> peer;
};

TEST_F(AirPortTest, a_frame_takes_its_air_time) {
  EXPECT_EQ(port.next_delivery(), base::never);
  board.run_until(base::Instant(5ms));
  frame(50);
  EXPECT_EQ(next(), base::Instant(5ms));
  EXPECT_EQ(next(), base::Instant(5ms) + air_time(50));
  EXPECT_EQ(port.next_delivery(), base::never);
}

TEST_F(AirPortTest, keeps_the_pause_between_a_long_frame_and_a_short_one) {
  frame(92);
  EXPECT_EQ(next(), base::Instant{});
  board.run_until(base::Instant(9ms) + air_time(38));
  ASSERT_LT(board.now(), base::Instant{} + air_time(92)) << "the first one is still arriving";
  frame(38);
  EXPECT_EQ(next(), base::Instant{} + air_time(92));
  EXPECT_EQ(next(), base::Instant(9ms) + air_time(92));
  EXPECT_EQ(next(), base::Instant(9ms) + air_time(92) + air_time(38));
}

TEST_F(AirPortTest, catches_up_in_a_long_pause) {
  frame(92);
  next();
  next();
  board.run_until(base::Instant(200ms));
  frame(38);
  EXPECT_EQ(next(), base::Instant(200ms));
}

TEST_F(AirPortTest, frames_that_come_at_once_are_heard_one_after_the_other) {
  frame(20);
  frame(20);
  EXPECT_EQ(next(), base::Instant{});
  EXPECT_EQ(next(), base::Instant{} + air_time(20));
  EXPECT_EQ(next(), base::Instant(4ms) + air_time(20));
  EXPECT_EQ(next(), base::Instant(4ms) + 2 * air_time(20));
}

}  // namespace
}  // namespace goldcrest::board::program
