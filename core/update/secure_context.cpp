// SPDX-License-Identifier: MIT
#include "core/update/secure_context.hpp"

#include <algorithm>
#include <array>

#include "core/base/ensure.hpp"
#include "core/crypto/crc32.hpp"

namespace goldcrest::update {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::size_t shortest_secret = 16;
// Where numbers go on under a new context when those before are not known: a device would need
// thousands of years to get there.
constexpr std::uint64_t far_ahead = sequence_numbers_end / 2;

bool valid(const SecureContext& context) {
  return !context.device_id.empty() && context.master_secret.size() >= shortest_secret &&
         !std::ranges::equal(context.device_id, context.server_id);
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// The digits up to the next dot or the end, which are taken off `text` with it.
template <std::size_t Capacity>
bool take_part(std::string_view& text, base::FixedVector<std::uint8_t, Capacity>& bytes) {
  const auto part = text.substr(0, text.find('.'));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  if (part.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < part.size(); i += 2) {
    const auto high = digit(part[i]);
    const auto low = digit(part[i + 1]);
    if (!high || !low || !bytes.push_back(static_cast<std::uint8_t>(*high << 4u | *low))) {
      return false;
    }
  }
  return true;
}

std::uint32_t checksum(std::string_view text) {
  return crypto::Crc32::of({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) : out_(out) {}

  void hex(base::Bytes bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const auto byte : bytes) {
      put(digits[byte >> 4u]);
      put(digits[byte & 15u]);
    }
  }
  void put(char c) {
    base::ensure(size_ < out_.size());
    out_[size_++] = c;
  }
  std::string_view written() const { return {out_.data(), size_}; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

template <std::size_t Capacity>
base::Bytes bytes_of(const base::FixedVector<std::uint8_t, Capacity>& vector) {
  return {vector.data(), vector.size()};
}

}  // namespace

std::optional<SecureContext> parse_secure_context_text(std::string_view text) {
  const auto last_dot = text.rfind('.');
  if (std::ranges::count(text, '.') != 4) return std::nullopt;
  const auto checked = text.substr(0, last_dot);
  SecureContext context;
  base::FixedVector<std::uint8_t, 4> check;
  const bool well_formed =
      take_part(text, context.device_id) && take_part(text, context.server_id) &&
      take_part(text, context.master_secret) && take_part(text, context.master_salt) &&
      take_part(text, check) && check.full() && base::load_be32(check.data()) == checksum(checked);
  if (!well_formed || !valid(context)) return std::nullopt;
  return context;
}

std::string_view emit_secure_context_text(const SecureContext& context, std::span<char> out) {
  base::ensure(valid(context));
  TextWriter writer(out);
  writer.hex(bytes_of(context.device_id));
  writer.put('.');
  writer.hex(bytes_of(context.server_id));
  writer.put('.');
  writer.hex(bytes_of(context.master_secret));
  writer.put('.');
  writer.hex(bytes_of(context.master_salt));
  std::array<std::uint8_t, 4> check{};
  base::store_be32(check.data(), checksum(writer.written()));
  writer.put('.');
  writer.hex(check);
  return writer.written();
}

// Version, then four times length and value, in the order of the text.
std::optional<SecureContext> parse_secure_context(base::Bytes bytes) {
  base::ByteReader reader(bytes);
  if (reader.u8() != format_version) return std::nullopt;
  SecureContext context;
  const auto take = [&reader](auto& field) { return field.append(reader.bytes(reader.u8())); };
  const bool fits = take(context.device_id) && take(context.server_id) &&
                    take(context.master_secret) && take(context.master_salt);
  if (!fits || !reader.ok() || reader.remaining() > 0 || !valid(context)) return std::nullopt;
  return context;
}

std::size_t emit_secure_context(const SecureContext& context, base::MutableBytes out) {
  base::ensure(valid(context));
  base::ByteWriter writer(out);
  writer.u8(format_version);
  const auto put = [&writer](base::Bytes field) {
    writer.u8(static_cast<std::uint8_t>(field.size()));
    writer.bytes(field);
  };
  put(bytes_of(context.device_id));
  put(bytes_of(context.server_id));
  put(bytes_of(context.master_secret));
  put(bytes_of(context.master_salt));
  base::ensure(writer.ok());
  return writer.size();
}

std::string_view describe(SecureContextError error) {
  switch (error) {
    case SecureContextError::flash:
      return "unreadable";
    case SecureContextError::unknown:
      return "unknown format";
    case SecureContextError::lost:
      return "damaged";
  }
  return "unknown error";
}

namespace {

/// The record beside the context's: 8 bytes, then a mark if the context was taken away.
struct SequenceRecord {
  std::uint64_t end = 0;
  bool taken_away = false;
};

constexpr std::size_t end_bytes = 8;
constexpr std::uint8_t taken_away_mark = 1;

/// `end` is beyond sequence_numbers_end when the record makes no sense.
std::expected<std::optional<SequenceRecord>, RecordError> load_sequence(Records& records) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto stored = records.read(RecordKey::sender_sequence, buffer);
  if (!stored) return std::unexpected(stored.error());
  const auto value = stored->value_or(base::Bytes());
  if (value.empty()) return std::nullopt;
  const bool taken_away = value.size() == end_bytes + 1 && value[end_bytes] == taken_away_mark;
  if (value.size() != end_bytes && !taken_away) return SequenceRecord{.end = UINT64_MAX};
  const std::uint64_t high = base::load_le32(value.data() + 4);
  return SequenceRecord{.end = high << 32u | base::load_le32(value.data()),
                        .taken_away = taken_away};
}

/// Where numbers go on for the next context.
std::expected<std::uint64_t, RecordError> next_sequence(Records& records) {
  const auto sequence = load_sequence(records);
  if (!sequence) return std::unexpected(sequence.error());
  const auto end = sequence->value_or(SequenceRecord{}).end;
  return end <= sequence_numbers_end ? end : far_ahead;
}

std::expected<void, RecordError> save_sequence(Records& records, std::uint64_t end,
                                               bool taken_away) {
  std::array<std::uint8_t, end_bytes + 1> value{};
  base::store_le32(value.data(), static_cast<std::uint32_t>(end));
  base::store_le32(value.data() + 4, static_cast<std::uint32_t>(end >> 32u));
  value[end_bytes] = taken_away_mark;
  return records.write(RecordKey::sender_sequence,
                       base::Bytes(value).first(taken_away ? value.size() : end_bytes));
}

}  // namespace

std::expected<std::optional<SecureContext>, SecureContextError> load_secure_context(
    Records& records) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto stored = records.read(RecordKey::secure_context, buffer);
  if (!stored) return std::unexpected(SecureContextError::flash);
  if (const auto value = stored->value_or(base::Bytes()); !value.empty()) {
    const auto context = parse_secure_context(value);
    if (!context) return std::unexpected(SecureContextError::unknown);
    return context;
  }
  const auto sequence = load_sequence(records);
  if (!sequence) return std::unexpected(SecureContextError::flash);
  const bool meant = sequence->value_or(SequenceRecord{.taken_away = true}).taken_away;
  if (!meant) return std::unexpected(SecureContextError::lost);
  return std::nullopt;
}

// The context first: cut short before the second record, the device has the new one all the same.
std::expected<void, RecordError> save_secure_context(Records& records,
                                                     const SecureContext& context) {
  std::array<std::uint8_t, secure_context_bytes> buffer;
  const auto size = emit_secure_context(context, buffer);
  const auto saved = records.write(RecordKey::secure_context, base::Bytes(buffer).first(size));
  if (!saved) return saved;
  const auto next = next_sequence(records);
  if (!next) return std::unexpected(next.error());
  return save_sequence(records, *next, false);
}

// Said first, then done: cut short in between, the device still has its context.
std::expected<void, RecordError> forget_secure_context(Records& records) {
  const auto next = next_sequence(records);
  if (!next) return std::unexpected(next.error());
  if (const auto said = save_sequence(records, *next, true); !said) return said;
  return records.remove(RecordKey::secure_context);
}

std::expected<std::uint64_t, RecordError> load_sequence_end(Records& records) {
  const auto sequence = load_sequence(records);
  if (!sequence) return std::unexpected(sequence.error());
  return std::min(sequence->value_or(SequenceRecord{}).end, sequence_numbers_end);
}

std::expected<void, RecordError> save_sequence_end(Records& records, std::uint64_t end) {
  return save_sequence(records, end, false);
}

}  // namespace goldcrest::update
