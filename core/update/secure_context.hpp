// SPDX-License-Identifier: MIT
// The OSCORE security context that a device shares with its update server (RFC 8613 section 3.2),
// as it is provisioned: one line of text, and one record of its own. docs/formats/oscore.md.
//
// How far the sequence numbers have been used is another record, which provisioning leaves alone:
// numbers may go on under a new secret, and must not start again under one that was set before.
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

/// Nothing when none was provisioned, or one of a format this program does not know.
[[nodiscard]] std::expected<std::optional<SecureContext>, RecordError> load_secure_context(
    Records& records);
[[nodiscard]] std::expected<void, RecordError> save_secure_context(Records& records,
                                                                   const SecureContext& context);

}  // namespace goldcrest::update
