// SPDX-License-Identifier: MIT
// Key/value records in the DATA section that survive a power cut at any word.
// docs/formats/data.md.
//
// Two banks of 4 KiB. Records are appended to the active one; when it is full, the newest record of
// each key is copied to the other bank, which then becomes the active one.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/image/flash.hpp"

namespace goldcrest::update {

enum class RecordKey : std::uint8_t {
  settings = 1,          ///< settings.hpp
  rejected_digests = 2,  ///< up to limits::rejected_digests of 32 bytes
  update_result = 3,     ///< of the last update; its meaning is the update client's
  random_seed = 4,       ///< counter that makes every boot's randomness another
  poll_interval = 5,     ///< seconds, 4 bytes
  secure_context = 6,    ///< secure_context.hpp
  sender_sequence = 7,   ///< of OSCORE; secure_context.hpp
};
/// Keys are 1 to record_keys; records of keys that this program does not know are kept.
inline constexpr std::uint8_t record_keys = 15;

enum class RecordError : std::uint8_t {
  flash,     ///< erasing, writing or reading failed; what was stored before still stands
  too_long,  ///< a value above limits::record_bytes
  no_room,   ///< more live records than a bank holds
};

std::string_view describe(RecordError error);

class Records {
 public:
  explicit Records(image::Flash& flash, const image::Section& section = image::data_section);

  /// Finds the active bank and its records, makes whole what a power cut left half done, and lays
  /// out an empty section. To be called once, before anything else; when it fails, nobody knows
  /// what is stored, and everything else fails too.
  [[nodiscard]] std::expected<void, RecordError> open();

  /// The value's bytes, a part of `out`, which must be as long as the value or longer
  /// (limits::record_bytes always are). Nothing when the key has no value.
  [[nodiscard]] std::expected<std::optional<base::Bytes>, RecordError> read(RecordKey key,
                                                                            base::MutableBytes out);

  /// Replaces the value, as a whole or, on error or power cut, not at all. An unchanged value is
  /// not written again. An empty value is no value.
  [[nodiscard]] std::expected<void, RecordError> write(RecordKey key, base::Bytes value);

  /// After this the key has no value.
  [[nodiscard]] std::expected<void, RecordError> remove(RecordKey key);

 private:
  using Result = std::expected<void, RecordError>;
  using Offsets = std::array<std::uint16_t, record_keys>;  // in the active bank; 0: no record
  struct Record;

  image::Address bank(std::uint8_t index) const;
  Result find_bank();
  Result scan();
  std::expected<std::optional<Record>, RecordError> record_at(std::uint32_t offset);
  std::expected<base::Bytes, RecordError> value_at(std::uint32_t offset, base::MutableBytes out);
  void complete_commit(std::uint32_t offset, const Record& record);
  bool write_header(image::Address bank, std::uint32_t generation);
  Result start_bank(std::uint8_t index, std::uint32_t generation, const Offsets& from);
  Result compact();
  bool append(RecordKey key, base::Bytes value);

  image::Flash& flash_;
  image::Section section_;
  Offsets newest_{};
  std::uint32_t generation_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint32_t end_ = 0;
  std::uint8_t active_ = 0;
  bool open_ = false;
};

}  // namespace goldcrest::update
