// SPDX-License-Identifier: MIT
#include "host/lock/option_bytes.hpp"

#include <fmt/format.h>

namespace goldcrest::lock {

namespace {

using Failure = std::unexpected<std::string>;

// The flash interface, RM0038 3.9.
constexpr std::uint32_t pecr = 0x40023C04;
constexpr std::uint32_t pekeyr = 0x40023C0C;
constexpr std::uint32_t optkeyr = 0x40023C14;
constexpr std::uint32_t sr = 0x40023C18;
constexpr std::uint32_t obr = 0x40023C1C;
constexpr std::uint32_t wrpr1 = 0x40023C20;
constexpr std::uint32_t pelock = 1u << 0;
constexpr std::uint32_t optlock = 1u << 2;
constexpr std::uint32_t obl_launch = 1u << 18;
constexpr std::uint32_t busy = 1u << 0;
constexpr std::uint32_t end_of_operation = 1u << 1;
constexpr std::uint32_t errors = 0x1F00;
constexpr std::uint32_t option_validity_errors = 0x1800;  // OPTVERR, OPTVERRUSR

constexpr std::uint32_t not_bank_2 = 1u << 23;  // nBFB2 in OBR

constexpr std::uint32_t rdp_word = 0x1FF80000;
constexpr std::uint32_t wrp1_words = 0x1FF80008;  // two of 16 bits
constexpr std::uint8_t level_0 = 0xAA;
constexpr std::uint8_t level_1 = 0xBB;  // every value but the other two
constexpr std::uint8_t level_2 = 0xCC;
constexpr unsigned attempts = 50;

constexpr std::uint32_t with_complement(std::uint16_t value) {
  return value | static_cast<std::uint32_t>(static_cast<std::uint16_t>(~value)) << 16;
}

std::expected<void, std::string> unlock(DebugPort& port) {
  const auto locks = read_word(port, pecr);
  if (!locks) return Failure(locks.error());
  struct Key {
    std::uint32_t lock;
    std::uint32_t address;
    std::uint32_t value;
  };
  for (const Key& key : {Key{pelock, pekeyr, 0x89ABCDEF},
                         {pelock, pekeyr, 0x02030405},
                         {optlock, optkeyr, 0xFBEAD9C8},
                         {optlock, optkeyr, 0x24252627}}) {
    if ((*locks & key.lock) == 0) continue;
    if (auto done = port.write_word(key.address, key.value); !done) return done;
  }
  const auto left = read_word(port, pecr);
  if (!left) return Failure(left.error());
  if ((*left & (pelock | optlock)) != 0) {
    return Failure("the flash interface does not unlock its option bytes (FLASH_PECR)");
  }
  return {};
}

std::expected<void, std::string> wait_until_idle(DebugPort& port) {
  for (unsigned attempt = 0; attempt < attempts; ++attempt) {
    const auto status = read_word(port, sr);
    if (!status) return Failure(status.error());
    if ((*status & busy) == 0) {
      if ((*status & errors & ~option_validity_errors) == 0) return {};
      return Failure(fmt::format("the flash interface refuses (FLASH_SR {:#010x})", *status));
    }
    if (auto passed = port.let_time_pass(); !passed) return passed;
  }
  return Failure("the flash interface does not come to an end (FLASH_SR.BSY)");
}

std::expected<void, std::string> store_word(DebugPort& port, std::uint32_t address,
                                            std::uint32_t value) {
  if (const auto stored = read_word(port, address); !stored) {
    return Failure(stored.error());
  } else if (*stored == value) {
    return {};
  }
  if (auto done = unlock(port); !done) return done;
  if (auto done = port.write_word(sr, errors | end_of_operation); !done) return done;
  if (auto done = port.write_word(address, value); !done) return done;
  if (auto done = wait_until_idle(port); !done) return done;
  const auto stored = read_word(port, address);
  if (!stored) return Failure(stored.error());
  if (*stored != value) {
    return Failure(
        fmt::format("the option word at {:#010x} reads {:#010x} after {:#010x} has been "
                    "written; nothing is in force yet: write it again",
                    address, *stored, value));
  }
  return {};
}

}  // namespace

std::expected<Protection, std::string> read_protection(DebugPort& port) {
  const auto options = read_word(port, obr);
  if (!options) return Failure(options.error());
  const auto sectors = read_word(port, wrpr1);
  if (!sectors) return Failure(sectors.error());
  const auto status = read_word(port, sr);
  if (!status) return Failure(status.error());
  const auto rdp = *options & 0xFF;
  return Protection{.level = rdp == level_0   ? 0u
                             : rdp == level_2 ? 2u
                                              : 1u,
                    .write_protected_sectors = *sectors,
                    .boots_from_bank_2 = (*options & not_bank_2) == 0,
                    .bad_complement = (*status & option_validity_errors) != 0};
}

std::expected<void, std::string> store_boot_protection(DebugPort& port) {
  const auto sectors = read_word(port, wrpr1);
  if (!sectors) return Failure(sectors.error());
  const auto low = static_cast<std::uint16_t>(*sectors | boot_sectors);
  return store_word(port, wrp1_words, with_complement(low));
}

std::expected<void, std::string> store_level(DebugPort& port, Level level) {
  return store_word(port, rdp_word, with_complement(level == 2 ? level_2 : level_1));
}

std::expected<void, std::string> launch(DebugPort& port) {
  if (auto done = unlock(port); !done) return done;
  const auto control = read_word(port, pecr);
  if (!control) return Failure(control.error());
  return port.write_word(pecr, *control | obl_launch);
}

}  // namespace goldcrest::lock
