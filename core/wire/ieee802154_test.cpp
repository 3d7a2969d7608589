// SPDX-License-Identifier: MIT
#include "core/wire/ieee802154.hpp"

#include <gtest/gtest.h>

#include "core/wire/test_support.hpp"

namespace goldcrest::wire {
namespace {

using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

const Eui64 node{{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}};
const Eui64 root{{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}};

Octets emit(const MacFrame& frame) {
  return emitted([&](base::ByteWriter& writer) { frame.emit(writer); });
}

MacError error_of(std::string_view hex) {
  const auto octets = from_hex(hex);
  const auto frame = MacFrame::parse(octets);
  EXPECT_FALSE(frame.has_value()) << hex;
  return frame ? MacError{} : frame.error();
}

TEST(Ieee802154, EmitsTheNetworksUsualFrames) {
  const Octets payload{0x7A, 0x33};
  const auto unicast =
      MacFrame::data(0xABCD, 0xF1, MacAddress::from(node), MacAddress::from(root), payload);
  EXPECT_EQ(to_hex(emit(unicast)), "41dcf1cdab11223344556677888569a341383936357a33");
  EXPECT_EQ(unicast.header_size(), 21u);
  const auto broadcast =
      MacFrame::data(0xABCD, 0xF0, MacAddress::from(node), MacAddress::broadcast(), payload);
  EXPECT_EQ(to_hex(emit(broadcast)), "41d8f0cdabffff8569a341383936357a33");
  EXPECT_EQ(broadcast.header_size(), 15u);
}

TEST(Ieee802154, AsksForAndSendsAcks) {
  auto frame = MacFrame::data(0xABCD, 7, MacAddress::from(node), MacAddress::from(root), {});
  frame.ack_request = true;
  EXPECT_EQ(to_hex(emit(frame)).substr(0, 4), "61dc");
  EXPECT_EQ(to_hex(emit(MacFrame::acknowledgement(7))), "020007");
  const auto octets = from_hex("120007");
  const auto ack = MacFrame::parse(octets);
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->type, MacFrameType::acknowledgement);
  EXPECT_EQ(ack->sequence, 7);
  EXPECT_TRUE(ack->frame_pending);
}

TEST(Ieee802154, ReadsTwoPansAndShortAddresses) {
  // 2003 version, no compression: destination PAN 0x1111 address 0x0001, source PAN 0x2222 0x0002.
  const auto octets = from_hex("01 88 05 11 11 01 00 22 22 02 00 aa bb");
  const auto frame = MacFrame::parse(octets);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->version, 0);
  EXPECT_FALSE(frame->pan_id_compression);
  EXPECT_EQ(frame->destination_pan, 0x1111);
  EXPECT_EQ(frame->source_pan, 0x2222);
  EXPECT_EQ(frame->destination, MacAddress::from_short(1));
  EXPECT_EQ(frame->source, MacAddress::from_short(2));
  EXPECT_EQ(to_hex(frame->payload), "aabb");
  EXPECT_EQ(emit(*frame), octets);
}

TEST(Ieee802154, ReadsFramesWithOneAddress) {
  for (const char* hex : {"01 c0 05 22 22 88 77 66 55 44 33 22 11 aa", "01 08 05 11 11 ff ff aa"}) {
    const auto octets = from_hex(hex);
    const auto frame = MacFrame::parse(octets);
    ASSERT_TRUE(frame.has_value()) << hex;
    EXPECT_EQ(emit(*frame), octets);
    EXPECT_EQ(to_hex(frame->payload), "aa");
  }
}

