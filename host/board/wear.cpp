// SPDX-License-Identifier: MIT
#include "host/board/wear.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace goldcrest::board {
namespace {

constexpr std::size_t hottest_shown = 5;

double percent(std::uint64_t count, std::uint32_t endurance) {
  return 100.0 * static_cast<double>(count) / endurance;
}

}  // namespace

PageWear& PageWear::operator+=(const PageWear& other) {
  erases += other.erases;
  half_pages += other.half_pages;
  words += other.words;
  return *this;
}

void WearCounter::count(const FlashOperation& operation) {
  const std::uint32_t page = operation.address & ~(wear_page_size - 1);
  switch (operation.kind) {
    case FlashOperationKind::erase_page:
      ++pages_[page].erases;
      return;
    case FlashOperationKind::program_half_page:
      ++pages_[page].half_pages;
      return;
    case FlashOperationKind::program_word:
      ++pages_[page].words;
      return;
    case FlashOperationKind::write_eeprom:
      ++eeprom_[operation.address & ~3u];
      return;
    case FlashOperationKind::write_option_bytes:
      ++option_bytes_;
      return;
  }
}

PageWear WearCounter::sum(std::uint32_t address, std::uint32_t size) const {
  PageWear sum;
  for (const auto& [page, wear] : pages_) {
    if (page - address < size) sum += wear;
  }
  return sum;
}

std::uint64_t WearCounter::most_erases(std::uint32_t address, std::uint32_t size) const {
  std::uint64_t most = 0;
  for (const auto& [page, wear] : pages_) {
    if (page - address < size) most = std::max(most, wear.erases);
  }
  return most;
}

std::uint64_t WearCounter::eeprom_writes() const {
  std::uint64_t sum = 0;
  for (const auto& [word, writes] : eeprom_) sum += writes;
  return sum;
}

std::vector<WornRange> WearCounter::ranges() const {
  std::vector<WornRange> ranges;
  for (const auto& [page, wear] : pages_) {
    if (ranges.empty() || ranges.back().address + ranges.back().pages * wear_page_size != page) {
      ranges.push_back({.address = page});
    }
    auto& range = ranges.back();
    ++range.pages;
    range.sum += wear;
    range.most_erases = std::max(range.most_erases, wear.erases);
  }
  return ranges;
}

std::vector<std::pair<std::uint32_t, PageWear>> WearCounter::hottest(std::size_t count) const {
  std::vector<std::pair<std::uint32_t, PageWear>> pages(pages_.begin(), pages_.end());
  std::ranges::sort(pages, {}, [](const auto& page) {
    return std::pair(~page.second.erases, page.first);  // most erases first
  });
  pages.resize(std::min(pages.size(), count));
  return pages;
}

std::string describe(const WearCounter& wear) {
  std::string text = fmt::format("{:<24} {:>6} {:>8} {:>11} {:>8} {:>20}\n", "program memory",
                                 "pages", "erases", "half pages", "words", "most erases of a page");
  PageWear sum;
  for (const auto& range : wear.ranges()) {
    sum += range.sum;
    text += fmt::format("0x{:08X} to 0x{:08X} {:>6} {:>8} {:>11} {:>8} {:>20}\n", range.address,
                        range.address + range.pages * wear_page_size - 1, range.pages,
                        range.sum.erases, range.sum.half_pages, range.sum.words, range.most_erases);
  }
  text += fmt::format("{:<24} {:>6} {:>8} {:>11} {:>8}\n", "all", wear.pages().size(), sum.erases,
                      sum.half_pages, sum.words);
  for (const auto& [page, worn] : wear.hottest(hottest_shown)) {
    if (worn.erases == 0) continue;
    text += fmt::format("page 0x{:08X} erased {} times, {:.2f} % of {}\n", page, worn.erases,
                        percent(worn.erases, program_memory_endurance), program_memory_endurance);
  }
  text +=
      fmt::format("data EEPROM: {} writes to {} words", wear.eeprom_writes(), wear.eeprom().size());
  const auto most =
      std::ranges::max_element(wear.eeprom(), {}, [](const auto& word) { return word.second; });
  if (most != wear.eeprom().end()) {
    text += fmt::format("; word 0x{:08X} {} times, {:.2f} % of {}", most->first, most->second,
                        percent(most->second, eeprom_endurance), eeprom_endurance);
  }
  return text + fmt::format("\noption bytes: {} writes\n", wear.option_bytes());
}

}  // namespace goldcrest::board
