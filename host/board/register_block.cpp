// SPDX-License-Identifier: MIT
#include "host/board/register_block.hpp"

#include <fmt/format.h>

namespace goldcrest::board {
namespace {

constexpr std::uint32_t width_mask(unsigned size) {
  return size >= 4 ? 0xFFFF'FFFFu : (1u << (8 * size)) - 1u;
}

constexpr std::uint32_t duplicated(std::uint32_t value, unsigned size) {
  if (size == 1) return (value & 0xFFu) * 0x0101'0101u;
  if (size == 2) return (value & 0xFFFFu) * 0x0001'0001u;
  return value;
}

}  // namespace

std::uint32_t RegisterBlock::read(std::uint32_t offset, unsigned size) {
  const std::uint32_t word = read_register(offset & ~3u);
  return (word >> (8 * (offset & 3u))) & width_mask(size);
}

void RegisterBlock::write(std::uint32_t offset, std::uint32_t value, unsigned size) {
  const std::uint32_t word_offset = offset & ~3u;
  if (size >= 4 || narrow_ == NarrowWrite::duplicate) {
    write_register(word_offset, duplicated(value, size));
    return;
  }
  const unsigned shift = 8 * (offset & 3u);
  const std::uint32_t mask = width_mask(size) << shift;
  write_register(word_offset, (peek_register(word_offset) & ~mask) | ((value << shift) & mask));
}

std::uint32_t RegisterBlock::unmodelled_read(std::uint32_t offset) {
  if (chip_.tracing("unmodelled")) {
    chip_.trace("unmodelled", fmt::format("{}: read of offset {:#05x}", name_, offset));
  }
  return 0;
}

void RegisterBlock::unmodelled_write(std::uint32_t offset, std::uint32_t value) {
  if (chip_.tracing("unmodelled")) {
    chip_.trace("unmodelled",
                fmt::format("{}: write of {:#010x} to offset {:#05x}", name_, value, offset));
  }
}

void RegisterBlock::unmodelled(std::string_view what) {
  if (chip_.tracing("unmodelled")) chip_.trace("unmodelled", fmt::format("{}: {}", name_, what));
}

}  // namespace goldcrest::board
