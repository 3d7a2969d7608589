// SPDX-License-Identifier: MIT
#include "firmware/chip/flash.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/registers/flash.hpp"

namespace goldcrest::chip {
namespace {

using image::FlashError;
using Result = std::expected<void, FlashError>;

constexpr std::size_t half_page_words = image::half_page_size / image::word_size;
// 3.2 ms at 32 MHz are 100,000 cycles; a poll takes at least five.
constexpr unsigned polls = 200'000;

volatile std::uint32_t* word_at(image::Address address) {
  return reinterpret_cast<volatile std::uint32_t*>(address);
}

bool in_flash(image::Address address, std::size_t size, std::uint32_t alignment) {
  const auto& flash = image::flash_section;
  return address % alignment == 0 && flash.contains(address) && size <= flash.end() - address;
}

/// Program memory is unlocked as long as one of these lives.
class Unlocked {
 public:
  Unlocked() {
    auto& flash = flash_interface();
    flash.sr.write(flash_sr::eop | flash_sr::errors);
    // A key sequence that somebody disturbs locks PECR until the next reset.
    const InterruptLock lock;
    if (flash.pecr.any(flash_pecr::pelock)) {
      flash.pekeyr.write(flash_key::pe1);
      flash.pekeyr.write(flash_key::pe2);
    }
    if (flash.pecr.any(flash_pecr::prglock)) {
      flash.prgkeyr.write(flash_key::prg1);
      flash.prgkeyr.write(flash_key::prg2);
    }
  }
  ~Unlocked() {
    auto& flash = flash_interface();
    flash.pecr.clear(flash_pecr::erase | flash_pecr::prog | flash_pecr::fprg);
    flash.pecr.set(flash_pecr::pelock);  // locks program memory too
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

  bool ok() const { return !flash_interface().pecr.any(flash_pecr::pelock | flash_pecr::prglock); }
};

Result finish_operation() {
  auto& flash = flash_interface();
  for (unsigned i = 0; flash.sr.any(flash_sr::bsy); ++i) {
    if (i == polls) return std::unexpected(FlashError::hardware);
  }
  const auto status = flash.sr.read();
  flash.sr.write(flash_sr::eop | flash_sr::errors);
  if ((status & flash_sr::wrperr) != 0) return std::unexpected(FlashError::write_protected);
  if ((status & flash_sr::errors) != 0) return std::unexpected(FlashError::hardware);
  return {};
}

bool erased(image::Address address, std::size_t words) {
  for (std::size_t i = 0; i < words; ++i) {
    if (*word_at(address + 4 * static_cast<image::Address>(i)) != 0) return false;
  }
  return true;
}

// The 32 words of a half page must follow each other without a fetch from the bank being written,
// so this loop runs from RAM, with interrupts off: a few microseconds.
[[gnu::section(".ramfunc"), gnu::long_call, gnu::noinline]] void write_half_page(
    volatile std::uint32_t* destination, const std::uint32_t* source) {
  std::uint32_t primask;
  asm volatile("mrs %0, primask\n cpsid i" : "=r"(primask)::"memory");
  for (std::size_t i = 0; i < half_page_words; ++i) *destination++ = *source++;
  asm volatile("dsb\n msr primask, %0" ::"r"(primask) : "memory");
}

}  // namespace

Result read_flash(image::Address address, base::MutableBytes out) {
  if (!in_flash(address, out.size(), 1)) return std::unexpected(FlashError::out_of_range);
  std::memcpy(out.data(), reinterpret_cast<const void*>(address), out.size());
  return {};
}

Result erase_flash_page(image::Address address) {
  if (!in_flash(address, image::page_size, image::page_size)) {
    return std::unexpected(FlashError::out_of_range);
  }
  const Unlocked unlocked;
  if (!unlocked.ok()) return std::unexpected(FlashError::hardware);
  flash_interface().pecr.set(flash_pecr::erase | flash_pecr::prog);
  *word_at(address) = 0;
  data_barrier();
  if (auto done = finish_operation(); !done) return done;
  if (!erased(address, image::page_size / image::word_size)) {
    return std::unexpected(FlashError::hardware);
  }
  return {};
}

Result program_flash_word(image::Address address, std::uint32_t value) {
  if (!in_flash(address, image::word_size, image::word_size)) {
    return std::unexpected(FlashError::out_of_range);
  }
  if (!erased(address, 1)) return std::unexpected(FlashError::not_erased);
  const Unlocked unlocked;
  if (!unlocked.ok()) return std::unexpected(FlashError::hardware);
  *word_at(address) = value;
  data_barrier();
  if (auto done = finish_operation(); !done) return done;
  if (*word_at(address) != value) return std::unexpected(FlashError::hardware);
  return {};
}

Result program_flash_half_page(image::Address address, base::Bytes data) {
  if (data.size() != image::half_page_size ||
      !in_flash(address, image::half_page_size, image::half_page_size)) {
    return std::unexpected(FlashError::out_of_range);
  }
  if (!erased(address, half_page_words)) return std::unexpected(FlashError::not_erased);
  std::array<std::uint32_t, half_page_words> words;
  std::memcpy(words.data(), data.data(), data.size());
  const Unlocked unlocked;
  if (!unlocked.ok()) return std::unexpected(FlashError::hardware);
  flash_interface().pecr.set(flash_pecr::fprg | flash_pecr::prog);
  write_half_page(word_at(address), words.data());
  if (auto done = finish_operation(); !done) return done;
  if (std::memcmp(reinterpret_cast<const void*>(address), words.data(), data.size()) != 0) {
    return std::unexpected(FlashError::hardware);
  }
  return {};
}

}  // namespace goldcrest::chip
