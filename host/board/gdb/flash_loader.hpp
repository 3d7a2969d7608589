// SPDX-License-Identifier: MIT
// GDB's `load`: pages are collected by vFlashErase and vFlashWrite and programmed by vFlashDone.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <span>
#include <string>

#include "host/board/debugger.hpp"
#include "host/board/memory.hpp"

namespace goldcrest::board::gdb {

class FlashLoader {
 public:
  explicit FlashLoader(Debugger& debugger) : debugger_(debugger) {}

  /// Whole pages of program memory.
  [[nodiscard]] std::expected<void, std::string> erase(std::uint32_t address, std::uint32_t size);
  /// What has not been erased before keeps its other bytes.
  [[nodiscard]] std::expected<void, std::string> write(std::uint32_t address,
                                                       std::span<const std::uint8_t> bytes);
  [[nodiscard]] std::expected<void, std::string> finish();

 private:
  using Page = std::array<std::uint8_t, flash_page_size>;

  Debugger& debugger_;
  std::map<std::uint32_t, Page> pages_;  ///< by address
};

}  // namespace goldcrest::board::gdb
