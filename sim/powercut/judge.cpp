// SPDX-License-Identifier: MIT
#include "sim/powercut/judge.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "core/image/factory.hpp"
#include "core/image/flash_map.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view prompt = "option> ";

constexpr std::array<std::string_view, outcome_kinds> names{
    "old version", "new version", "other version", "unverified", "no server", "wrong setting",
    "unearned",    "stuck",       "no MTA",        "BOOT error", "silent"};

/// What follows the last `label`, to the end of its line; nothing until the line is complete.
std::optional<std::string_view> value_of(std::string_view console, std::string_view label) {
  const auto at = console.rfind(label);
  if (at == std::string_view::npos) return std::nullopt;
  const auto value = console.substr(at + label.size());
  const auto end = value.find('\r');
  if (end == std::string_view::npos) return std::nullopt;
  return value.substr(0, end);
}

/// The board's flash as the host sees it, by the very rules of BOOT.
class Inspection {
 public:
  explicit Inspection(board::Board& board) {
    const auto bytes = board.read_flash(image::flash_section.base, image::flash_section.size);
    if (!bytes) return;
    flash_.load(image::flash_section.base, *bytes);
    if (const auto factory = image::read_factory(flash_)) factory_ = *factory;
  }

  bool verifies(image::Slot slot) {
    return factory_ && image::verify(flash_, slot, *factory_).has_value();
  }
  bool claims_validity(image::Slot slot) {
    const auto status = image::read_status(flash_, slot);
    return status && (status->state() == image::SlotState::trial ||
                      status->state() == image::SlotState::confirmed);
  }

 private:
  SimulatedFlash flash_;
  std::optional<image::Factory> factory_;
};

/// Does the slot that runs hold a signed image?
bool runs_verified(board::Board& board, std::string_view console) {
  const auto from = value_of(console, "Running from: ");
  if (!from) return false;
  return Inspection(board).verifies(from->starts_with("APP2") ? image::Slot::app2
                                                              : image::Slot::app1);
}

/// `installed` is written last of all, so that a slot which has it has been verified, and the whole
/// state goes before anything else of the image does (docs/formats/slot.md).
bool has_unearned_slot(board::Board& board) {
  Inspection inspection(board);
  return std::ranges::any_of(std::array{image::Slot::app1, image::Slot::app2}, [&](auto slot) {
    return inspection.claims_validity(slot) && !inspection.verifies(slot);
  });
}

/// The board's recovery, from the return of its power on. Nothing: the hook has ended it.
class Recovery {
 public:
  Recovery(board::Board& board, const Obligation& obligation, const RecoveryHook& before_step,
           Verdict& verdict)
      : board_(board), obligation_(obligation), before_step_(before_step), verdict_(verdict) {
    board_.watch_flash([this](const board::FlashOperation& operation) {
      verdict_.operations.push_back({operation, step_});
    });
  }
  ~Recovery() { board_.watch_flash({}); }
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  /// What becomes of it.
  Outcome ends() {
    (void)board_.take_serial();
    board_.set_jumper(obligation_.jumper);
    board_.power(true);
    if (!obligation_.jumper) return application(obligation_.versions);
    if (const auto failure = provisioning(obligation_.settings)) return *failure;
    starts(false);
    const auto outcome = application(obligation_.versions);
    if (is_lost(outcome) || !obligation_.again) return outcome;
    const auto failure = repeats(*obligation_.again);
    return failure.value_or(outcome);
  }

 private:
  /// What the board has said since its last start.
  std::string_view console() const { return std::string_view(verdict_.console).substr(begin_); }

  void starts(bool jumper) {
    board_.set_jumper(jumper);
    board_.reset();
    begin_ = verdict_.console.size();
  }

  /// False at the end of the recovery.
  bool steps() {
    if (ended_ || (before_step_ && !before_step_())) {
      ended_ = true;
      return false;
    }
    step_ = board_.now();
    board_.run_until(step_ + recovery_step);
    return true;
  }

