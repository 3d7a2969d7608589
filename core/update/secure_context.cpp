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

std::expected<std::optional<SecureContext>, RecordError> load_secure_context(Records& records) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto stored = records.read(RecordKey::secure_context, buffer);
  if (!stored) return std::unexpected(stored.error());
  return parse_secure_context(stored->value_or(base::Bytes()));
}

std::expected<void, RecordError> save_secure_context(Records& records,
                                                     const SecureContext& context) {
  std::array<std::uint8_t, secure_context_bytes> buffer;
  const auto size = emit_secure_context(context, buffer);
  return records.write(RecordKey::secure_context, base::Bytes(buffer).first(size));
}

}  // namespace goldcrest::update
