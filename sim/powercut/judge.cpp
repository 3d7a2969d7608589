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

constexpr auto step = milliseconds(2);
constexpr std::string_view prompt = "option> ";

constexpr std::array<std::string_view, outcome_kinds> names{
    "old version", "new version", "other version", "unverified",
    "no server",   "wrong setting", "unearned", "no MTA", "BOOT error", "silent"};

/// What follows the last `label`, to the end of its line; nothing until the line is complete.
std::optional<std::string_view> value_of(std::string_view console, std::string_view label) {
  const auto at = console.rfind(label);
  if (at == std::string_view::npos) return std::nullopt;
  const auto value = console.substr(at + label.size());
  const auto end = value.find('\r');
  if (end == std::string_view::npos) return std::nullopt;
  return value.substr(0, end);
}

/// One start of the board, watched.
class Start {
 public:
  Start(board::Board& board, Verdict& verdict)
      : board_(board), verdict_(verdict), begin_(verdict.console.size()) {}

  std::string_view console() const { return std::string_view(verdict_.console).substr(begin_); }

  template <typename Done>
  bool runs_until(Done done, base::Duration limit) {
    for (const auto end = board_.now() + limit; board_.now() < end;) {
      last_step_ = board_.now();
      board_.run_until(board_.now() + step);
      const auto text = board_.take_serial();
      verdict_.console += text;
      if (!text.empty() && done()) return true;
    }
    return false;
  }

  base::Instant last_step() const { return last_step_; }

 private:
  board::Board& board_;
  Verdict& verdict_;
  std::size_t begin_;
  base::Instant last_step_{};
};

/// BOOT in its error state switches LD2 on and off every 0.2 s, and says nothing.
bool blinks(board::Board& board) {
  unsigned changes = 0;
  bool led = board.led();
  for (int i = 0; i < 400; ++i) {
    board.run_until(board.now() + milliseconds(10));
    changes += board.led() != led ? 1u : 0u;
    led = board.led();
  }
  return changes >= 2;
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

Outcome application(board::Board& board, Start& start, const Obligation& obligation) {
  const auto known = [&] { return value_of(start.console(), "Update server: ").has_value(); };
  if (!start.runs_until(known, obligation.limit)) {
    return blinks(board) ? Outcome::boot_error : Outcome::silent;
  }
  const auto version = value_of(start.console(), "Current version: ");
  const auto found = version ? std::ranges::find(obligation.versions, *version)
                             : obligation.versions.end();
  if (found == obligation.versions.end()) return Outcome::other_version;
  if (!runs_verified(board, start.console())) return Outcome::unverified;
  if (value_of(start.console(), "Update server: ") != obligation.server) return Outcome::no_server;
  return found == obligation.versions.begin() ? Outcome::old_version : Outcome::new_version;
}

/// What is wrong with the provisioning application, if anything is.
std::optional<Outcome> provisioning(Start& start, const Obligation& obligation) {
  const auto prompted = [&] { return start.console().find(prompt) != std::string_view::npos; };
  if (!start.runs_until(prompted, seconds(10))) return Outcome::no_mta;
  const auto setting = value_of(start.console(), "device field 1: ");
  const bool known = setting && std::ranges::find(obligation.settings, *setting) !=
                                    obligation.settings.end();
  if (!known) return Outcome::wrong_setting;
  return std::nullopt;
}

}  // namespace

std::string_view to_text(Outcome outcome) { return names.at(static_cast<std::size_t>(outcome)); }

Verdict judge(board::Board& board, const Obligation& obligation, bool state_page_torn) {
  Verdict verdict;
  const bool unearned = !state_page_torn && has_unearned_slot(board);
  Start first(board, verdict);
  board.watch_flash([&](const board::FlashOperation& operation) {
    verdict.operations.push_back({operation.number, operation.kind, first.last_step()});
  });
  (void)board.take_serial();
  board.power(true);
  std::optional<Outcome> failure;
  if (obligation.jumper) failure = provisioning(first, obligation);
  if (!obligation.jumper) verdict.outcome = application(board, first, obligation);
  board.watch_flash({});
  if (obligation.jumper && !failure) {
    board.set_jumper(false);
    board.reset();
    Start second(board, verdict);
    verdict.outcome = application(board, second, obligation);
  }
  if (failure) verdict.outcome = *failure;
  if (unearned && !is_lost(verdict.outcome)) verdict.outcome = Outcome::unearned;
  return verdict;
}

}  // namespace goldcrest::sim
