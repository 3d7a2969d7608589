// SPDX-License-Identifier: MIT
#include "core/net/packet_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "core/base/random.hpp"

namespace goldcrest::net {
namespace {

TEST(PacketQueue, BehavesAsAQueueOfByteStrings) {
  std::array<std::uint8_t, 300> memory{};
  std::array<QueuedDatagram, 5> entries{};
  PacketQueue queue(memory, entries);
  std::deque<std::vector<std::uint8_t>> model;
  std::size_t used = 0;
  base::SeededRandom random(11);
  for (int step = 0; step < 20'000; ++step) {
    if (random.below(2) == 0) {
      std::vector<std::uint8_t> bytes(1 + random.below(120));
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
      const bool room = model.size() < entries.size() && used + bytes.size() <= memory.size();
      EXPECT_EQ(queue.room_for(bytes.size()), room);
      ASSERT_EQ(queue.push(bytes, {.size = static_cast<std::uint16_t>(bytes.size())}), room);
      if (room) {
        model.push_back(bytes);
        used += bytes.size();
      }
    } else if (!model.empty()) {
      ASSERT_TRUE(std::ranges::equal(queue.front_bytes(), model.front()));
      used -= model.front().size();
      model.pop_front();
      queue.pop_front();
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(queue.empty(), model.empty());
  }
}

TEST(PacketQueue, ADatagramCanBeWrittenInPlace) {
  std::array<std::uint8_t, 8> memory{};
  std::array<QueuedDatagram, 2> entries{};
  PacketQueue queue(memory, entries);
  auto room = queue.free_room();
  ASSERT_EQ(room.size(), 8u);
  room[0] = 42;
  queue.commit({.size = 3, .broadcast = true});
  EXPECT_EQ(queue.free_room().size(), 5u);
  EXPECT_EQ(queue.front_bytes()[0], 42);
  EXPECT_TRUE(queue.front().broadcast);
}

constexpr wire::Eui64 flow(std::uint8_t number) {
  return {{2, 0, 0, 0, 0, 0, 0, number}};
}

/// A queue as the border router has it, of datagrams that begin with their flow and a number.
class FairQueue : public ::testing::Test {
 protected:
  bool offer(std::uint8_t number, std::size_t size) {
    while (!queue.room_for(size)) {
      if (!queue.push_out_for(flow(number), size)) return false;
      ++pushed_out;
    }
    std::vector<std::uint8_t> bytes(size, number);
    base::store_be32(bytes.data() + 1, ++serial);
    return queue.push(bytes, {.size = static_cast<std::uint16_t>(size), .flow = flow(number)});
  }
  struct Taken {
    std::uint8_t number;
    std::uint32_t serial;
    std::size_t size;
  };
  Taken take() {
    const auto bytes = queue.front_bytes();
    EXPECT_EQ(queue.front().flow, flow(bytes[0])) << "entries and bytes move together";
    EXPECT_EQ(queue.front().size, bytes.size());
    EXPECT_EQ(bytes.back(), bytes[0]);
    const Taken taken{bytes[0], base::load_be32(bytes.data() + 1), bytes.size()};
    queue.pop_front();
    return taken;
  }

  std::array<std::uint8_t, 32 * 1280> memory{};
  std::array<QueuedDatagram, 32> entries{};
  PacketQueue queue{memory, entries};
  std::uint32_t serial = 0;
  int pushed_out = 0;
};

TEST_F(FairQueue, AFullQueueIsNoObstacleToWhoHasLessInIt) {
  while (offer(1, 1280)) {
  }
  EXPECT_EQ(queue.size(), 32u);
  EXPECT_TRUE(offer(2, 1280));
  EXPECT_EQ(queue.size_of(flow(1)), 31u);
  EXPECT_EQ(take().number, 1);  // it was the first already
  EXPECT_EQ(take().serial, 2u) << "what has waited longest of equals";
  EXPECT_EQ(take().number, 2);
  // Many small ones are as much in the way as few large ones.
  while (!queue.empty()) (void)take();
  while (offer(1, 40)) {
  }
  EXPECT_TRUE(offer(2, 1280));
}

TEST_F(FairQueue, FlowsThatWantEverythingGetTheSameBytesWhateverTheirDatagrams) {
  base::SeededRandom random(3);
  std::array<std::size_t, 5> got{};
  for (int step = 0; step < 20'000; ++step) {
    for (int i = 0; i < 50; ++i) (void)offer(1, 1280);  // a flood
    (void)offer(2, 100);
    (void)offer(2, 100);
    (void)offer(3, 6 + random.below(1274));
    (void)offer(4, 700);
    (void)offer(4, 700);
    const auto taken = take();
    got[taken.number] += taken.size;
  }
  // Flow 2 offers fewer bytes than its share, and gets them all; the others share the rest.
  const auto rest = static_cast<double>(got[1] + got[3] + got[4]);
  for (const auto number : {1u, 3u, 4u}) {
    EXPECT_NEAR(static_cast<double>(got[number]) / rest, 1.0 / 3, 0.02) << number;
  }
  EXPECT_GT(got[2], 20'000u * 100u / 2);
}

TEST_F(FairQueue, OneFlowsDatagramsStayInOrderAndTheLatestYields) {
  base::SeededRandom random(4);
  std::array<std::uint32_t, 40> last{};
  std::size_t offered = 0;
  std::size_t taken_count = 0;
  for (int step = 0; step < 50'000; ++step) {
    const auto number = static_cast<std::uint8_t>(1 + random.below(1 + random.below(39)));
    if (random.below(3) > 0) {
      offered += offer(number, 6 + random.below(1275));
    } else if (!queue.empty()) {
      const auto taken = take();
      ++taken_count;
      ASSERT_GT(taken.serial, last[taken.number]);
      last[taken.number] = taken.serial;
    }
    ASSERT_LE(queue.size(), 32u);
  }
  EXPECT_EQ(offered, taken_count + queue.size() + static_cast<std::size_t>(pushed_out));
  EXPECT_GT(pushed_out, 1000);
}

}  // namespace
}  // namespace goldcrest::net
