// SPDX-License-Identifier: MIT
// The OSCORE security context that a device shares with its update server (RFC 8613 section 3.2),
// as it is provisioned: one line of text, and one record of its own. docs/formats/oscore.md.
//
// How far the sequence numbers have been used is another record. Provisioning lets them go on under
// a new secret: they must not start again under one that was set before.
//
// Invariant: a device that was given a context never passes for one that was not. What says so is
// that record too: it is there from the first provisioning on, and tells whether the context was
// taken away by somebody who meant to.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/update/records.hpp"

namespace goldcrest::update {

struct SecureContext {
  base::FixedVector<std::uint8_t, 7> device_id;       ///< 1 to 7 bytes: our Sender ID
  base::FixedVector<std::uint8_t, 7> server_id;       ///< another one; may be empty
  base::FixedVector<std::uint8_t, 32> master_secret;  ///< 16 to 32 bytes
  base::FixedVector<std::uint8_t, 16> master_salt;    ///< may be empty
};

/// DEVICE_ID.SERVER_ID.MASTER_SECRET.MASTER_SALT.CHECK in hexadecimal; CHECK is the CRC-32 of what
/// comes before its dot. Nothing when a rule is broken or the check is wrong.
std::optional<SecureContext> parse_secure_context_text(std::string_view text);

inline constexpr std::size_t secure_context_text_characters = 2 * (7 + 7 + 32 + 16 + 4) + 4;
/// The characters used in `out`, which must hold secure_context_text_characters.
std::string_view emit_secure_context_text(const SecureContext& context, std::span<char> out);

/// The record: nothing when the bytes are not one.
std::optional<SecureContext> parse_secure_context(base::Bytes bytes);
inline constexpr std::size_t secure_context_bytes = 1 + 4 + 7 + 7 + 32 + 16;
std::size_t emit_secure_context(const SecureContext& context, base::MutableBytes out);

/// Why a device that was given a context does not know it.
enum class SecureContextError : std::uint8_t {
  flash,    ///< DATA could not be read: nobody knows what was provisioned
  unknown,  ///< the record is there, and makes no sense to this program
  lost,     ///< the record is gone, and nobody took it away
};

/// A word or two, to stand behind "security context".
std::string_view describe(SecureContextError error);

/// Nothing when none was ever provisioned, or it was taken away. On errors a device must not speak
/// as if there were none.
[[nodiscard]] std::expected<std::optional<SecureContext>, SecureContextError> load_secure_context(
    Records& records);
/// Replaces the context: after a power cut the device has the old one or the new one.
[[nodiscard]] std::expected<void, RecordError> save_secure_context(Records& records,
                                                                   const SecureContext& context);
/// Takes it away: after this the device has none.
[[nodiscard]] std::expected<void, RecordError> forget_secure_context(Records& records);

/// Above all sequence numbers, which RFC 8613 section 7.2.1 has below 2^40.
inline constexpr std::uint64_t sequence_numbers_end = std::uint64_t{1} << 40u;

/// The end of the sequence numbers that may have been used; 0 when none were. A record that makes
/// no sense counts as all used, for a number that is used twice would give the messages away.
[[nodiscard]] std::expected<std::uint64_t, RecordError> load_sequence_end(Records& records);
[[nodiscard]] std::expected<void, RecordError> save_sequence_end(Records& records,
                                                                 std::uint64_t end);

}  // namespace goldcrest::update
