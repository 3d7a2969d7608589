// SPDX-License-Identifier: MIT
// Sender Sequence Numbers that survive power cuts (RFC 8613 appendix B.1.1). They are reserved in
// blocks: before the first number of a block is used, the end of the block has been stored; after
// a restart counting goes on from there. So no number is ever given out twice, at the price of
// those of a block that were left.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/base/ensure.hpp"
#include "core/oscore/option.hpp"

namespace goldcrest::oscore {

/// Port: where the end of what is reserved is kept.
class SequenceStore {
 public:
  /// Stores that numbers below `end` may have been used. Returns true only once a power cut cannot
  /// undo it.
  virtual bool reserve(std::uint64_t end) = 0;

 protected:
  ~SequenceStore() = default;
};

class SenderSequence {
 public:
  /// `first`: what was stored last; 0 when nothing ever was. `block` ≥ 1.
  SenderSequence(SequenceStore& store, std::uint64_t first, std::uint32_t block)
      : store_(store), next_(first), reserved_(first), block_(block) {
    base::ensure(block > 0);
  }

  /// Nothing when 2^40 have been used or the store fails; it is tried again the next time.
  std::optional<PartialIv> take() {
    if (next_ >= sequence_limit) return std::nullopt;
    if (next_ == reserved_) {
      const auto end = std::min(next_ + block_, sequence_limit);
      if (!store_.reserve(end)) return std::nullopt;
      reserved_ = end;
    }
    return PartialIv::of(next_++);
  }

 private:
  SequenceStore& store_;
  std::uint64_t next_;
  std::uint64_t reserved_;
  std::uint32_t block_;
};

}  // namespace goldcrest::oscore