  bool runs_until(const std::function<bool()>& done, base::Duration limit) {
    for (const auto end = board_.now() + limit; board_.now() < end;) {
      if (!steps()) return false;
      const auto text = board_.take_serial();
      verdict_.console += text;
      if (!text.empty() && done()) return true;
    }
    return false;
  }

  /// BOOT in its error state switches LD2 on and off every 0.2 s, and says nothing.
  bool blinks() {
    unsigned changes = 0;
    bool led = board_.led();
    for (const auto end = board_.now() + seconds(4); board_.now() < end && steps();) {
      changes += board_.led() != led ? 1u : 0u;
      led = board_.led();
    }
    return changes >= 2;
  }

  Outcome application(const std::vector<std::string>& versions) {
    const auto known = [&] { return value_of(console(), "Update server: ").has_value(); };
    if (!runs_until(known, obligation_.limit)) {
      return blinks() ? Outcome::boot_error : Outcome::silent;
    }
    const auto version = value_of(console(), "Current version: ");
    const auto found = version ? std::ranges::find(versions, *version) : versions.end();
    if (found == versions.end()) return Outcome::other_version;
    if (!runs_verified(board_, console())) return Outcome::unverified;
    if (value_of(console(), "Update server: ") != obligation_.server) return Outcome::no_server;
    return found == versions.begin() ? Outcome::old_version : Outcome::new_version;
  }

  /// What is wrong with the provisioning application, if anything is.
  std::optional<Outcome> provisioning(const std::vector<std::string>& settings) {
    const auto prompted = [&] { return console().find(prompt) != std::string_view::npos; };
    if (!runs_until(prompted, seconds(10))) return Outcome::no_mta;
    const auto setting = value_of(console(), "device field 1: ");
    const bool known = setting && std::ranges::find(settings, *setting) != settings.end();
    if (!known) return Outcome::wrong_setting;
    return std::nullopt;
  }

  /// With the provisioning application at its prompt.
  bool types(const std::vector<Exchange>& exchanges) {
    for (const auto& exchange : exchanges) {
      const auto from = verdict_.console.size();
      const auto shows = [&](const std::string& text) {
        return !text.empty() && verdict_.console.find(text, from) != std::string::npos;
      };
      board_.type(exchange.types);
      const auto answered = [&] { return shows(exchange.sees) || shows(exchange.or_else); };
      if (!runs_until(answered, seconds(10))) return false;
      if (!shows(exchange.sees)) return true;
    }
    return true;
  }

  std::optional<Outcome> repeats(const Repetition& again) {
    starts(true);
    if (const auto failure = provisioning(obligation_.settings)) return failure;
    if (!types(again.exchanges)) return Outcome::stuck;
    if (!again.setting.empty()) {
      starts(true);
      if (const auto failure = provisioning({again.setting})) return failure;
    }
    starts(false);
    const auto outcome =
        application(again.version.empty() ? obligation_.versions : std::vector{again.version});
    return is_lost(outcome) ? std::optional(outcome) : std::nullopt;
  }

  board::Board& board_;
  const Obligation& obligation_;
  const RecoveryHook& before_step_;
  Verdict& verdict_;
  std::size_t begin_ = 0;
  base::Instant step_{};
  bool ended_ = false;
};

}  // namespace

std::string_view to_text(Outcome outcome) {
  return names.at(static_cast<std::size_t>(outcome));
}

Verdict judge(board::Board& board, const Obligation& obligation, bool state_page_torn,
              const RecoveryHook& before_step) {
  Verdict verdict;
  const bool unearned = !state_page_torn && has_unearned_slot(board);
  verdict.outcome = Recovery(board, obligation, before_step, verdict).ends();
  if (unearned && !is_lost(verdict.outcome)) verdict.outcome = Outcome::unearned;
  return verdict;
}

}  // namespace goldcrest::sim
