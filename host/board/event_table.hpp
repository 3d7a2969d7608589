// SPDX-License-Identifier: MIT
// When each part of the chip does something next. Asking all of them at every stop of the CPU would
// take longer than what they do, so answers are kept until the part that gave them changes.
#pragma once

#include <cstddef>
#include <vector>

#include "host/board/peripheral.hpp"

namespace goldcrest::board {

class EventTable {
 public:
  /// Parts that are due at the same time are advanced in the order in which they were added.
  void add(EventSource& source);

  /// `source` has another next event. One that was not added has none.
  void changed(const EventSource& source);
  /// Anybody may have.
  void all_changed() { all_changed_ = true; }

  /// The earliest event.
  Picoseconds next();
  /// The same without what is kept.
  Picoseconds ask_all() const;
  /// Advances those that are due.
  void advance(Picoseconds now);

 private:
  static constexpr std::size_t nobody = SIZE_MAX;

  std::vector<EventSource*> sources_;
  std::vector<Picoseconds> due_;  ///< of each source
  std::size_t changed_ = nobody;  ///< the only one, if not all
  std::size_t last_changed_ = 0;  ///< where to look first
  bool all_changed_ = true;
  Picoseconds next_ = 0;
};

}  // namespace goldcrest::board
