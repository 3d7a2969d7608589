// SPDX-License-Identifier: MIT
// The engine's part in debugging: stops inside a block.
#include <unicorn/unicorn.h>

#include <algorithm>

#include "core/base/ensure.hpp"
#include "host/board/engine.hpp"

namespace goldcrest::board {

struct Engine::DebugHooks {
  static void instruction(uc_engine* unicorn, std::uint64_t address, std::uint32_t, void* user) {
    auto& engine = *static_cast<Engine*>(user);
    const auto at = static_cast<std::uint32_t>(address);
    if (engine.client_->instruction(at)) return;
    engine.stopped_ = true;
    engine.stopped_at_ = at;
    uc_emu_stop(unicorn);
  }
};

Engine::Outcome Engine::run_piece(std::uint32_t pc, std::uint32_t end,
                                  std::span<const std::uint64_t> exits) {
  // What is translated now is cut at the exits, and must neither come from the cache nor stay
  // there. Two bytes more than the block: an empty translation at its end is one of them.
  const auto drop = [&] {
    base::ensure(uc_ctl_remove_cache(engine_, std::uint64_t{pc}, std::uint64_t{end} + 2) ==
                 UC_ERR_OK);
  };
  std::vector<std::uint64_t> addresses(exits.begin(), exits.end());
  drop();
  base::ensure(uc_ctl_set_exits(engine_, addresses.data(), addresses.size()) == UC_ERR_OK);
  const Outcome outcome = run(pc);
  base::ensure(uc_ctl_set_exits(engine_, addresses.data(), 0) == UC_ERR_OK);
  drop();
  const bool at_exit = std::ranges::find(exits, pc_) != exits.end();
  return outcome == Outcome::wait_for_interrupt && at_exit ? Outcome::exit_reached : outcome;
}

void Engine::watch_instructions(bool watch) {
  if (watch == (instruction_hook_ != 0)) return;
  if (watch) {
    uc_hook hook = 0;
    void* const callback = reinterpret_cast<void*>(&DebugHooks::instruction);
    base::ensure(uc_hook_add(engine_, &hook, UC_HOOK_CODE, callback, this, 1, 0) == UC_ERR_OK);
    instruction_hook_ = hook;
  } else {
    base::ensure(uc_hook_del(engine_, instruction_hook_) == UC_ERR_OK);
    instruction_hook_ = 0;
  }
  // Hooks are part of the translation.
  for (const auto& [base, size] : {std::pair{flash_base, flash_size}, {ram_base, ram_size}}) {
    base::ensure(uc_ctl_remove_cache(engine_, std::uint64_t{base}, std::uint64_t{base} + size) ==
                 UC_ERR_OK);
  }
}

}  // namespace goldcrest::board
