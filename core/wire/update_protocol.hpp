// SPDX-License-Identifier: MIT
// What device and update server tell each other: docs/formats/update-protocol.md. The classic
// request is a few packed bytes in the payload of every GET; the current protocol asks once, with a
// CBOR map, and gets the place of one cacheable file back.
//
// Parsed values point into the bytes they were parsed from.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/base/limits.hpp"
#include "core/base/version.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::wire {

inline constexpr std::string_view updates_path = "updates";
/// Image type of an application in both protocols, as in `.fmu` files.
inline constexpr std::uint8_t application_image_type = 3;

/// SHA-256 of a canonical image and its relocation table: a manifest's digest.
using ImageDigest = std::array<std::uint8_t, 32>;

enum class UpdateProtocolError {
  malformed,      ///< not the encoding the format page asks for
  missing_field,  ///< well formed, but a field that must be there is not
  bad_value,      ///< a field with a value that cannot be
};

std::string_view describe(UpdateProtocolError error);

/// A product id: 1 to 31 characters of A–Z a–z 0–9 '-' '.' '_' (docs/formats/info.md).
bool valid_product_id(std::string_view product);

// ---- Classic ----------------------------------------------------------------------------------

/// offset 0: n (1) ‖ product id (n) ‖ image type (1) ‖ version (4, LE) ‖ offset (4, LE)
struct ClassicRequest {
  std::string_view product;
  std::uint8_t image_type = application_image_type;
  base::Version version;     ///< what the device runs
  std::uint32_t offset = 0;  ///< of the file; blocks count from here

  friend bool operator==(const ClassicRequest&, const ClassicRequest&) = default;
};

inline constexpr std::size_t classic_request_bytes = 1 + limits::product_id_bytes - 1 + 1 + 4 + 4;

[[nodiscard]] std::expected<ClassicRequest, UpdateProtocolError> parse_classic_request(
    base::Bytes payload);
/// Nothing when `buffer` is too small or the product id is not valid.
std::optional<base::Bytes> emit(const ClassicRequest& request, base::MutableBytes buffer);

// ---- Current ----------------------------------------------------------------------------------

/// How the device's last update ended; told with every ask. Values are on the wire.
enum class UpdateResult : std::uint8_t {
  none = 0,               ///< no update since manufacture
  installed = 1,          ///< the running image came by update
  gave_up = 2,            ///< the server could not be reached for too long
  refused_format = 3,     ///< not a file this device understands, or damaged
  refused_product = 4,    ///< for another product or image type
  refused_version = 5,    ///< not newer, or the running version is below its minimum
  refused_signature = 6,  ///< signature or signing key
  refused_digest = 7,     ///< the image is not the signed one
  refused_rejected = 8,   ///< this image was tried and rejected before
  refused_space = 9,      ///< does not fit the slot
  flash_error = 10,       ///< the flash could not be written
  reverted = 11,          ///< the new image ran on trial and did not confirm itself
  rolled_back = 12,       ///< an operator returned to the older image
  refused_policy = 13,    ///< security counter too low, or against the revocation of keys
};

std::string_view describe(UpdateResult result);

/// Bits of Ask::capabilities; unknown ones are ignored.
namespace capability {
inline constexpr std::uint32_t full_image = 1u << 0u;  ///< installs a complete `.fmu`
}  // namespace capability

/// Payload of FETCH /updates: which update for me? Also the device's report to its fleet.
struct Ask {
  std::string_view product;
  std::uint8_t image_type = application_image_type;
  base::Version running;
  /// Versions in the application slots, APP1 first; 0.0.0 for an empty one.
  std::array<base::Version, 2> slots{};
  std::optional<ImageDigest> running_digest;
  Eui64 device;
  UpdateResult last_result = UpdateResult::none;
  base::FixedVector<ImageDigest, limits::rejected_digests> rejected;
  std::uint32_t capabilities = capability::full_image;
  std::uint16_t block_size = limits::coap_block_bytes;  ///< largest block the device takes

  bool rejects(const ImageDigest& digest) const;
};

/// Longest emitted Ask.
inline constexpr std::size_t ask_bytes = 96 + 16 + 34 * (1 + limits::rejected_digests);

[[nodiscard]] std::expected<Ask, UpdateProtocolError> parse_ask(base::Bytes payload);
std::optional<base::Bytes> emit(const Ask& ask, base::MutableBytes buffer);

/// An entity tag: 1 to 8 opaque bytes (RFC 7252 section 5.10.6).
using EntityTag = base::FixedVector<std::uint8_t, 8>;
bool same_tag(base::Bytes a, base::Bytes b);

/// Where the file is and what it is.
struct Offer {
  std::string_view path;  ///< e.g. "updates/f63d0305", without a leading slash; ≤ 63 characters
  std::uint32_t size = 0;
  base::Version version;
  EntityTag etag;
  ImageDigest digest{};
};

inline constexpr std::size_t offer_path_bytes = 64;

/// The answer to an Ask.
struct Answer {
  std::uint32_t retry_after_s = 0;  ///< when to ask again; 0: the device's own interval
  std::optional<Offer> offer;       ///< absent: nothing newer
};

inline constexpr std::size_t answer_bytes = 160;

[[nodiscard]] std::expected<Answer, UpdateProtocolError> parse_answer(base::Bytes payload);
std::optional<base::Bytes> emit(const Answer& answer, base::MutableBytes buffer);

}  // namespace goldcrest::wire
