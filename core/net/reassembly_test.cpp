// SPDX-License-Identifier: MIT
#include "core/net/reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/random.hpp"

namespace goldcrest::net {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

wire::Eui64 eui(unsigned number) {
  return {{1, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(number >> 8),
           static_cast<std::uint8_t>(number)}};
}

Bytes datagram(std::size_t size, unsigned salt = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 13 + salt);
  return bytes;
}

struct Reassembling : ::testing::Test {
  std::array<Reassembly, 3> buffers{};
  AdaptationStatistics statistics;
  Reassembler reassembler{buffers, statistics};
  base::Instant now{};

  static Fragment piece(const Bytes& whole, std::size_t offset, std::size_t size,
                        std::uint16_t tag = 7, unsigned source = 1, bool known = true) {
    return {.source = eui(source),
            .known_sender = known,
            .tag = tag,
            .datagram_size = static_cast<std::uint16_t>(whole.size()),
            .offset = static_cast<std::uint16_t>(offset),
            .data = base::Bytes(whole).subspan(offset, std::min(size, whole.size() - offset))};
  }
};

TEST_F(Reassembling, PutsPiecesTogetherInAnyOrderWithDuplicates) {
  base::SeededRandom random(5);
  for (unsigned round = 0; round < 300; ++round) {
    const auto whole = datagram(80 + random.below(1201), round);
    std::vector<Fragment> pieces;
    for (std::size_t offset = 0; offset < whole.size();) {
      const std::size_t size = 8 * (1 + random.below(9));
      pieces.push_back(piece(whole, offset, size, static_cast<std::uint16_t>(round)));
      if (random.below(4) == 0) pieces.push_back(pieces.back());
      offset += size;
    }
    for (std::size_t i = pieces.size(); i > 1; --i) {
      std::swap(pieces[i - 1], pieces[random.below(static_cast<std::uint32_t>(i))]);
    }
    unsigned complete = 0;
    for (const auto& fragment : pieces) {
      if (const auto result = reassembler.receive(now, fragment)) {
        ++complete;
        EXPECT_TRUE(std::ranges::equal(*result, whole));
      }
      now += 1ms;
    }
    EXPECT_EQ(complete, 1u);
    EXPECT_EQ(reassembler.active(), 0u) << "late duplicates must not occupy a buffer";
  }
  EXPECT_EQ(statistics.fragments_rejected, 0u);
}

TEST_F(Reassembling, SeveralSendersAndTagsAtOnce) {
  const auto a = datagram(160, 1), b = datagram(160, 2), c = datagram(160, 3);
  EXPECT_FALSE(reassembler.receive(now, piece(a, 0, 80, 1, 1)));
  EXPECT_FALSE(reassembler.receive(now, piece(b, 0, 80, 2, 1)));
  EXPECT_FALSE(reassembler.receive(now, piece(c, 0, 80, 1, 2)));
  const auto second = reassembler.receive(now, piece(b, 80, 80, 2, 1));
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::ranges::equal(*second, b));
  const auto third = reassembler.receive(now, piece(c, 80, 80, 1, 2));
  ASSERT_TRUE(third);
  EXPECT_TRUE(std::ranges::equal(*third, c));
  EXPECT_TRUE(reassembler.receive(now, piece(a, 80, 80, 1, 1)));
}

TEST_F(Reassembling, AnOverlapThrowsThePiecesAway) {
  const auto a = datagram(160, 1), forged = datagram(160, 9);
  EXPECT_FALSE(reassembler.receive(now, piece(a, 0, 80)));
  EXPECT_FALSE(reassembler.receive(now, piece(forged, 72, 88)));
  EXPECT_EQ(statistics.fragments_rejected, 1u);
  EXPECT_FALSE(reassembler.receive(now, piece(a, 80, 80))) << "not completed with forged bytes";
  // The same place with other bytes is an overlap too.
  reassembler.advance(now += 10s);
  EXPECT_FALSE(reassembler.receive(now, piece(a, 0, 80)));
  EXPECT_FALSE(reassembler.receive(now, piece(forged, 0, 80)));
  EXPECT_EQ(statistics.fragments_rejected, 3u);
}

