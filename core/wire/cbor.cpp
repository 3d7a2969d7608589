// SPDX-License-Identifier: MIT
#include "core/wire/cbor.hpp"

namespace goldcrest::wire::cbor {
namespace {

constexpr std::uint8_t simple_false = 20;
constexpr std::uint8_t simple_true = 21;

base::Bytes bytes_of(std::string_view text) {
  return base::Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

std::optional<Major> Reader::next_major() const {
  if (!ok() || reader_.remaining() == 0) return std::nullopt;
  return static_cast<Major>(bytes_[reader_.position()] >> 5u);
}

// Initial byte and argument, RFC 8949 section 3; only the shortest form passes.
Reader::Head Reader::head() {
  const unsigned first = reader_.u8();
  Head head{static_cast<Major>(first >> 5u), static_cast<std::uint8_t>(first & 31u), 0};
  std::uint64_t smallest = 0;
  switch (head.additional) {
    case 24:
      head.argument = reader_.u8();
      smallest = head.major == Major::simple ? 32 : 24;
      break;
    case 25:
      head.argument = reader_.be16();
      smallest = 0x100;
      break;
    case 26:
      head.argument = reader_.be32();
      smallest = 0x10000;
      break;
    case 27:
      head.argument = std::uint64_t{reader_.be32()} << 32u;
      head.argument |= reader_.be32();
      smallest = 0x100000000;
      break;
    default:  // 28 to 30 are reserved, 31 is an indefinite length
      if (head.additional > 27) reader_.fail();
      head.argument = head.additional;
  }
  // In major type 7 the longer forms are floating-point numbers, not integers.
  const bool is_float = head.major == Major::simple && head.additional > 24;
  if (!is_float && head.argument < smallest) reader_.fail();
  return ok() ? head : Head{};
}

std::uint64_t Reader::head_of(Major expected) {
  const auto found = head();
  if (found.major != expected) reader_.fail();
  return ok() ? found.argument : 0;
}

std::uint64_t Reader::unsigned_integer(std::uint64_t max) {
  const auto value = head_of(Major::unsigned_integer);
  if (value > max) reader_.fail();
  return ok() ? value : 0;
}

base::Bytes Reader::byte_string() {
  const auto length = head_of(Major::byte_string);
  if (length > reader_.remaining()) reader_.fail();
  return ok() ? reader_.bytes(static_cast<std::size_t>(length)) : base::Bytes();
}

std::string_view Reader::text_string() {
  const auto length = head_of(Major::text_string);
  if (length > reader_.remaining()) reader_.fail();
  if (!ok()) return {};
  const auto bytes = reader_.bytes(static_cast<std::size_t>(length));
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

bool Reader::boolean() {
  const auto found = head();
  if (found.major != Major::simple ||
      (found.additional != simple_false && found.additional != simple_true)) {
    reader_.fail();
  }
  return ok() && found.additional == simple_true;
}

std::size_t Reader::array() {
  const auto elements = head_of(Major::array);
  if (elements > reader_.remaining()) reader_.fail();
  return ok() ? static_cast<std::size_t>(elements) : 0;
}

std::size_t Reader::map() {
  const auto pairs = head_of(Major::map);
  if (pairs > reader_.remaining() / 2) reader_.fail();
  return ok() ? static_cast<std::size_t>(pairs) : 0;
}

void Reader::skip(unsigned depth) {
  const auto found = head();
  std::uint64_t items = 0;
  switch (found.major) {
    case Major::byte_string:
    case Major::text_string:
      if (found.argument > reader_.remaining()) return reader_.fail();
      return reader_.skip(static_cast<std::size_t>(found.argument));
    case Major::array:
      items = found.argument;
      break;
    case Major::map:
      if (found.argument > reader_.remaining()) return reader_.fail();
      items = 2 * found.argument;
      break;
    case Major::tag:
      items = 1;
      break;
    default:
      return;
  }
  // Every item takes a byte at least, so this bounds the loop by the input.
  if (items > reader_.remaining() || (items > 0 && depth == 0)) return reader_.fail();
  for (; items > 0 && ok(); --items) skip(depth - 1);
}

std::optional<base::Bytes> Writer::finish() const {
  if (!ok()) return std::nullopt;
  return writer_.written();
}

void Writer::head(Major major, std::uint64_t argument) {
  const auto initial = [major](unsigned additional) {
    return static_cast<std::uint8_t>((static_cast<unsigned>(major) << 5u) | additional);
  };
  if (argument < 24) {
    writer_.u8(initial(static_cast<unsigned>(argument)));
  } else if (argument <= 0xFF) {
    writer_.u8(initial(24));
    writer_.u8(static_cast<std::uint8_t>(argument));
  } else if (argument <= 0xFFFF) {
    writer_.u8(initial(25));
    writer_.be16(static_cast<std::uint16_t>(argument));
  } else if (argument <= 0xFFFFFFFF) {
    writer_.u8(initial(26));
    writer_.be32(static_cast<std::uint32_t>(argument));
  } else {
    writer_.u8(initial(27));
    writer_.be32(static_cast<std::uint32_t>(argument >> 32u));
    writer_.be32(static_cast<std::uint32_t>(argument));
  }
}

void Writer::byte_string(base::Bytes value) {
  head(Major::byte_string, value.size());
  writer_.bytes(value);
}

void Writer::text_string(std::string_view value) {
  head(Major::text_string, value.size());
  writer_.bytes(bytes_of(value));
}

void Writer::boolean(bool value) {
  head(Major::simple, value ? simple_true : simple_false);
}

}  // namespace goldcrest::wire::cbor
