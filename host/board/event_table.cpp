// SPDX-License-Identifier: MIT
#include "host/board/event_table.hpp"

#include <algorithm>
#include <utility>

namespace goldcrest::board {

void EventTable::add(EventSource& source) {
  sources_.push_back(&source);
  due_.push_back(no_event);
  all_changed_ = true;
}

void EventTable::changed(const EventSource& source) {
  if (all_changed_) return;
  if (last_changed_ >= sources_.size() || sources_[last_changed_] != &source) {
    const auto place = std::ranges::find(sources_, &source);
    if (place == sources_.end()) return;
    last_changed_ = static_cast<std::size_t>(place - sources_.begin());
  }
  if (changed_ == nobody || changed_ == last_changed_) {
    changed_ = last_changed_;
  } else {
    all_changed_ = true;
  }
}

Picoseconds EventTable::ask_all() const {
  Picoseconds next = no_event;
  for (const EventSource* source : sources_) next = std::min(next, source->next_event());
  return next;
}

Picoseconds EventTable::next() {
  if (std::exchange(all_changed_, false)) {
    for (std::size_t index = 0; index < sources_.size(); ++index) {
      due_[index] = sources_[index]->next_event();
    }
  } else if (changed_ != nobody) {
    due_[changed_] = sources_[changed_]->next_event();
  } else {
    return next_;
  }
  changed_ = nobody;
  next_ = std::ranges::min(due_);
  return next_;
}

void EventTable::advance(Picoseconds now) {
  (void)next();
  for (std::size_t index = 0; index < sources_.size(); ++index) {
    if (due_[index] > now) continue;
    sources_[index]->advance(now);
    changed(*sources_[index]);
  }
}

}  // namespace goldcrest::board
