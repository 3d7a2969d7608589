// SPDX-License-Identifier: MIT
#include "core/update/settings.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::update {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::uint8_t tag_ssid = 1;
constexpr std::uint8_t tag_security = 2;
constexpr std::uint8_t tag_passkey = 3;
constexpr std::uint8_t tag_first_device_field = 7;
constexpr std::uint8_t tag_server_address = 10;

template <std::size_t Capacity>
void emit_text(base::ByteWriter& writer, std::uint8_t tag,
               const std::optional<Text<Capacity>>& text) {
  if (!text) return;
  const auto view = text->view();
  writer.u8(tag);
  writer.u8(static_cast<std::uint8_t>(view.size()));
  for (const char c : view) writer.u8(static_cast<std::uint8_t>(c));
}

template <std::size_t Capacity>
bool parse_text(base::Bytes value, std::optional<Text<Capacity>>& text) {
  text = Text<Capacity>::from({reinterpret_cast<const char*>(value.data()), value.size()});
  return text.has_value();
}

bool parse_field(std::uint8_t tag, base::Bytes value, Settings& settings) {
  switch (tag) {
    case tag_ssid:
      return parse_text(value, settings.wifi_ssid);
    case tag_security:
      return parse_text(value, settings.wifi_security);
    case tag_passkey:
      return parse_text(value, settings.wifi_passkey);
    case tag_first_device_field:
    case tag_first_device_field + 1:
    case tag_first_device_field + 2:
      return parse_text(value, settings.device_fields[tag - tag_first_device_field]);
    case tag_server_address:
      if (value.size() != 16) return false;
      std::ranges::copy(value, settings.server_address.emplace().begin());
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<Settings> parse_settings(base::Bytes bytes) {
  base::ByteReader reader(bytes);
  if (reader.u8() != format_version) return std::nullopt;
  Settings settings;
  std::uint8_t last_tag = 0;
  while (reader.remaining() > 0) {
    const auto tag = reader.u8();
    const auto value = reader.bytes(reader.u8());
    if (!reader.ok() || tag <= last_tag || !parse_field(tag, value, settings)) return std::nullopt;
    last_tag = tag;
  }
  return settings;
}

std::size_t emit_settings(const Settings& settings, base::MutableBytes out) {
  base::ByteWriter writer(out);
  writer.u8(format_version);
  emit_text(writer, tag_ssid, settings.wifi_ssid);
  emit_text(writer, tag_security, settings.wifi_security);
  emit_text(writer, tag_passkey, settings.wifi_passkey);
  for (std::uint8_t i = 0; i < settings.device_fields.size(); ++i) {
    emit_text(writer, static_cast<std::uint8_t>(tag_first_device_field + i),
              settings.device_fields[i]);
  }
  if (settings.server_address) {
    writer.u8(tag_server_address);
    writer.u8(16);
    writer.bytes(*settings.server_address);
  }
  base::ensure(writer.ok());
  return writer.size();
}

std::expected<Settings, RecordError> load_settings(Records& records) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto stored = records.read(RecordKey::settings, buffer);
  if (!stored) return std::unexpected(stored.error());
  // A record of a format this program does not know is as good as none: the owner provisions anew.
  return parse_settings(stored->value_or(base::Bytes())).value_or(Settings{});
}

std::expected<void, RecordError> save_settings(Records& records, const Settings& settings) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto size = emit_settings(settings, buffer);
  return records.write(RecordKey::settings, base::Bytes(buffer).first(size));
}

std::expected<RejectedDigests, RecordError> load_rejected_digests(Records& records) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto stored = records.read(RecordKey::rejected_digests, buffer);
  if (!stored) return std::unexpected(stored.error());
  RejectedDigests digests;
  base::ByteReader reader(stored->value_or(base::Bytes()));
  while (reader.remaining() >= crypto::Digest().size() && !digests.full()) {
    crypto::Digest digest;
    reader.copy_to(digest);
    (void)digests.push_back(digest);
  }
  return digests;
}

std::expected<void, RecordError> add_rejected_digest(Records& records,
                                                     const crypto::Digest& digest) {
  auto digests = load_rejected_digests(records);
  if (!digests) return std::unexpected(digests.error());
  if (std::ranges::find(*digests, digest) != digests->end()) return {};
  if (digests->full()) digests->erase(0);
  (void)digests->push_back(digest);
  std::array<std::uint8_t, limits::rejected_digests * sizeof(crypto::Digest)> bytes;
  base::ByteWriter writer(bytes);
  for (const auto& one : *digests) writer.bytes(one);
  return records.write(RecordKey::rejected_digests, writer.written());
}

std::expected<std::optional<std::uint32_t>, RecordError> load_number(Records& records,
                                                                     RecordKey key) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto stored = records.read(key, buffer);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored || (*stored)->size() != 4) return std::nullopt;
  return base::load_le32((*stored)->data());
}

std::expected<void, RecordError> save_number(Records& records, RecordKey key, std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes;
  base::store_le32(bytes.data(), value);
  return records.write(key, bytes);
}

}  // namespace goldcrest::update
