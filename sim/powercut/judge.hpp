// SPDX-License-Identifier: MIT
// Power comes back: what becomes of the node, and is that what it must be?
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/board/board.hpp"
#include "sim/powercut/plays.hpp"

namespace goldcrest::sim {

enum class Outcome : std::uint8_t {
  old_version,    ///< the first of the obligation's versions runs
  new_version,    ///< the second
  other_version,  ///< lost: a version that should not run
  unverified,     ///< lost: what runs has no valid signature
  no_server,      ///< lost: the application does not know its update server any more
  wrong_setting,  ///< lost: a setting has neither its old nor its new value
  unearned,       ///< lost: a slot is marked as installed and does not hold a verified image
  stuck,          ///< lost: what was cut cannot be done again
  no_mta,         ///< lost: the jumper is fitted and the provisioning application does not show
  boot_error,     ///< lost: BOOT blinks
  silent,         ///< lost: nothing shows in time
};
constexpr std::size_t outcome_kinds = 11;

constexpr bool is_lost(Outcome outcome) {
  return outcome > Outcome::new_version;
}
std::string_view to_text(Outcome outcome);

/// A flash operation of the recovery.
struct RecoveryOperation {
  board::FlashOperation operation;
  base::Instant step;  ///< when the step of the recovery begins in which it does
};

struct Verdict {
  Outcome outcome = Outcome::silent;
  std::string console;  ///< of all starts
  std::vector<RecoveryOperation> operations;
};

/// A recovery is watched in steps of this length.
constexpr auto recovery_step = std::chrono::milliseconds(2);
/// Called before each step; false ends the recovery there, with no verdict.
using RecoveryHook = std::function<bool()>;

/// Switches the board on and watches until all is known. The board is without power. Where the
/// provisioning application must come first, the jumper is fitted, then taken off, and the
/// application must come too; then what was cut is done again. A slot whose state page the cut left
/// half erased may claim what it held before.
Verdict judge(board::Board& board, const Obligation& obligation, bool state_page_torn = false,
              const RecoveryHook& before_step = {});

}  // namespace goldcrest::sim
