// SPDX-License-Identifier: MIT
// A ring buffer between one interrupt handler and the main program: one side only puts, the other
// only takes, so neither needs to lock the other out.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace goldcrest::chip {

/// Capacity is a power of two; all of it can be used.
template <typename T, std::size_t Capacity>
class Ring {
  static_assert(Capacity > 0 && (Capacity & (Capacity - 1)) == 0);

 public:
  bool empty() const { return size() == 0; }
  bool full() const { return size() == Capacity; }
  std::size_t size() const {
    return put_.load(std::memory_order_acquire) - taken_.load(std::memory_order_acquire);
  }

  /// Where the next item is to be built, null when full; publish() hands it over.
  T* next_free() {
    return full() ? nullptr : &items_[put_.load(std::memory_order_relaxed) % Capacity];
  }
  void publish() {
    put_.store(put_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  /// The oldest item, null when empty; drop() frees its place.
  const T* oldest() const {
    return empty() ? nullptr : &items_[taken_.load(std::memory_order_relaxed) % Capacity];
  }
  void drop() {
    taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  std::array<T, Capacity> items_{};
  std::atomic<std::size_t> put_{0};
  std::atomic<std::size_t> taken_{0};
};

}  // namespace goldcrest::chip
