// SPDX-License-Identifier: MIT
// A vector with its storage inside and a fixed capacity: the only growing container of core.
// Elements are trivially destructible, so clearing is free and nothing is ever allocated.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "core/base/ensure.hpp"

namespace goldcrest::base {

template <typename T, std::size_t Capacity>
class FixedVector {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr bool full() const { return size_ == Capacity; }
  static constexpr std::size_t capacity() { return Capacity; }

  constexpr T* begin() { return items_.data(); }
  constexpr T* end() { return items_.data() + size_; }
  constexpr const T* begin() const { return items_.data(); }
  constexpr const T* end() const { return items_.data() + size_; }
  constexpr T* data() { return items_.data(); }
  constexpr const T* data() const { return items_.data(); }

  constexpr T& operator[](std::size_t index) {
    ensure(index < size_);
    return items_[index];
  }
  constexpr const T& operator[](std::size_t index) const {
    ensure(index < size_);
    return items_[index];
  }
  constexpr T& back() { return (*this)[size_ - 1]; }
  constexpr T& front() { return (*this)[0]; }

  /// False, and nothing changes, when full.
  [[nodiscard]] constexpr bool push_back(const T& item) {
    if (full()) return false;
    items_[size_++] = item;
    return true;
  }
  /// Appends all of `items` or, when they do not fit, nothing.
  [[nodiscard]] constexpr bool append(std::span<const T> items) {
    if (items.size() > Capacity - size_) return false;
    std::copy(items.begin(), items.end(), end());
    size_ += items.size();
    return true;
  }
  constexpr void erase(std::size_t index) {
    ensure(index < size_);
    std::move(begin() + index + 1, end(), begin() + index);
    --size_;
  }
  constexpr void clear() { size_ = 0; }
  /// New elements are value-initialised; size ≤ Capacity.
  constexpr void resize(std::size_t size) {
    ensure(size <= Capacity);
    if (size > size_) std::fill(end(), begin() + size, T{});
    size_ = size;
  }

 private:
  std::array<T, Capacity> items_{};
  std::size_t size_ = 0;
};

}  // namespace goldcrest::base
