// SPDX-License-Identifier: MIT
// Keeps Unicorn's translator alive when its buffer is full.
//
// Unicorn 2.0.1 never takes its buffer's first region for in use (tcg_region_init() of
// qemu/tcg/tcg.c assigns none). So when the buffer is full for the first time, the allocator begins
// it anew without a word: it zeroes the gigabyte, and all that has been translated is still listed
// and jumped to. The next jump that is patched, in tb_set_jmp_target(), is not there any more. From
// then on the allocator says that there is no room, as it should, and the translator drops
// everything and goes on.
//
// The functions are exported by libunicorn and called through its procedure linkage table, so
// definitions of the same names in the executable come first (as in store_shortcut.hpp). Ours ask
// for a smaller buffer, and say that there is no room the first time, too: then the translator does
// what it does every other time. Between two blocks, with all registers in their places: nothing
// that runs can tell.
#pragma once

#include <cstddef>
#include <cstdint>

namespace goldcrest::board {

class TranslationBuffer {
 public:
  /// For several times what a firmware that fills the flash is translated to in one pass; zeroing
  /// it takes some milliseconds, and a board never has more memory for code than that.
  static constexpr std::size_t size = 32u << 20;

  TranslationBuffer() = default;
  TranslationBuffer(const TranslationBuffer&) = delete;
  TranslationBuffer& operator=(const TranslationBuffer&) = delete;

  /// While one lives, what this thread's engine allocates is this buffer's.
  class Running {
   public:
    explicit Running(TranslationBuffer& buffer);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    TranslationBuffer* outer_;
  };

  // --- for the engine's functions ---
  /// The allocator has returned `block` (null: no room). False if that is behind the blocks that
  /// are in use.
  bool has_room(const void* block);

 private:
  std::uintptr_t last_ = 0;  ///< of the blocks, which are allocated one behind the other
};

}  // namespace goldcrest::board
