// SPDX-License-Identifier: MIT
#include "host/board/translation_buffer.hpp"

#include <utility>

#include "host/board/unicorn_function.hpp"

namespace goldcrest::board {
namespace {

thread_local TranslationBuffer* running = nullptr;

}  // namespace

TranslationBuffer::Running::Running(TranslationBuffer& buffer)
    : outer_(std::exchange(running, &buffer)) {}

TranslationBuffer::Running::~Running() {
  running = outer_;
}

bool TranslationBuffer::has_room(const void* block) {
  const auto place = reinterpret_cast<std::uintptr_t>(block);
  const bool anew = place < last_;
  last_ = anew ? 0 : place;
  return !anew;
}

}  // namespace goldcrest::board

#ifdef GOLDCREST_UNICORN_2_0_1

using goldcrest::board::running;
using goldcrest::board::TranslationBuffer;
using goldcrest::board::unicorn_function;

// Unicorn 2.0.1, qemu/include/sysemu/tcg.h and qemu/include/tcg/tcg.h, with the suffix of its ARM
// build.
extern "C" {

void tcg_exec_init_arm(void* engine, unsigned long) {
  static auto* const init = unicorn_function<void(void*, unsigned long)>("tcg_exec_init_arm");
  init(engine, TranslationBuffer::size);
}

void* tcg_tb_alloc_arm(void* context) {
  static auto* const allocate = unicorn_function<void*(void*)>("tcg_tb_alloc_arm");
  void* const block = allocate(context);
  const bool has_room = running == nullptr || running->has_room(block);
  return has_room ? block : nullptr;
}
}

#endif
