// SPDX-License-Identifier: MIT
// A simulated STM32L1 flash: erase by page, each word programmed once after erase, and the power
// cut before, inside or after any operation.
//
// What a cut inside an operation leaves is as bad as the manual allows: of the bits that were
// changing, some have their old value, some their new one, and some read differently every time.
// Such a flaky bit stays until its page is erased, or, while its word reads as erased, the word is
// programmed to have that bit. All choices come from the seed.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "core/image/flash.hpp"

namespace goldcrest::sim {

/// Thrown out of the flash operation that the power cut hits. Host only, of course.
struct PowerCut {};

enum class CutPoint : std::uint8_t { before, inside, after };

class SimulatedFlash final : public image::Flash {
 public:
  SimulatedFlash();

  std::expected<void, image::FlashError> read(image::Address address,
                                              base::MutableBytes out) override;
  std::expected<void, image::FlashError> erase_page(image::Address address) override;
  std::expected<void, image::FlashError> program_word(image::Address address,
                                                      std::uint32_t value) override;
  std::expected<void, image::FlashError> program_half_page(image::Address address,
                                                           base::Bytes data) override;

  /// Erase and program operations begun since construction or reset_operations().
  std::uint64_t operations() const { return operations_; }
  void reset_operations() { operations_ = 0; }

  /// The operation numbered `operation` (from 0, as operations() counts) throws PowerCut.
  void cut_at(std::uint64_t operation, CutPoint point, std::uint32_t seed);
  /// No cut any more.
  void disarm() { armed_ = false; }
  /// From now on, erasing and programming here fails with write_protected.
  void protect(const image::Section& section) { protected_.push_back(section); }

  /// Sets the memory as a programmer would, without rules; address and size multiples of 4.
  void load(image::Address address, base::Bytes data);
  /// The memory itself, flaky bits as last stored.
  base::Bytes memory(const image::Section& section) const;
  /// Words that may read differently every time.
  std::size_t flaky_words() const { return flaky_.size(); }

 private:
  std::uint32_t word_at(image::Address address);
  void store(image::Address address, std::uint32_t value);
  void tear(image::Address address, std::uint32_t from, std::uint32_t to);
  bool is_protected(image::Address address) const;
  bool hit(CutPoint point) const {
    return armed_ && operation_ == cut_operation_ && point_ == point;
  }
  void begin_operation();
  void end_operation() const;

  std::vector<std::uint8_t> bytes_;
  std::map<image::Address, std::uint32_t> flaky_;  // word address → flaky bits
  std::vector<image::Section> protected_;
  std::mt19937 random_{1};
  std::uint64_t operations_ = 0;
  std::uint64_t operation_ = 0;
  std::uint64_t cut_operation_ = 0;
  CutPoint point_ = CutPoint::before;
  bool armed_ = false;
};

}  // namespace goldcrest::sim
