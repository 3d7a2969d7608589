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
      ASSERT_EQ(queue.push(bytes, false, {}), room);
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

}  // namespace
}  // namespace goldcrest::net
