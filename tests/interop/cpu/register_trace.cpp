// SPDX-License-Identifier: MIT
#include "tests/interop/cpu/register_trace.hpp"

#include <fmt/format.h>

#include <charconv>

namespace goldcrest::tests {
namespace {

constexpr std::array<std::string_view, 16> names{"R0", "R1", "R2",  "R3",  "R4",  "R5", "R6", "R7",
                                                 "R8", "R9", "R10", "R11", "R12", "SP", "LR", "PC"};
constexpr unsigned stack_pointer = 13;
constexpr unsigned link = 14;
constexpr unsigned program_counter = 15;

/// The value behind "name=" in words that a blank separates.
std::optional<std::uint32_t> value_of(std::string_view line, std::string_view name, int base) {
  for (std::size_t at = line.find(name); at != std::string_view::npos;
       at = line.find(name, at + 1)) {
    const std::size_t equals = at + name.size();
    if ((at != 0 && line[at - 1] != ' ') || equals >= line.size() || line[equals] != '=') continue;
    std::uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(line.data() + equals + 1, line.data() + line.size(), value, base);
    if (error != std::errc{}) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Block> parse_block(std::string_view line) {
  static constexpr std::string_view category = " registers: PC=";
  const std::size_t at = line.find(category);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + category.size() - 3);
  Block block;
  for (unsigned number = 0; number <= program_counter; ++number) {
    const auto value = value_of(line, names[number], 16);
    if (!value) return std::nullopt;
    block.registers.general[number] = *value;
  }
  const auto xpsr = value_of(line, "xPSR", 16);
  const auto size = value_of(line, "size", 10);
  if (!xpsr || !size) return std::nullopt;
  block.registers.xpsr = *xpsr;
  block.size = *size;
  return block;
}

void InstructionLog::add(std::string_view line) {
  if (complete_) return;
  if (line.starts_with("Stopped execution")) {
    // The instruction announced last was not executed; it will be announced again.
    if (!instructions_.empty()) instructions_.pop_back();
  } else if (line.starts_with("XPSR=")) {
    record_.xpsr = value_of(line, "XPSR", 16).value_or(0);
    finish_record();
  } else if (line.starts_with('R')) {
    // "R00=%08x R01=%08x …", four to a line.
    for (; line.size() >= 12; line.remove_prefix(std::min<std::size_t>(line.size(), 13))) {
      unsigned number = 0;
      std::uint32_t value = 0;
      std::from_chars(line.data() + 1, line.data() + 3, number);
      std::from_chars(line.data() + 4, line.data() + 12, value, 16);
      if (number < record_.general.size()) record_.general[number] = value;
    }
  }
}

void InstructionLog::finish_record() {
  begun_ = begun_ || record_.pc() == begin_;
  if (!begun_) return;
  instructions_.push_back(record_);
  reached_end_ = record_.pc() == end_;
  complete_ = reached_end_ || instructions_.size() >= limit_;
}

void TraceComparison::add(const Block& ours) {
  begun_ = begun_ || ours.registers.pc() == begin_;
  if (!begun_ || done_) return;
  if (next_ == theirs_.size() && cut_short_) {
    done_ = true;
    return;
  }
  if (next_ == theirs_.size() || theirs_[next_] != ours.registers) {
    done_ = true;
    divergence_ = Divergence{.ours = ours, .theirs = std::nullopt, .leading_to_it = {}};
    if (next_ < theirs_.size()) divergence_->theirs = theirs_[next_];
    divergence_->leading_to_it.assign(theirs_.begin() + static_cast<std::ptrdiff_t>(previous_),
                                      theirs_.begin() + static_cast<std::ptrdiff_t>(next_));
    return;
  }
  ++blocks_;
  previous_ = next_;
  done_ = ours.registers.pc() == end_;
  // The rest of the block is straight code: addresses that go up, inside it.
  const std::uint32_t begin = ours.registers.pc();
  do {
    ++next_;
  } while (next_ < theirs_.size() && theirs_[next_].pc() > theirs_[next_ - 1].pc() &&
           theirs_[next_].pc() - begin < ours.size);
}

std::string describe(const Registers& registers, const Registers* other) {
  std::string text;
  const auto add = [&](std::string_view name, std::uint32_t value, bool differs) {
    fmt::format_to(std::back_inserter(text), " {}={:08x}{}", name, value, differs ? "*" : "");
  };
  static constexpr std::array order{
      program_counter, 0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 11u, 12u, stack_pointer, link};
  for (const unsigned number : order) {
    const std::uint32_t value = registers.general[number];
    add(names[number], value, other != nullptr && other->general[number] != value);
  }
  add("xPSR", registers.xpsr, other != nullptr && other->xpsr != registers.xpsr);
  return text;
}

}  // namespace goldcrest::tests