TEST_F(Reassembling, TimesOut) {
  const auto a = datagram(160, 1);
  EXPECT_EQ(reassembler.next_deadline(), base::never);
  EXPECT_FALSE(reassembler.receive(now, piece(a, 0, 80)));
  EXPECT_EQ(reassembler.next_deadline(), now + Reassembler::timeout);
  reassembler.advance(now + Reassembler::timeout);
  EXPECT_EQ(reassembler.active(), 0u);
  EXPECT_EQ(statistics.reassembly_timeouts, 1u);
  EXPECT_FALSE(reassembler.receive(now + 9s, piece(a, 80, 80)));
}

TEST_F(Reassembling, RefusesNonsense) {
  auto bytes = datagram(160);
  auto fragment = piece(bytes, 0, 80);
  fragment.data = {};
  EXPECT_FALSE(reassembler.receive(now, fragment));
  fragment = piece(bytes, 0, 81);  // not a multiple of 8 in the middle
  EXPECT_FALSE(reassembler.receive(now, fragment));
  fragment = piece(bytes, 80, 80);
  fragment.offset = 88;  // beyond the end
  EXPECT_FALSE(reassembler.receive(now, fragment));
  fragment = piece(bytes, 0, 80);
  fragment.datagram_size = 2047;
  EXPECT_FALSE(reassembler.receive(now, fragment));
  EXPECT_EQ(statistics.fragments_rejected, 4u);
  EXPECT_EQ(reassembler.active(), 0u);
}

TEST_F(Reassembling, AFloodOfStrangersNeitherGrowsNorPushesANeighbourOut) {
  const auto mine = datagram(400, 1), flood = datagram(400, 2);
  EXPECT_FALSE(reassembler.receive(now, piece(mine, 0, 80)));
  for (unsigned i = 0; i < 2000; ++i) {
    now += 1ms;
    EXPECT_FALSE(reassembler.receive(
        now, piece(flood, 0, 80, static_cast<std::uint16_t>(i), 100 + i % 50, false)));
    EXPECT_LE(reassembler.active(), buffers.size());
  }
  for (std::size_t offset = 80; offset < 320; offset += 80) {
    EXPECT_FALSE(reassembler.receive(now, piece(mine, offset, 80)));
  }
  EXPECT_TRUE(reassembler.receive(now, piece(mine, 320, 80)));
  EXPECT_GT(statistics.fragments_rejected, 0u);
}

TEST_F(Reassembling, ANeighbourGetsABufferInspiteOfAFlood) {
  const auto mine = datagram(160, 1), flood = datagram(400, 2);
  for (unsigned i = 0; i < 10; ++i) {
    (void)reassembler.receive(now, piece(flood, 0, 80, 1, 100 + i, false));
  }
  EXPECT_EQ(reassembler.active(), buffers.size());
  EXPECT_FALSE(reassembler.receive(now, piece(mine, 0, 80)));
  EXPECT_TRUE(reassembler.receive(now, piece(mine, 80, 80)));
}

TEST_F(Reassembling, OneSenderCannotTakeAllBuffers) {
  const auto flood = datagram(400, 2), other = datagram(160, 3);
  for (unsigned i = 0; i < 10; ++i) {
    (void)reassembler.receive(now, piece(flood, 0, 80, static_cast<std::uint16_t>(i), 1));
  }
  EXPECT_EQ(reassembler.active(), 2u);
  EXPECT_FALSE(reassembler.receive(now, piece(other, 0, 80, 1, 2)));
  EXPECT_TRUE(reassembler.receive(now, piece(other, 80, 80, 1, 2)));
}

}  // namespace
}  // namespace goldcrest::net
