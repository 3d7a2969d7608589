// SPDX-License-Identifier: MIT
// Makes the engine's stores to RAM cheap.
//
// Unicorn 2.0.1 takes every store for one that may hit translated code: each goes through a slow
// path that allocates a tree to look for translations in its page, some 70 ns, most of what real
// firmware costs. The functions of that path are exported by libunicorn and called through its
// procedure linkage table, so definitions of the same names in the executable come first. Ours pass
// everything on to the originals, but for a store to a page of RAM in which no code has been
// executed: that has nothing to invalidate, and the page's further stores go straight to memory.
//
// A page in which code is about to be executed has to be announced by note_code() before.
//
// Where the functions are not called as expected (another Unicorn, a static one), the trial at the
// beginning finds nothing, and all stays as it is.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>

#include "host/board/memory.hpp"

struct uc_struct;

namespace goldcrest::board {

class StoreShortcut {
 public:
  static constexpr std::uint32_t page_size = 1024;  ///< of the engine's Cortex-M3

  StoreShortcut() = default;
  StoreShortcut(const StoreShortcut&) = delete;
  StoreShortcut& operator=(const StoreShortcut&) = delete;

  /// Executes one store of the engine to find out how it is called. Before any hook is added;
  /// changes registers, neither memory nor the translator's cache.
  void learn(uc_struct* engine, Memory& memory);
  bool works() const { return ram_begin_.has_value(); }

  /// Code in [address, address + size) of RAM is going to be executed.
  void note_code(std::uint32_t address, std::uint32_t size);

  /// While one lives, the stores of this thread's engine are this shortcut's.
  class Running {
   public:
    explicit Running(StoreShortcut& shortcut);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    StoreShortcut* outer_;
  };

  // --- for the engine's functions ---
  /// A store to [begin, end] of the engine's own address space of RAM blocks: true if there is
  /// nothing to invalidate.
  bool takes(std::uint64_t begin, std::uint64_t end);
  void set_processor(void* processor) { processor_ = processor; }

 private:
  std::optional<std::uint64_t> ram_begin_;  ///< of RAM in that address space
  bool learning_ = false;
  void* processor_ = nullptr;  ///< the engine's CPUState
  std::bitset<ram_size / page_size> code_pages_;
};

}  // namespace goldcrest::board
