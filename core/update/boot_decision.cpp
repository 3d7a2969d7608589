// SPDX-License-Identifier: MIT
#include "core/update/boot_decision.hpp"

#include <array>

#include "core/image/slot.hpp"
#include "core/update/policy.hpp"

namespace goldcrest::update {
namespace {

using image::Slot;
using image::SlotState;
using image::StateGroup;

struct Candidate {
  Slot slot;
  image::SlotStatus status;
  base::Version version;  // as its manifest claims; it decides the order of verifying only

  bool trial() const { return status.state() == SlotState::trial; }
  bool usable() const { return trial() || status.state() == SlotState::confirmed; }
  bool used_up() const { return trial() && status.trial_boots == limits::trial_boots; }
};

std::expected<Candidate, BootError> look_at(image::Flash& flash, Slot slot) {
  const auto status = image::read_status(flash, slot);
  if (!status) return std::unexpected(BootError::flash);
  const auto manifest = image::read_manifest(flash, slot);
  return Candidate{slot, *status, manifest ? manifest->version : base::Version{}};
}

// A start that could not be counted must not happen: an image could then be on trial for ever. A
// boot that reads as spent is made to read so always before the next one is looked at.
bool spend_trial_boot(image::Flash& flash, const Candidate& candidate) {
  for (const auto group : image::trial_boot_groups) {
    const auto spent = image::is_set(flash, candidate.slot, group);
    const auto set = image::set_state(flash, candidate.slot, group);
    if (spent && !*spent && set) return true;
  }
  return false;
}

// What was acted upon once must read the same at the next reset, so missing copies are written.
// That they cannot be written changes nothing now.
void complete_copies(image::Flash& flash, const Candidate& candidate) {
  const auto complete = [&](bool set, StateGroup group) {
    if (set) (void)image::set_state(flash, candidate.slot, group);
  };
  complete(candidate.status.rejected, StateGroup::rejected);
  complete(candidate.status.installed && !candidate.status.rejected, StateGroup::installed);
  complete(candidate.status.confirmed && !candidate.status.rejected, StateGroup::confirmed);
}

// The first candidate that may run and, where one is due, has a trial boot to spend. Those passed
// over for want of trial boots are rejected, now that another image can run.
std::expected<BootChoice, BootError> choose(image::Flash& flash, const image::Factory& factory,
                                            const std::array<Candidate, 2>& candidates,
                                            bool trials_count) {
  const Candidate* passed_over = nullptr;
  for (const auto& candidate : candidates) {
    if (!candidate.usable()) continue;
    if (trials_count && candidate.used_up()) {
      passed_over = &candidate;
      continue;
    }
    const auto image = verify_permitted(flash, candidate.slot, factory);
    if (!image) continue;
    if (trials_count && candidate.trial() && !spend_trial_boot(flash, candidate)) {
      passed_over = &candidate;
      continue;
    }
    if (passed_over != nullptr) {
      (void)image::set_state(flash, passed_over->slot, StateGroup::rejected);
    }
    return BootChoice{*image, candidate.trial()};
  }
  return std::unexpected(BootError::no_valid_image);
}

}  // namespace

std::expected<BootChoice, BootError> decide(image::Flash& flash, const image::Factory& factory) {
  const auto app1 = look_at(flash, Slot::app1);
  const auto app2 = look_at(flash, Slot::app2);
  if (!app1 || !app2) return std::unexpected(BootError::flash);
  const bool app2_first = app2->version.packed() > app1->version.packed();
  const std::array candidates{app2_first ? *app2 : *app1, app2_first ? *app1 : *app2};
  for (const auto& candidate : candidates) complete_copies(flash, candidate);

  const auto choice = choose(flash, factory, candidates, true);
  // Better an image whose trial has failed than none.
  return choice ? choice : choose(flash, factory, candidates, false);
}

}  // namespace goldcrest::update