TEST(Ieee802154, RefusesWhatItDoesNotSpeak) {
  EXPECT_EQ(error_of(""), MacError::truncated);
  EXPECT_EQ(error_of("41d8"), MacError::truncated);
  EXPECT_EQ(error_of("41d8f0cdabffff8569a3413839 36"), MacError::truncated);
  EXPECT_EQ(error_of("00 80 01 cd ab 01 00"), MacError::unsupported_type);           // beacon
  EXPECT_EQ(error_of("43 88 01 cd ab 01 00 02 00 04"), MacError::unsupported_type);  // command
  EXPECT_EQ(error_of("49 88 01 cd ab 01 00 02 00 04"), MacError::secured);
  EXPECT_EQ(error_of("41 a8 01 cd ab 01 00 02 00"), MacError::version);
  EXPECT_EQ(error_of("41 84 01 cd ab 01 00 02 00"), MacError::address_mode);  // reserved mode
  EXPECT_EQ(error_of("01 00 01"), MacError::address_mode);                    // no address at all
  EXPECT_EQ(error_of("41 08 01 cd ab 01 00"), MacError::address_mode);  // compression, no source
  EXPECT_EQ(error_of("02 08 01"), MacError::address_mode);              // ack with an address
  EXPECT_EQ(error_of("02 00 01 00"), MacError::length);
}

TEST(Ieee802154, EveryPrefixOfAFrameIsRefusedOrShorter) {
  const auto whole = from_hex("41dcf1cdab11223344556677888569a34138393635");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto frame = MacFrame::parse(base::Bytes(whole).first(size));
    ASSERT_FALSE(frame.has_value()) << size;
    EXPECT_EQ(frame.error(), MacError::truncated);
  }
  EXPECT_TRUE(MacFrame::parse(whole).has_value());
}

MacAddress random_mac_address(base::Random& random) {
  switch (random.below(3)) {
    case 0:
      return MacAddress::from_short(test::word(random));
    case 1: {
      Eui64 eui64;
      for (auto& byte : eui64.bytes) byte = test::octet(random);
      return MacAddress::from(eui64);
    }
    default:
      return {};
  }
}

TEST(Ieee802154, RoundTrip) {
  base::SeededRandom random(3);
  for (int i = 0; i < 20000; ++i) {
    MacFrame frame;
    frame.frame_pending = test::coin(random);
    frame.ack_request = test::coin(random);
    frame.version = test::coin(random);
    frame.sequence = test::octet(random);
    frame.destination = random_mac_address(random);
    frame.source = random_mac_address(random);
    const bool destination = frame.destination.size() > 0;
    const bool source = frame.source.size() > 0;
    if (!destination && !source) continue;
    frame.pan_id_compression = destination && source && test::coin(random);
    if (destination) frame.destination_pan = test::word(random);
    if (frame.pan_id_compression) frame.source_pan = frame.destination_pan;
    if (source && !frame.pan_id_compression) frame.source_pan = test::word(random);
    const auto payload = test::random_octets(random, 100);
    frame.payload = payload;
    const auto octets = emit(frame);
    ASSERT_EQ(octets.size(), frame.header_size() + payload.size());
    const auto parsed = MacFrame::parse(octets);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->type, MacFrameType::data);
    EXPECT_EQ(parsed->frame_pending, frame.frame_pending);
    EXPECT_EQ(parsed->ack_request, frame.ack_request);
    EXPECT_EQ(parsed->version, frame.version);
    EXPECT_EQ(parsed->sequence, frame.sequence);
    EXPECT_EQ(parsed->destination, frame.destination);
    EXPECT_EQ(parsed->source, frame.source);
    EXPECT_EQ(parsed->destination_pan, frame.destination_pan);
    EXPECT_EQ(parsed->source_pan, frame.source_pan);
    EXPECT_EQ(to_hex(parsed->payload), to_hex(payload));
  }
}

TEST(Ieee802154, RandomBytesEmitAgainAsTheyWere) {
  base::SeededRandom random(4);
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    auto octets = test::random_octets(random, 40);
    if (octets.size() > 1) {
      octets[0] &= 0x7F;  // reserved bits are not kept
      octets[1] &= 0xFC;
    }
    const auto frame = MacFrame::parse(octets);
    if (!frame) continue;
    ++accepted;
    ASSERT_EQ(emit(*frame), octets);
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace goldcrest::wire
