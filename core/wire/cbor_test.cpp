// SPDX-License-Identifier: MIT
#include "core/wire/cbor.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/random.hpp"

namespace goldcrest::wire::cbor {
namespace {

using Data = std::vector<std::uint8_t>;

struct Integer {
  std::uint64_t value;
  Data encoded;
};

// RFC 8949 appendix A.
const std::vector<Integer> integers{
    {0, {0x00}},
    {1, {0x01}},
    {10, {0x0a}},
    {23, {0x17}},
    {24, {0x18, 0x18}},
    {25, {0x18, 0x19}},
    {100, {0x18, 0x64}},
    {1000, {0x19, 0x03, 0xe8}},
    {1000000, {0x1a, 0x00, 0x0f, 0x42, 0x40}},
    {1000000000000, {0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00}},
    {UINT64_MAX, {0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

TEST(Cbor, ReadsAndWritesTheIntegersOfTheRfc) {
  for (const auto& [value, encoded] : integers) {
    std::array<std::uint8_t, 9> buffer{};
    Writer writer(buffer);
    writer.unsigned_integer(value);
    EXPECT_EQ(Data(writer.finish()->begin(), writer.finish()->end()), encoded);
    Reader reader(encoded);
    EXPECT_EQ(reader.unsigned_integer(), value);
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(Cbor, ReadsAndWritesTheStringsAndMapsOfTheRfc) {
  const Data expected{0xa2, 0x01, 0x64, 'I', 'E', 'T', 'F', 0x03, 0x44, 1, 2, 3, 4};
  std::array<std::uint8_t, 32> buffer{};
  Writer writer(buffer);
  writer.map(2);
  writer.unsigned_integer(1);
  writer.text_string("IETF");
  writer.unsigned_integer(3);
  writer.byte_string(Data{1, 2, 3, 4});
  EXPECT_EQ(Data(writer.finish()->begin(), writer.finish()->end()), expected);

  Reader reader(expected);
  EXPECT_EQ(reader.next_major(), Major::map);
  EXPECT_EQ(reader.map(), 2u);
  EXPECT_EQ(reader.unsigned_integer(), 1u);
  EXPECT_EQ(reader.text_string(), "IETF");
  EXPECT_EQ(reader.unsigned_integer(), 3u);
  EXPECT_EQ(reader.byte_string().size(), 4u);
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(reader.next_major(), std::nullopt);
}

TEST(Cbor, ReadsAndWritesBooleans) {
  std::array<std::uint8_t, 2> buffer{};
  Writer writer(buffer);
  writer.boolean(false);
  writer.boolean(true);
  EXPECT_EQ(buffer, (std::array<std::uint8_t, 2>{0xf4, 0xf5}));
  Reader reader(buffer);
  EXPECT_FALSE(reader.boolean());
  EXPECT_TRUE(reader.boolean());
  EXPECT_TRUE(reader.at_end());
}

TEST(Cbor, RefusesWhatIsNotDeterministic) {
  const auto refused = [](const Data& data) {
    Reader reader(data);
    reader.skip();
    return !reader.ok();
  };
  EXPECT_TRUE(refused({0x18, 0x17}));              // 23 in two bytes
  EXPECT_TRUE(refused({0x19, 0x00, 0xff}));        // 255 in three
  EXPECT_TRUE(refused({0x1a, 0, 0, 0xff, 0xff}));  // 65535 in five
  EXPECT_TRUE(refused({0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_TRUE(refused({0x1c}));                    // reserved
  EXPECT_TRUE(refused({0x5f, 0x41, 0x00, 0xff}));  // indefinite length
  EXPECT_TRUE(refused({0x9f, 0xff}));
  EXPECT_TRUE(refused({0xff}));
  EXPECT_TRUE(refused({0xf8, 0x10}));  // simple value below 32 in two bytes
  EXPECT_FALSE(refused({0xf8, 0x20}));
  EXPECT_FALSE(refused({0xf9, 0x00, 0x00}));  // 0.0 as a half
  EXPECT_FALSE(refused({0xfb, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Cbor, RefusesLengthsBeyondTheInput) {
  const Data huge_string{0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
  Reader strings(huge_string);
  EXPECT_TRUE(strings.byte_string().empty());
  EXPECT_FALSE(strings.ok());
  const Data huge_array{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
  Reader arrays(huge_array);
  EXPECT_EQ(arrays.array(), 0u);
  EXPECT_FALSE(arrays.ok());
  // Twice this number of items overflows.
  const Data huge_map{0xbb, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x00};
  Reader maps(huge_map);
  maps.skip();
  EXPECT_FALSE(maps.ok());
  const Data short_map{0xa2, 0x01, 0x02, 0x03};
  Reader short_maps(short_map);
  EXPECT_EQ(short_maps.map(), 0u);
  EXPECT_FALSE(short_maps.ok());
}

TEST(Cbor, BoundsTheNesting) {
  const Data allowed{0x81, 0x81, 0x81, 0x81, 0x00};
  Reader good(allowed);
  good.skip();
  EXPECT_TRUE(good.at_end());
  const Data too_deep{0x81, 0x81, 0x81, 0x81, 0x81, 0x00};
  Reader bad(too_deep);
  bad.skip();
  EXPECT_FALSE(bad.ok());
  const Data empty_inside{0x81, 0x81, 0x81, 0x81, 0x80};
  Reader empty(empty_inside);
  empty.skip();
  EXPECT_TRUE(empty.at_end());
}

TEST(Cbor, FailureSticks) {
  const Data data{0x41, 0x00, 0x05};
  Reader reader(data);
  EXPECT_EQ(reader.unsigned_integer(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.unsigned_integer(), 0u);
  EXPECT_TRUE(reader.text_string().empty());
  EXPECT_FALSE(reader.at_end());
  const Data hundred{0x18, 0x64};
  Reader bounded(hundred);
  EXPECT_EQ(bounded.unsigned_integer(99), 0u);
  EXPECT_FALSE(bounded.ok());
}

TEST(CborRobustness, SurvivesRandomBytes) {
  base::SeededRandom random(3);
  int good = 0;
  for (int round = 0; round < 50000; ++round) {
    Data data(random.below(24));
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random.next());
    Reader reader(data);
    reader.skip();
    good += reader.ok() ? 1 : 0;
  }
  EXPECT_GT(good, 1000);
}

}  // namespace
}  // namespace goldcrest::wire::cbor
