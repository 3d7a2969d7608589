// SPDX-License-Identifier: MIT
// The provisioned settings, one record, so that a change of several takes effect as a whole.
// docs/formats/data.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/crypto/sha256.hpp"
#include "core/update/records.hpp"

namespace goldcrest::update {

/// Text of at most `Capacity` characters, not empty when set. Printable ASCII: it comes from a
/// console and is shown on one again, where anything else could give orders to the terminal.
template <std::size_t Capacity>
class Text {
 public:
  /// Nothing when empty, too long or not printable.
  static std::optional<Text> from(std::string_view text) {
    if (text.empty() || text.size() > Capacity) return std::nullopt;
    if (!std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) {
      return std::nullopt;
    }
    Text result;
    (void)result.characters_.append({text.data(), text.size()});
    return result;
  }
  std::string_view view() const { return {characters_.data(), characters_.size()}; }

  friend bool operator==(const Text& a, const Text& b) { return a.view() == b.view(); }

 private:
  base::FixedVector<char, Capacity> characters_;
};

/// Each is set or not set.
struct Settings {
  std::optional<Text<32>> wifi_ssid;
  std::optional<Text<16>> wifi_security;
  std::optional<Text<63>> wifi_passkey;
  std::array<std::optional<Text<32>>, 3> device_fields;  ///< menu items 7, 8 and 9
  /// IPv6 address of the update server; an IPv4 address is stored as ::ffff:a.b.c.d.
  std::optional<std::array<std::uint8_t, 16>> server_address;

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Nothing when the bytes are not a settings record.
std::optional<Settings> parse_settings(base::Bytes bytes);
/// The bytes used in `out`; limits::record_bytes are always enough.
std::size_t emit_settings(const Settings& settings, base::MutableBytes out);

/// Settings that were never saved are all not set.
[[nodiscard]] std::expected<Settings, RecordError> load_settings(Records& records);
[[nodiscard]] std::expected<void, RecordError> save_settings(Records& records,
                                                             const Settings& settings);

/// The images that this device has rejected, newest last.
using RejectedDigests = base::FixedVector<crypto::Digest, limits::rejected_digests>;

[[nodiscard]] std::expected<RejectedDigests, RecordError> load_rejected_digests(Records& records);
/// Adds one, if it is not there yet; the oldest goes when there are too many.
[[nodiscard]] std::expected<void, RecordError> add_rejected_digest(Records& records,
                                                                   const crypto::Digest& digest);

/// 32-bit values under a key (random seed counter, poll interval in seconds).
[[nodiscard]] std::expected<std::optional<std::uint32_t>, RecordError> load_number(Records& records,
                                                                                   RecordKey key);
[[nodiscard]] std::expected<void, RecordError> save_number(Records& records, RecordKey key,
                                                           std::uint32_t value);

}  // namespace goldcrest::update
