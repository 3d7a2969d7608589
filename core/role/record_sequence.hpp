// SPDX-License-Identifier: MIT
// OSCORE's sequence numbers in the DATA section (docs/formats/oscore.md): a record a block of them,
// whole or not at all after a power cut.
#pragma once

#include <array>
#include <cstdint>
#include <expected>

#include "core/oscore/sender_sequence.hpp"
#include "core/update/records.hpp"

namespace goldcrest::role {

class RecordSequence final : public oscore::SequenceStore {
 public:
  /// Numbers in a block. A device asks once an hour and needs some 180 numbers for an update of
  /// 90 KB: a record of 28 bytes a few times a month, beside the one a start costs.
  static constexpr std::uint32_t block = 256;

  explicit RecordSequence(update::Records& records) : records_(records) {}

  /// The first number that was never reserved. A record that makes no sense counts as all used, for
  /// a number that is used twice would give the messages away.
  [[nodiscard]] std::expected<std::uint64_t, update::RecordError> first() {
    std::array<std::uint8_t, limits::record_bytes> buffer;
    const auto stored = records_.read(update::RecordKey::sender_sequence, buffer);
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) return 0;
    base::ByteReader reader(**stored);
    const std::uint64_t low = reader.le32();
    const std::uint64_t end = std::uint64_t{reader.le32()} << 32u | low;
    const bool good = reader.ok() && reader.remaining() == 0 && end <= oscore::sequence_limit;
    return good ? end : oscore::sequence_limit;
  }

  bool reserve(std::uint64_t end) override {
    std::array<std::uint8_t, 8> value{};
    base::store_le32(value.data(), static_cast<std::uint32_t>(end));
    base::store_le32(value.data() + 4, static_cast<std::uint32_t>(end >> 32u));
    return records_.write(update::RecordKey::sender_sequence, value).has_value();
  }

 private:
  update::Records& records_;
};

}  // namespace goldcrest::role
