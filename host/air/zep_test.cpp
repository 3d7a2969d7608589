// SPDX-License-Identifier: MIT
#include "host/air/zep.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"

namespace goldcrest::air {
namespace {

TEST(Zep, frame_check_sequence_of_the_check_string) {
  constexpr std::string_view check = "123456789";  // CRC-16/KERMIT check value
  EXPECT_EQ(
      frame_check_sequence({reinterpret_cast<const std::uint8_t*>(check.data()), check.size()}),
      0x2189);
}

TEST(Zep, round_trip) {
  const std::array<std::uint8_t, 3> frame{0x02, 0x00, 0x2A};
  std::array<std::uint8_t, zep_datagram_bytes_max> buffer{};
  base::ByteWriter writer(buffer);
  emit_zep(
      {.device_id = 7, .lqi = 200, .ntp_time = 0x1122334455667788, .sequence = 9, .frame = frame},
      writer);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer.size(), zep_header_bytes + frame.size() + 2);
  const auto packet = parse_zep(writer.written());
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->device_id, 7);
  EXPECT_EQ(packet->lqi, 200);
  EXPECT_EQ(packet->ntp_time, 0x1122334455667788u);
  EXPECT_EQ(packet->sequence, 9u);
  EXPECT_TRUE(std::ranges::equal(packet->frame, frame));
}

TEST(Zep, hello_round_trip) {
  std::array<std::uint8_t, zep_datagram_bytes_max> buffer{};
  base::ByteWriter writer(buffer);
  emit_zep({.type = ZepType::hello, .sequence = 5, .frame = {}}, writer);
  EXPECT_EQ(writer.size(), 8u);
  const auto packet = parse_zep(writer.written());
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->type, ZepType::hello);
  EXPECT_EQ(packet->sequence, 5u);
}

TEST(Zep, every_truncation_and_every_flipped_frame_bit_is_refused) {
  const std::vector<std::uint8_t> frame(40, 0x5A);
  std::array<std::uint8_t, zep_datagram_bytes_max> buffer{};
  base::ByteWriter writer(buffer);
  emit_zep({.frame = frame}, writer);
  const auto whole = writer.written();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_zep(whole.first(size)).has_value()) << size;
  }
  for (std::size_t position = zep_header_bytes; position < whole.size(); ++position) {
    std::vector<std::uint8_t> changed(whole.begin(), whole.end());
    changed[position] ^= 0x10;
    EXPECT_FALSE(parse_zep(changed).has_value()) << position;
  }
}

TEST(Zep, too_long_a_frame_fails_the_writer) {
  const std::vector<std::uint8_t> frame(126, 0);
  std::array<std::uint8_t, 512> buffer{};
  base::ByteWriter writer(buffer);
  emit_zep({.frame = frame}, writer);
  EXPECT_FALSE(writer.ok());
}

TEST(Zep, random_bytes_do_no_harm) {
  base::SeededRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes(random.below(200));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    if (bytes.size() > 4) {
      bytes[0] = 'E';
      bytes[1] = 'X';
      bytes[2] = 2;
      bytes[3] = static_cast<std::uint8_t>(1 + random.below(2));
    }
    (void)parse_zep(bytes);
  }
}

}  // namespace
}  // namespace goldcrest::air
