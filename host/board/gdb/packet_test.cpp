// SPDX-License-Identifier: MIT
#include "host/board/gdb/packet.hpp"

#include <gtest/gtest.h>

namespace goldcrest::board::gdb {
namespace {

using Kind = PacketReader::Kind;

TEST(packet, is_framed_with_its_checksum) {
  EXPECT_EQ(make_packet("OK"), "$OK#9a");  // the manual's example
  EXPECT_EQ(make_packet(""), "$#00");
  EXPECT_EQ(make_packet("a}b#c$d*"), "$a}]b}\003c}\004d}\012#ec");
}

TEST(packet, is_found_in_pieces_and_among_noise) {
  PacketReader reader;
  const std::string bytes = "+\x03noise$m0,4#fd-$bad#00" + make_packet("X1,2:}*#$");
  std::vector<PacketReader::Event> events;
  for (const char byte : bytes) {
    reader.push({&byte, 1});
    while (auto event = reader.next()) events.push_back(*event);
  }
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0].kind, Kind::acknowledged);
  EXPECT_EQ(events[1].kind, Kind::interrupt);
  EXPECT_EQ(events[2].kind, Kind::packet);
  EXPECT_EQ(events[2].payload, "m0,4");
  EXPECT_EQ(events[3].kind, Kind::rejected);
  EXPECT_EQ(events[4].kind, Kind::damaged);
  EXPECT_EQ(events[5].kind, Kind::packet);
  EXPECT_EQ(events[5].payload, "X1,2:}*#$");
}

TEST(packet, may_not_be_too_long) {
  PacketReader reader;
  reader.push(make_packet(std::string(packet_max, 'x')));
  ASSERT_TRUE(reader.next().has_value());
  reader.push(make_packet(std::string(packet_max + 1, 'x')));
  EXPECT_EQ(reader.next()->kind, Kind::too_long);
  PacketReader endless;
  endless.push("$" + std::string(packet_max + 2, 'x'));
  EXPECT_EQ(endless.next()->kind, Kind::too_long);
}

TEST(packet, fields_are_taken_one_by_one) {
  Fields fields("20000100,4:abc;rest");
  EXPECT_EQ(fields.number(), 0x20000100u);
  EXPECT_FALSE(fields.skip(':'));
  EXPECT_TRUE(fields.skip(','));
  EXPECT_EQ(fields.until(':'), "4");
  EXPECT_EQ(fields.until(';'), "abc");
  EXPECT_EQ(fields.until(';'), "rest");
  EXPECT_TRUE(fields.empty());
  EXPECT_FALSE(fields.number().has_value());
  EXPECT_FALSE(Fields("100000000").number().has_value());  // 33 bits
  EXPECT_FALSE(Fields("-1").number().has_value());
}

TEST(packet, hexadecimal_there_and_back) {
  EXPECT_EQ(to_hex("Hi\n"), "48690a");
  EXPECT_EQ(word_to_hex(0x12345678), "78563412");
  EXPECT_EQ(from_hex("00ffA5"), (std::vector<std::uint8_t>{0, 0xFF, 0xA5}));
  EXPECT_FALSE(from_hex("abc").has_value());
  EXPECT_FALSE(from_hex("0x").has_value());
  EXPECT_FALSE(from_hex(" 1").has_value());
}

}  // namespace
}  // namespace goldcrest::board::gdb
