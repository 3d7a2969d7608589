// SPDX-License-Identifier: MIT
// What the tests of the codecs share: hex to bytes and back, and emitting into a vector.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::wire::test {

using Octets = std::vector<std::uint8_t>;

/// Hex digits; everything else is passed over.
inline Octets from_hex(std::string_view text) {
  Octets octets;
  int digits = 0;
  unsigned value = 0;
  for (const char c : text) {
    const auto position = std::string_view("0123456789abcdef").find(c);
    if (position == std::string_view::npos) continue;
    value = value << 4 | static_cast<unsigned>(position);
    if (++digits % 2 == 0) octets.push_back(static_cast<std::uint8_t>(value));
  }
  EXPECT_EQ(digits % 2, 0) << text;
  return octets;
}

inline std::string to_hex(base::Bytes bytes) {
  std::string text;
  for (const auto byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

/// The frames of a file of tests/vectors/contiki-spirit1.
inline std::vector<Octets> recorded_frames(const std::string& name) {
  std::ifstream file(GOLDCREST_ROOT "/tests/vectors/contiki-spirit1/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::vector<Octets> frames;
  for (std::string line; std::getline(file, line);) {
    if (auto frame = from_hex(line); !frame.empty()) frames.push_back(frame);
  }
  EXPECT_FALSE(frames.empty()) << name;
  return frames;
}

/// What `emit(writer)` writes.
template <typename Emit>
Octets emitted(Emit&& emit) {
  Octets buffer(2048);
  base::ByteWriter writer(buffer);
  emit(writer);
  EXPECT_TRUE(writer.ok());
  buffer.resize(writer.size());
  return buffer;
}

inline Ipv6Address address(std::string_view text) {
  const auto parsed = Ipv6Address::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Ipv6Address{});
}

inline Octets random_octets(base::Random& random, std::size_t max_size) {
  Octets octets(random.below(static_cast<std::uint32_t>(max_size + 1)));
  for (auto& octet : octets) octet = static_cast<std::uint8_t>(random.next());
  return octets;
}

inline bool coin(base::Random& random) {
  return (random.next() & 1) != 0;
}
inline std::uint8_t octet(base::Random& random) {
  return static_cast<std::uint8_t>(random.next());
}
inline std::uint16_t word(base::Random& random) {
  return static_cast<std::uint16_t>(random.next());
}

/// Any address; often one of the shapes that IPHC treats specially.
inline Ipv6Address random_address(base::Random& random) {
  Ipv6Address result;
  for (auto& byte : result.bytes) byte = octet(random);
  const auto zero = [&](std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) result.bytes[i] = 0;
  };
  const auto prefix = [&](std::uint8_t first, std::uint8_t second) {
    zero(0, 8);
    result.bytes[0] = first;
    result.bytes[1] = second;
  };
  const auto short_identifier = [&] {
    zero(8, 14);
    result.bytes[11] = 0xFF;
    result.bytes[12] = 0xFE;
  };
  switch (random.below(10)) {
    case 0:
      return {};
    case 1:
      prefix(0xFE, 0x80);
      break;
    case 2:
      prefix(0xFE, 0x80);
      short_identifier();
      break;
    case 3:
      prefix(0xAA, 0xAA);
      break;
    case 4:
      prefix(0xAA, 0xAA);
      short_identifier();
      break;
    case 5:
      prefix(0xFF, 0x02);
      zero(8, 15);
      break;
    case 6:
      result.bytes[0] = 0xFF;
      zero(2, 13);
      break;
    case 7:
      result.bytes[0] = 0xFF;
      zero(2, 11);
      break;
    case 8:
      result.bytes[0] = 0xFF;
      zero(2, 12);
      result.bytes[3] = 64;
      zero(4, 12);
      result.bytes[4] = result.bytes[5] = 0xAA;
      break;
    default:
      break;
  }
  return result;
}

}  // namespace goldcrest::wire::test
