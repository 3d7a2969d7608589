// SPDX-License-Identifier: MIT
#include "core/oscore/option.hpp"

#include <array>

#include "core/base/ensure.hpp"

namespace goldcrest::oscore {
namespace {

constexpr std::uint8_t kid_context_flag = 0x10;
constexpr std::uint8_t kid_flag = 0x08;
constexpr std::uint8_t partial_iv_mask = 0x07;
constexpr std::uint8_t reserved_flags = 0xE0;

}  // namespace

PartialIv PartialIv::of(std::uint64_t sequence) {
  base::ensure(sequence < sequence_limit);
  PartialIv result;
  for (unsigned shift = 40; shift > 0;) {
    shift -= 8;
    const auto byte = static_cast<std::uint8_t>(sequence >> shift);
    const bool leading_zero = byte == 0 && result.bytes_.empty() && shift > 0;
    if (!leading_zero) (void)result.bytes_.push_back(byte);
  }
  return result;
}

std::optional<PartialIv> PartialIv::parse(base::Bytes bytes) {
  PartialIv result;
  if (bytes.empty() || !result.bytes_.append(bytes)) return std::nullopt;
  if (bytes.size() > 1 && bytes.front() == 0) return std::nullopt;
  return result;
}

std::uint64_t PartialIv::sequence() const {
  std::uint64_t value = 0;
  for (const auto byte : bytes_) value = (value << 8u) | byte;
  return value;
}

std::optional<OptionValue> parse_option(base::Bytes value) {
  OptionValue result;
  if (value.empty()) return result;
  base::ByteReader reader(value);
  const auto flags = reader.u8();
  // A flag byte of zero has to be left out.
  if ((flags & reserved_flags) != 0 || flags == 0) return std::nullopt;
  if (const std::size_t length = flags & partial_iv_mask; length > 0) {
    result.partial_iv = PartialIv::parse(reader.bytes(length));
    if (!result.partial_iv) return std::nullopt;
  }
  if ((flags & kid_context_flag) != 0) {
    const std::size_t length = reader.u8();
    result.kid_context = reader.bytes(length);
  }
  if ((flags & kid_flag) != 0) result.kid = reader.rest();
  if (!reader.ok() || reader.remaining() > 0) return std::nullopt;
  return result;
}

base::Bytes emit_option(const OptionValue& value, base::MutableBytes out) {
  if (!value.partial_iv && !value.kid_context && !value.kid) return {};
  base::ByteWriter writer(out);
  const auto partial_iv = value.partial_iv ? value.partial_iv->bytes() : base::Bytes();
  auto flags = static_cast<std::uint8_t>(partial_iv.size());
  if (value.kid_context) flags |= kid_context_flag;
  if (value.kid) flags |= kid_flag;
  writer.u8(flags);
  writer.bytes(partial_iv);
  if (value.kid_context) {
    base::ensure(value.kid_context->size() <= 255);
    writer.u8(static_cast<std::uint8_t>(value.kid_context->size()));
    writer.bytes(*value.kid_context);
  }
  if (value.kid) writer.bytes(*value.kid);
  base::ensure(writer.ok());
  return writer.written();
}

}  // namespace goldcrest::oscore
