// SPDX-License-Identifier: MIT
#include "core/wire/update_protocol.hpp"

#include <algorithm>

#include "core/wire/cbor.hpp"

namespace goldcrest::wire {
namespace {

using Error = UpdateProtocolError;

// Keys of the ask and of the answer: docs/formats/update-protocol.md.
namespace ask_key {
constexpr std::uint64_t product = 0;
constexpr std::uint64_t image_type = 1;
constexpr std::uint64_t running = 2;
constexpr std::uint64_t slots = 3;
constexpr std::uint64_t running_digest = 4;
constexpr std::uint64_t device = 5;
constexpr std::uint64_t last_result = 6;
constexpr std::uint64_t rejected = 7;
constexpr std::uint64_t capabilities = 8;
constexpr std::uint64_t block_size = 9;
}  // namespace ask_key
namespace answer_key {
constexpr std::uint64_t retry_after = 0;
constexpr std::uint64_t path = 1;
constexpr std::uint64_t size = 2;
constexpr std::uint64_t version = 3;
constexpr std::uint64_t etag = 4;
constexpr std::uint64_t digest = 5;
}  // namespace answer_key

constexpr std::uint64_t max_u32 = 0xFFFFFFFF;

// Walks a map with strictly ascending integer keys (RFC 8949 section 4.2.1) and hands each known
// key to `field`, which returns false for one it does not know: that value is passed over, so that
// later versions may add fields. Notes which of the first 32 keys were there.
template <typename Field>
std::uint32_t read_map(cbor::Reader& reader, Field field) {
  std::uint32_t seen = 0;
  std::uint64_t next_key = 0;
  for (auto pairs = reader.map(); pairs > 0 && reader.ok(); --pairs) {
    const auto key = reader.unsigned_integer(max_u32);
    if (key < next_key) reader.fail();
    if (!reader.ok()) break;
    next_key = key + 1;
    if (key < 32) seen |= 1u << key;
    if (!field(key)) reader.skip();
  }
  return seen;
}

constexpr std::uint32_t bit(std::uint64_t key) {
  return 1u << key;
}

base::Version read_version(cbor::Reader& reader) {
  return base::Version::from_packed(static_cast<std::uint32_t>(reader.unsigned_integer(max_u32)));
}

template <std::size_t Size>
void read_exactly(cbor::Reader& reader, std::array<std::uint8_t, Size>& out) {
  const auto bytes = reader.byte_string();
  if (bytes.size() != Size) return reader.fail();
  std::copy(bytes.begin(), bytes.end(), out.begin());
}

void read_slots(cbor::Reader& reader, Ask& ask) {
  if (reader.array() != ask.slots.size()) reader.fail();
  for (auto& slot : ask.slots) slot = read_version(reader);
}

void read_rejected(cbor::Reader& reader, Ask& ask) {
  for (auto count = reader.array(); count > 0 && reader.ok(); --count) {
    ImageDigest digest{};
    read_exactly(reader, digest);
    if (!ask.rejected.push_back(digest)) reader.fail();
  }
}

bool read_ask_field(cbor::Reader& reader, std::uint64_t key, Ask& ask) {
  switch (key) {
    case ask_key::product:
      ask.product = reader.text_string();
      return true;
    case ask_key::image_type:
      ask.image_type = static_cast<std::uint8_t>(reader.unsigned_integer(0xFF));
      return true;
    case ask_key::running:
      ask.running = read_version(reader);
      return true;
    case ask_key::slots:
      read_slots(reader, ask);
      return true;
    case ask_key::running_digest:
      read_exactly(reader, ask.running_digest.emplace());
      return true;
    case ask_key::device:
      read_exactly(reader, ask.device.bytes);
      return true;
    case ask_key::last_result:
      // A value of a later version is kept as it is; describe() calls it unknown.
      ask.last_result = static_cast<UpdateResult>(reader.unsigned_integer(0xFF));
      return true;
    case ask_key::rejected:
      read_rejected(reader, ask);
      return true;
    case ask_key::capabilities:
      ask.capabilities = static_cast<std::uint32_t>(reader.unsigned_integer(max_u32));
      return true;
    case ask_key::block_size:
      ask.block_size = static_cast<std::uint16_t>(reader.unsigned_integer(0xFFFF));
      return true;
    default:
      return false;
  }
}

struct ReadOffer {
  Offer offer;
  std::uint32_t retry_after_s = 0;
};

void read_etag(cbor::Reader& reader, EntityTag& etag) {
  const auto bytes = reader.byte_string();
  if (bytes.empty() || !etag.append(bytes)) reader.fail();
}

bool read_answer_field(cbor::Reader& reader, std::uint64_t key, ReadOffer& answer) {
  auto& offer = answer.offer;
  switch (key) {
    case answer_key::retry_after:
      answer.retry_after_s = static_cast<std::uint32_t>(reader.unsigned_integer(max_u32));
      return true;
    case answer_key::path:
      offer.path = reader.text_string();
      return true;
    case answer_key::size:
      offer.size = static_cast<std::uint32_t>(reader.unsigned_integer(max_u32));
      return true;
    case answer_key::version:
      offer.version = read_version(reader);
      return true;
    case answer_key::etag:
      read_etag(reader, offer.etag);
      return true;
    case answer_key::digest:
      read_exactly(reader, offer.digest);
      return true;
    default:
      return false;
  }
}

bool valid_offer_path(std::string_view path) {
  return !path.empty() && path.size() < offer_path_bytes && path.front() != '/' &&
         std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

std::string_view describe(UpdateProtocolError error) {
  switch (error) {
    case Error::malformed:
      return "malformed encoding";
    case Error::missing_field:
      return "a required field is missing";
    case Error::bad_value:
      return "a field has an impossible value";
  }
  return "unknown error";
}

std::string_view describe(UpdateResult result) {
  switch (result) {
    case UpdateResult::none:
      return "none";
    case UpdateResult::installed:
      return "installed";
    case UpdateResult::gave_up:
      return "gave up";
    case UpdateResult::refused_format:
      return "refused: format";
    case UpdateResult::refused_product:
      return "refused: product";
    case UpdateResult::refused_version:
      return "refused: version";
    case UpdateResult::refused_signature:
      return "refused: signature";
    case UpdateResult::refused_digest:
      return "refused: digest";
    case UpdateResult::refused_rejected:
      return "refused: rejected before";
    case UpdateResult::refused_space:
      return "refused: too large";
    case UpdateResult::flash_error:
      return "flash error";
    case UpdateResult::reverted:
      return "reverted";
    case UpdateResult::rolled_back:
      return "rolled back";
    case UpdateResult::refused_policy:
      return "refused: security floor or revoked key";
  }
  return "unknown";
}

bool valid_product_id(std::string_view product) {
  return !product.empty() && product.size() < limits::product_id_bytes &&
         std::ranges::all_of(product, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

std::expected<ClassicRequest, UpdateProtocolError> parse_classic_request(base::Bytes payload) {
  base::ByteReader reader(payload);
  const auto product = reader.bytes(reader.u8());
  ClassicRequest request;
  request.product = std::string_view(reinterpret_cast<const char*>(product.data()), product.size());
  request.image_type = reader.u8();
  request.version = base::Version::from_packed(reader.le32());
  request.offset = reader.le32();
  if (!reader.ok() || reader.remaining() != 0) return std::unexpected(Error::malformed);
  if (!valid_product_id(request.product)) return std::unexpected(Error::bad_value);
  return request;
}

std::optional<base::Bytes> emit(const ClassicRequest& request, base::MutableBytes buffer) {
  if (!valid_product_id(request.product)) return std::nullopt;
  base::ByteWriter writer(buffer);
  writer.u8(static_cast<std::uint8_t>(request.product.size()));
  writer.bytes(base::Bytes(reinterpret_cast<const std::uint8_t*>(request.product.data()),
                           request.product.size()));
  writer.u8(request.image_type);
  writer.le32(request.version.packed());
  writer.le32(request.offset);
  if (!writer.ok()) return std::nullopt;
  return writer.written();
}

bool Ask::rejects(const ImageDigest& digest) const {
  return std::ranges::find(rejected, digest) != rejected.end();
}

std::expected<Ask, UpdateProtocolError> parse_ask(base::Bytes payload) {
  cbor::Reader reader(payload);
  Ask ask;
  // What the device does not say it cannot do, and the smallest block fits everybody.
  ask.capabilities = 0;
  ask.block_size = 16;
  const auto seen =
      read_map(reader, [&](std::uint64_t key) { return read_ask_field(reader, key, ask); });
  if (!reader.at_end()) return std::unexpected(Error::malformed);
  constexpr auto required = bit(ask_key::product) | bit(ask_key::image_type) |
                            bit(ask_key::running) | bit(ask_key::device);
  if ((seen & required) != required) return std::unexpected(Error::missing_field);
  if (!valid_product_id(ask.product) || ask.block_size < 16) {
    return std::unexpected(Error::bad_value);
  }
  return ask;
}

std::optional<base::Bytes> emit(const Ask& ask, base::MutableBytes buffer) {
  cbor::Writer writer(buffer);
  writer.map(8u + (ask.running_digest ? 1u : 0u) + (ask.rejected.empty() ? 0u : 1u));
  writer.unsigned_integer(ask_key::product);
  writer.text_string(ask.product);
  writer.unsigned_integer(ask_key::image_type);
  writer.unsigned_integer(ask.image_type);
  writer.unsigned_integer(ask_key::running);
  writer.unsigned_integer(ask.running.packed());
  writer.unsigned_integer(ask_key::slots);
  writer.array(ask.slots.size());
  for (const auto& slot : ask.slots) writer.unsigned_integer(slot.packed());
  if (ask.running_digest) {
    writer.unsigned_integer(ask_key::running_digest);
    writer.byte_string(*ask.running_digest);
  }
  writer.unsigned_integer(ask_key::device);
  writer.byte_string(ask.device.bytes);
  writer.unsigned_integer(ask_key::last_result);
  writer.unsigned_integer(static_cast<std::uint8_t>(ask.last_result));
  if (!ask.rejected.empty()) {
    writer.unsigned_integer(ask_key::rejected);
    writer.array(ask.rejected.size());
    for (const auto& digest : ask.rejected) writer.byte_string(digest);
  }
  writer.unsigned_integer(ask_key::capabilities);
  writer.unsigned_integer(ask.capabilities);
  writer.unsigned_integer(ask_key::block_size);
  writer.unsigned_integer(ask.block_size);
  return writer.finish();
}

bool same_tag(base::Bytes a, base::Bytes b) {
  return std::ranges::equal(a, b);
}

std::expected<Answer, UpdateProtocolError> parse_answer(base::Bytes payload) {
  cbor::Reader reader(payload);
  ReadOffer read;
  const auto seen =
      read_map(reader, [&](std::uint64_t key) { return read_answer_field(reader, key, read); });
  if (!reader.at_end()) return std::unexpected(Error::malformed);
  Answer answer{.retry_after_s = read.retry_after_s, .offer = std::nullopt};
  constexpr auto offer_keys = bit(answer_key::path) | bit(answer_key::size) |
                              bit(answer_key::version) | bit(answer_key::etag) |
                              bit(answer_key::digest);
  if ((seen & offer_keys) == 0) return answer;
  if ((seen & offer_keys) != offer_keys) return std::unexpected(Error::missing_field);
  if (!valid_offer_path(read.offer.path) || read.offer.size == 0 || read.offer.version.empty()) {
    return std::unexpected(Error::bad_value);
  }
  answer.offer = read.offer;
  return answer;
}

std::optional<base::Bytes> emit(const Answer& answer, base::MutableBytes buffer) {
  cbor::Writer writer(buffer);
  writer.map(answer.offer ? 6 : 1);
  writer.unsigned_integer(answer_key::retry_after);
  writer.unsigned_integer(answer.retry_after_s);
  if (answer.offer) {
    const auto& offer = *answer.offer;
    writer.unsigned_integer(answer_key::path);
    writer.text_string(offer.path);
    writer.unsigned_integer(answer_key::size);
    writer.unsigned_integer(offer.size);
    writer.unsigned_integer(answer_key::version);
    writer.unsigned_integer(offer.version.packed());
    writer.unsigned_integer(answer_key::etag);
    writer.byte_string(base::Bytes(offer.etag.data(), offer.etag.size()));
    writer.unsigned_integer(answer_key::digest);
    writer.byte_string(offer.digest);
  }
  return writer.finish();
}

}  // namespace goldcrest::wire
