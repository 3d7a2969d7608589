// SPDX-License-Identifier: MIT
#include "host/board/store_shortcut.hpp"

#include <unicorn/unicorn.h>

#include <array>
#include <utility>

#include "core/base/ensure.hpp"
#include "host/board/unicorn_function.hpp"

namespace goldcrest::board {
namespace {

thread_local StoreShortcut* running = nullptr;

constexpr std::uint32_t trial_offset = 0x800;

}  // namespace

StoreShortcut::Running::Running(StoreShortcut& shortcut)
    : outer_(std::exchange(running, &shortcut)) {}

StoreShortcut::Running::~Running() {
  running = outer_;
}

void StoreShortcut::learn(uc_struct* engine, Memory& memory) {
  constexpr std::uint32_t store_and_break = 0xBE006001;  // str r1, [r0]; bkpt
  const std::uint32_t before = load(memory.flash(), 0, 4);
  const std::uint32_t stored = load(memory.ram(), trial_offset, 4);
  store(memory.flash(), 0, store_and_break, 4);
  std::uint32_t address = ram_base + trial_offset;
  base::ensure(uc_reg_write(engine, UC_ARM_REG_R0, &address) == UC_ERR_OK);
  learning_ = true;
  {
    const Running now(*this);
    (void)uc_emu_start(engine, flash_base | 1u, 0, 0, 0);  // ends with the break
  }
  learning_ = false;
  store(memory.flash(), 0, before, 4);
  store(memory.ram(), trial_offset, stored, 4);
  constexpr std::uint64_t code = flash_base;
  base::ensure(uc_ctl_remove_cache(engine, code, code + 8) == UC_ERR_OK);
  std::size_t pages = 0;
  const bool known_pages = uc_query(engine, UC_QUERY_PAGE_SIZE, &pages) == UC_ERR_OK;
  if (processor_ == nullptr || !known_pages || pages != page_size) ram_begin_.reset();
}

bool StoreShortcut::takes(std::uint64_t begin, std::uint64_t end) {
  if (learning_) ram_begin_ = begin - trial_offset;
  if (!ram_begin_ || learning_) return false;
  const std::uint64_t offset = begin - *ram_begin_;
  if (offset >= ram_size || end - begin > 8) return false;
  const std::uint64_t page = offset / page_size;
  if (code_pages_[page] || (end - *ram_begin_) / page_size != page) return false;
#ifdef GOLDCREST_UNICORN_2_0_1
  static auto* const set_dirty = unicorn_function<void(void*, std::uint32_t)>("tlb_set_dirty_arm");
  set_dirty(processor_, ram_base + static_cast<std::uint32_t>(page * page_size));
#endif
  return true;
}

void StoreShortcut::note_code(std::uint32_t address, std::uint32_t size) {
  const std::uint32_t last = (address - ram_base + size - 1) / page_size;
  for (std::uint32_t page = (address - ram_base) / page_size; page <= last; ++page) {
    if (page >= code_pages_.size() || code_pages_[page]) continue;
    code_pages_.set(page);
#ifdef GOLDCREST_UNICORN_2_0_1
    // From now on every store to the page has to be seen.
    static auto* const flush = unicorn_function<void(void*)>("tlb_flush_arm");
    if (processor_ != nullptr) flush(processor_);
#endif
  }
}

}  // namespace goldcrest::board

#ifdef GOLDCREST_UNICORN_2_0_1

using goldcrest::board::running;
using goldcrest::board::unicorn_function;

// Unicorn 2.0.1, qemu/accel/tcg/translate-all.h, with the suffix of its ARM build.
extern "C" {

void* page_collection_lock_arm(uc_struct* engine, std::uint64_t begin, std::uint64_t end) {
  if (running != nullptr && running->takes(begin, end)) return nullptr;
  static auto* const lock =
      unicorn_function<void*(uc_struct*, std::uint64_t, std::uint64_t)>("page_collection_lock_arm");
  return lock(engine, begin, end);
}

void page_collection_unlock_arm(void* pages) {
  static auto* const unlock = unicorn_function<void(void*)>("page_collection_unlock_arm");
  if (pages != nullptr) unlock(pages);
}

void tb_invalidate_phys_page_fast_arm(uc_struct* engine, void* pages, std::uint64_t begin,
                                      int length, std::uintptr_t return_address) {
  static auto* const invalidate =
      unicorn_function<void(uc_struct*, void*, std::uint64_t, int, std::uintptr_t)>(
          "tb_invalidate_phys_page_fast_arm");
  if (pages != nullptr) invalidate(engine, pages, begin, length, return_address);
}

void* tb_gen_code_arm(void* processor, std::uint32_t pc, std::uint32_t code_base,
                      std::uint32_t flags, int compile_flags) {
  static auto* const translate =
      unicorn_function<void*(void*, std::uint32_t, std::uint32_t, std::uint32_t, int)>(
          "tb_gen_code_arm");
  if (running != nullptr) running->set_processor(processor);
  return translate(processor, pc, code_base, flags, compile_flags);
}
}

#endif

/// Unicorn forgets to free the map of where code is in a page that is written often. Called by
/// LeakSanitizer, and without it by nobody.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:tb_invalidate_phys_page_fast_arm\n";
}
