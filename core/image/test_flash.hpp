// SPDX-License-Identifier: MIT
// A flash of which one operation goes wrong: tests let each fail in turn.
#pragma once

#include <functional>
#include <limits>

#include "sim/flash/flash.hpp"

namespace goldcrest::image::testing {

enum class Fault : std::uint8_t {
  error,    ///< nothing is done, and FlashError::hardware says so
  skipped,  ///< erasing or programming is not done, though success is reported
};

class FaultyFlash final : public Flash {
 public:
  /// Reads, erasures and programmings are numbered from 0, in the order they come.
  FaultyFlash(sim::SimulatedFlash& flash, std::uint64_t operation, Fault fault = Fault::error)
      : flash_(flash), faulty_(operation), fault_(fault) {}
  /// Without a fault: counts.
  explicit FaultyFlash(sim::SimulatedFlash& flash)
      : FaultyFlash(flash, std::numeric_limits<std::uint64_t>::max()) {}

  std::uint64_t operations() const { return operations_; }

  std::expected<void, FlashError> read(Address address, base::MutableBytes out) override {
    if (operations_++ == faulty_ && fault_ == Fault::error) return failed();
    return flash_.read(address, out);
  }
  std::expected<void, FlashError> erase_page(Address address) override {
    return change([&] { return flash_.erase_page(address); });
  }
  std::expected<void, FlashError> program_word(Address address, std::uint32_t value) override {
    return change([&] { return flash_.program_word(address, value); });
  }
  std::expected<void, FlashError> program_half_page(Address address, base::Bytes data) override {
    return change([&] { return flash_.program_half_page(address, data); });
  }

 private:
  static std::expected<void, FlashError> failed() { return std::unexpected(FlashError::hardware); }
  template <typename Operation>
  std::expected<void, FlashError> change(const Operation& operation) {
    if (operations_++ != faulty_) return operation();
    return fault_ == Fault::error ? failed() : std::expected<void, FlashError>{};
  }

  sim::SimulatedFlash& flash_;
  std::uint64_t operations_ = 0;
  std::uint64_t faulty_;
  Fault fault_;
};

/// Runs `step` on a copy of `start` once for each of its operations, with that one at fault; `step`
/// gets the faulty flash and, to look at afterwards, the sound one behind it.
inline void for_each_fault(const sim::SimulatedFlash& start, Fault fault,
                           const std::function<void(Flash&, sim::SimulatedFlash&)>& step) {
  auto counted = start;
  FaultyFlash counting(counted);
  step(counting, counted);
  for (std::uint64_t operation = 0; operation < counting.operations(); ++operation) {
    auto sound = start;
    FaultyFlash faulty(sound, operation, fault);
    step(faulty, sound);
  }
}

}  // namespace goldcrest::image::testing
