// SPDX-License-Identifier: MIT
// The registers of a Cortex-M3 as two machines write them to their logs, and the comparison of the
// two traces.
//
//  * The board's `--trace registers` has a line for each basic block, with its size, as it is
//    entered.
//  * QEMU with `-singlestep -d cpu,exec,nochain` has, for each instruction, a line "Trace …" and
//  the
//    registers before it.
//
// The traces agree if the board's blocks, one after the other, cover all of QEMU's instructions,
// and both have the same registers wherever a block begins.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace goldcrest::tests {

struct Registers {
  std::array<std::uint32_t, 16> general{};  ///< R0–R12, SP, LR, PC
  std::uint32_t xpsr = 0;

  std::uint32_t pc() const { return general[15]; }
  bool operator==(const Registers&) const = default;
};

struct Block {
  Registers registers;
  std::uint32_t size = 0;  ///< in bytes
};

/// What the board's trace says; nullopt if `line` is not about a block.
std::optional<Block> parse_block(std::string_view line);

/// Collects QEMU's log line by line.
class InstructionLog {
 public:
  /// Nothing is kept before the PC is first at `begin`, nor behind `end`, nor more than `limit`.
  InstructionLog(std::uint32_t begin, std::uint32_t end, std::size_t limit)
      : begin_(begin), end_(end), limit_(limit) {}

  void add(std::string_view line);
  /// All that is wanted has come.
  bool complete() const { return complete_; }
  /// The log ended at `limit`, not at `end`.
  bool cut_short() const { return complete_ && !reached_end_; }
  std::span<const Registers> instructions() const { return instructions_; }

 private:
  void finish_record();

  std::uint32_t begin_;
  std::uint32_t end_;
  std::size_t limit_;
  Registers record_;
  bool begun_ = false;
  bool complete_ = false;
  bool reached_end_ = false;
  std::vector<Registers> instructions_;
};

/// Where two traces part.
struct Divergence {
  Block ours;
  std::optional<Registers> theirs;       ///< at the same place; none: their trace is over
  std::vector<Registers> leading_to_it;  ///< their instructions since the blocks last agreed
};

/// Compares block by block, in order.
class TraceComparison {
 public:
  TraceComparison(std::span<const Registers> theirs, std::uint32_t begin, std::uint32_t end,
                  bool cut_short)
      : theirs_(theirs), begin_(begin), end_(end), cut_short_(cut_short) {}

  void add(const Block& ours);
  /// The end of the program, or of the other trace if that was cut short, or a divergence.
  bool done() const { return done_; }
  const std::optional<Divergence>& divergence() const { return divergence_; }
  std::size_t blocks() const { return blocks_; }
  std::size_t instructions() const { return next_; }

 private:
  std::span<const Registers> theirs_;
  std::uint32_t begin_;
  std::uint32_t end_;
  bool cut_short_;
  bool begun_ = false;
  bool done_ = false;
  std::size_t next_ = 0;      ///< their instruction that our next block has to begin with
  std::size_t previous_ = 0;  ///< the one that our last block began with
  std::size_t blocks_ = 0;
  std::optional<Divergence> divergence_;
};

/// Names and values; those that differ from `other` are marked.
std::string describe(const Registers& registers, const Registers* other);

}  // namespace goldcrest::tests
