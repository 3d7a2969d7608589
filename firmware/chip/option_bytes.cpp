// SPDX-License-Identifier: MIT
#include "firmware/chip/option_bytes.hpp"

#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/registers/flash.hpp"

namespace goldcrest::chip {
namespace {

constexpr std::uint32_t option_base = 0x1FF80000;
constexpr std::uint32_t rdp_word = option_base + 0x00;
constexpr std::uint32_t wrp1_low_word = option_base + 0x08;
constexpr std::uint32_t wrp1_high_word = option_base + 0x0C;

constexpr std::uint16_t rdp_level0 = 0xAA;
constexpr std::uint16_t rdp_level2 = 0xCC;
constexpr std::uint16_t rdp_level1 = 0xBB;  // any other value is level 1
constexpr unsigned polls = 400'000;         // two operations of 3.2 ms

// OBR: RDPRT (bits 7:0) is the byte as loaded.
constexpr std::uint32_t obr_rdprt = 0xFF;

std::uint16_t code_of(ReadoutProtection level) {
  switch (level) {
    case ReadoutProtection::level0:
      return rdp_level0;
    case ReadoutProtection::level1:
      return rdp_level1;
    case ReadoutProtection::level2:
      return rdp_level2;
  }
  return rdp_level1;
}

std::expected<void, image::FlashError> write_word(std::uint32_t address, std::uint16_t value) {
  auto& flash = flash_interface();
  *reinterpret_cast<volatile std::uint32_t*>(address) =
      value | (static_cast<std::uint32_t>(static_cast<std::uint16_t>(~value)) << 16);
  data_barrier();
  for (unsigned i = 0; flash.sr.any(flash_sr::bsy); ++i) {
    if (i == polls) return std::unexpected(image::FlashError::hardware);
  }
  const bool failed = flash.sr.any(flash_sr::errors);
  flash.sr.write(flash_sr::eop | flash_sr::errors);
  if (failed) return std::unexpected(image::FlashError::hardware);
  return {};
}

bool unlock() {
  auto& flash = flash_interface();
  const InterruptLock lock;
  if (flash.pecr.any(flash_pecr::pelock)) {
    flash.pekeyr.write(flash_key::pe1);
    flash.pekeyr.write(flash_key::pe2);
  }
  if (flash.pecr.any(flash_pecr::optlock)) {
    flash.optkeyr.write(flash_key::opt1);
    flash.optkeyr.write(flash_key::opt2);
  }
  return !flash.pecr.any(flash_pecr::pelock | flash_pecr::optlock);
}

}  // namespace

OptionBytes read_option_bytes() {
  const auto rdp = flash_interface().obr.read() & obr_rdprt;
  return {.readout_protection = rdp == rdp_level0   ? ReadoutProtection::level0
                                : rdp == rdp_level2 ? ReadoutProtection::level2
                                                    : ReadoutProtection::level1,
          .write_protected_sectors = flash_interface().wrpr1.read()};
}

std::expected<void, image::FlashError> write_option_bytes(const OptionBytes& wanted) {
  if (!unlock()) return std::unexpected(image::FlashError::hardware);
  const auto sectors = wanted.write_protected_sectors;
  // Readout protection last: at level 2 nothing can be written any more.
  auto result = write_word(wrp1_low_word, static_cast<std::uint16_t>(sectors));
  if (result) result = write_word(wrp1_high_word, static_cast<std::uint16_t>(sectors >> 16));
  if (result) result = write_word(rdp_word, code_of(wanted.readout_protection));
  flash_interface().pecr.set(flash_pecr::pelock);
  return result;
}

void launch_option_bytes() {
  (void)unlock();
  for (;;) flash_interface().pecr.set(flash_pecr::obl_launch);
}

}  // namespace goldcrest::chip
