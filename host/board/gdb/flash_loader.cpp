// SPDX-License-Identifier: MIT
#include "host/board/gdb/flash_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace goldcrest::board::gdb {
namespace {

bool in_flash(std::uint32_t address, std::uint64_t size) {
  return address >= flash_base && address - flash_base + size <= flash_size;
}

}  // namespace

std::expected<void, std::string> FlashLoader::erase(std::uint32_t address, std::uint32_t size) {
  if (!in_flash(address, size) || address % flash_page_size != 0 || size % flash_page_size != 0) {
    return std::unexpected(
        fmt::format("{:#x} bytes at {:#010x} are no pages of program memory", size, address));
  }
  for (std::uint32_t page = address; page < address + size; page += flash_page_size) {
    pages_[page].fill(0);  // what erased cells read on this chip
  }
  return {};
}

std::expected<void, std::string> FlashLoader::write(std::uint32_t address,
                                                    std::span<const std::uint8_t> bytes) {
  if (!in_flash(address, bytes.size())) {
    return std::unexpected(
        fmt::format("{:#x} bytes at {:#010x} are not in program memory", bytes.size(), address));
  }
  while (!bytes.empty()) {
    const std::uint32_t page = address / flash_page_size * flash_page_size;
    if (!pages_.contains(page)) {
      const auto old = debugger_.read(page, flash_page_size);
      if (!old) return std::unexpected(old.error());
      std::ranges::copy(*old, pages_[page].begin());
    }
    const std::size_t count = std::min<std::size_t>(bytes.size(), page + flash_page_size - address);
    std::ranges::copy(bytes.first(count), pages_[page].begin() + (address - page));
    bytes = bytes.subspan(count);
    address += static_cast<std::uint32_t>(count);
  }
  return {};
}

std::expected<void, std::string> FlashLoader::finish() {
  const auto pages = std::exchange(pages_, {});
  for (auto page = pages.begin(); page != pages.end();) {
    const std::uint32_t begin = page->first;
    std::vector<std::uint8_t> bytes;
    for (; page != pages.end() && page->first == begin + bytes.size(); ++page) {
      bytes.insert(bytes.end(), page->second.begin(), page->second.end());
    }
    if (auto done = debugger_.program(begin, bytes); !done) return done;
  }
  return {};
}

}  // namespace goldcrest::board::gdb
