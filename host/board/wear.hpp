// SPDX-License-Identifier: MIT
// Counts what the firmware does to the flash: how often each page of program memory is erased and
// written, and each word of data EEPROM. What a programmer writes does not count.
//
//   WearCounter wear;
//   board.watch_flash([&](const FlashOperation& operation) { wear.count(operation); });
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/board/board.hpp"

namespace goldcrest::board {

/// The least number of cycles of erasing and writing that the STM32L152RE's data sheet
/// (DocID025433, NVM endurance and data retention) promises, at -40 to 105 °C.
inline constexpr std::uint32_t program_memory_endurance = 10'000;
inline constexpr std::uint32_t eeprom_endurance = 300'000;

/// Unit of erasing, RM0038 chapter 3.
inline constexpr std::uint32_t wear_page_size = 256;

struct PageWear {
  std::uint64_t erases = 0;
  std::uint64_t half_pages = 0;  ///< programmed at once
  std::uint64_t words = 0;       ///< programmed one by one

  PageWear& operator+=(const PageWear& other);
  friend bool operator==(const PageWear&, const PageWear&) = default;
};

/// Pages side by side that were all erased or written.
struct WornRange {
  std::uint32_t address = 0;
  std::uint32_t pages = 0;
  PageWear sum;
  std::uint64_t most_erases = 0;  ///< of a page
};

class WearCounter {
 public:
  /// An operation begins; one that the power does not let finish counts, too.
  void count(const FlashOperation& operation);

  /// By address of the page.
  const std::map<std::uint32_t, PageWear>& pages() const { return pages_; }
  /// Writes, by address of the word of data EEPROM.
  const std::map<std::uint32_t, std::uint64_t>& eeprom() const { return eeprom_; }
  std::uint64_t option_bytes() const { return option_bytes_; }

  /// Of the pages from `address` on.
  PageWear sum(std::uint32_t address, std::uint32_t size) const;
  std::uint64_t most_erases(std::uint32_t address, std::uint32_t size) const;
  std::uint64_t eeprom_writes() const;
  /// Ascending.
  std::vector<WornRange> ranges() const;
  /// The `count` pages that were erased most, the most erased first; of equals the lower address.
  std::vector<std::pair<std::uint32_t, PageWear>> hottest(std::size_t count) const;

 private:
  std::map<std::uint32_t, PageWear> pages_;
  std::map<std::uint32_t, std::uint64_t> eeprom_;
  std::uint64_t option_bytes_ = 0;
};

/// For people: sums, a line for each range, the hottest pages and words.
std::string describe(const WearCounter& wear);

}  // namespace goldcrest::board
