// SPDX-License-Identifier: MIT
#include "host/lock/locker.hpp"

#include <fmt/format.h>

namespace goldcrest::lock {

namespace {

using Failure = std::unexpected<std::string>;

}  // namespace

std::expected<void, std::string> check_option_bytes(const Protection& present) {
  if (present.bad_complement) {
    return Failure(
        "an option word is damaged (its complement does not match): restore the option bytes with "
        "ST's programmer first");
  }
  if (present.boots_from_bank_2) {
    return Failure(
        "the chip is set to start from its second flash bank (nBFB2 is 0), past BOOT: set nBFB2 "
        "with ST's programmer first");
  }
  return {};
}

std::expected<void, std::string> check_change(const Protection& present, const Wanted& wanted) {
  if (present.level == 0) return {};
  const bool nothing_new = wanted.level <= present.level &&
                           (!wanted.write_protect_boot || present.boot_is_write_protected());
  if (nothing_new) return Failure("the board is locked like that already");
  return Failure(fmt::format(
      "the board is at level {}: its flash cannot be read, so nobody can say what would be locked. "
      "`goldcrest load` erases it and brings it back to level 0",
      present.level));
}

std::expected<std::vector<std::uint8_t>, std::string> read_flash(DebugPort& port,
                                                                 const ProgressSink& progress) {
  std::vector<std::uint8_t> flash;
  while (flash.size() < inspected_extent.size) {
    const auto at = static_cast<std::uint32_t>(flash.size());
    const auto part = port.read(inspected_extent.base + at, inspected_extent.size - at);
    if (!part) return part;
    flash.insert(flash.end(), part->begin(), part->end());
    progress(flash.size(), inspected_extent.size);
  }
  return flash;
}

std::expected<void, std::string> apply(DebugPort& port, const Wanted& wanted) {
  // With the CPU at its first instruction no firmware uses the flash interface meanwhile.
  if (auto done = port.reset_and_halt(); !done) return done;
  // Readout protection last: at level 2 nothing else could be written any more.
  if (wanted.write_protect_boot) {
    if (auto done = store_boot_protection(port); !done) return done;
  }
  if (wanted.level != 0) {
    if (auto done = store_level(port, wanted.level); !done) return done;
  }
  return launch(port);
}

}  // namespace goldcrest::lock
