// SPDX-License-Identifier: MIT
#include "host/board/state.hpp"

#include <algorithm>
#include <cstring>

namespace goldcrest::board {

void Saver::fail(std::string_view reason) {
  if (error_.empty()) error_ = reason;
  input_ = {};
}

void Saver::check_time(std::int64_t& time) {
  constexpr std::int64_t never = INT64_MAX;
  constexpr std::int64_t latest = never / 2;  // 53 days; the difference of two fits
  // A counter that was set to a high value has begun before the board was switched on.
  if (time == never || (time >= -latest && time <= latest)) return;
  fail("a time is out of range");
  time = 0;
}

void Saver::raw(std::uint8_t* data, std::size_t size) {
  if (!loading_) {
    output_.insert(output_.end(), data, data + size);
    return;
  }
  if (size > input_.size()) {
    fail("the state ends too early");
    std::memset(data, 0, size);
    return;
  }
  std::memcpy(data, input_.data(), size);
  input_ = input_.subspan(size);
}

void Saver::section(std::string_view name) {
  std::string stored(name);
  field(stored);
  if (loading_ && stored != name) {
    fail("expected the section " + std::string(name) + ", found " + stored);
  }
}

}  // namespace goldcrest::board
