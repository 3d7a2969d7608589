// SPDX-License-Identifier: MIT
// OSCORE's sequence numbers in the DATA section (docs/formats/oscore.md): a record a block of them,
// whole or not at all after a power cut.
//
// A record that is lost would lead back to the one before it, and to numbers used already. So no
// start of the device goes on below a number that only its count of starts leads to, which is
// another record: both would have to be lost at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>

#include "core/oscore/sender_sequence.hpp"
#include "core/update/secure_context.hpp"

namespace goldcrest::role {

static_assert(update::sequence_numbers_end == oscore::sequence_limit);

class RecordSequence final : public oscore::SequenceStore {
 public:
  /// Numbers in a block. A device asks once an hour and needs some 180 numbers for an update of
  /// 90 KB: a record of 28 bytes a few times a month, beside the one a start costs.
  static constexpr std::uint32_t block = 256;

  explicit RecordSequence(update::Records& records) : records_(records) {}

  /// Numbers that each start has for itself. 2^24 starts have; a device that starts more often is
  /// left with its record alone.
  static constexpr std::uint64_t numbers_a_start = std::uint64_t{1} << 16u;

  /// The first number that was never reserved. `start` counts the starts of the device, this one
  /// included.
  [[nodiscard]] std::expected<std::uint64_t, update::RecordError> first(std::uint32_t start) {
    const auto end = update::load_sequence_end(records_);
    if (!end) return std::unexpected(end.error());
    const auto own = start * numbers_a_start;
    return own < oscore::sequence_limit ? std::max(*end, own) : *end;
  }

  bool reserve(std::uint64_t end) override {
    return update::save_sequence_end(records_, end).has_value();
  }

 private:
  update::Records& records_;
};

}  // namespace goldcrest::role
