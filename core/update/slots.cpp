// SPDX-License-Identifier: MIT
#include "core/update/slots.hpp"

#include "core/image/info.hpp"
#include "core/update/policy.hpp"

namespace goldcrest::update {
namespace {

base::Version program_version(image::Flash& flash, image::Address base) {
  const auto info = image::read_info(flash, base);
  return info ? info->version : base::Version{};
}

base::Version slot_version(image::Flash& flash, image::Slot slot) {
  const auto status = image::read_status(flash, slot);
  if (!status || status->state() == image::SlotState::empty) return {};
  const auto manifest = image::read_manifest(flash, slot);
  return manifest ? manifest->version : base::Version{};
}

std::optional<image::VerifiedImage> runnable(image::Flash& flash, image::Slot slot,
                                             const image::Factory& factory) {
  const auto status = image::read_status(flash, slot);
  if (!status || status->state() == image::SlotState::empty ||
      status->state() == image::SlotState::rejected) {
    return std::nullopt;
  }
  const auto verified = image::verify(flash, slot, factory);
  return verified ? std::optional(*verified) : std::nullopt;
}

}  // namespace

Versions read_versions(image::Flash& flash) {
  return {.boot = program_version(flash, image::boot_section.base),
          .mta = program_version(flash, image::mta_section.base),
          .app1 = slot_version(flash, image::Slot::app1),
          .app2 = slot_version(flash, image::Slot::app2)};
}

std::optional<image::Slot> slot_at(image::Address address) {
  for (const auto slot : {image::Slot::app1, image::Slot::app2}) {
    if (section_of(slot).contains(address)) return slot;
  }
  return std::nullopt;
}

std::optional<RunningImage> running_image(image::Flash& flash, image::Slot slot) {
  const auto manifest = image::read_manifest(flash, slot);
  if (!manifest) return std::nullopt;
  return RunningImage{slot, *manifest};
}

std::expected<void, image::FlashError> confirm(image::Flash& flash, image::Slot slot) {
  return image::set_state(flash, slot, image::StateGroup::confirmed);
}

std::expected<void, image::FlashError> reject(image::Flash& flash, image::Slot slot) {
  return image::set_state(flash, slot, image::StateGroup::rejected);
}

std::optional<crypto::Digest> rejected_digest(image::Flash& flash, image::Slot slot) {
  const auto status = image::read_status(flash, slot);
  if (!status || status->state() != image::SlotState::rejected) return std::nullopt;
  const auto manifest = image::read_manifest(flash, slot);
  if (!manifest) return std::nullopt;
  return manifest->digest;
}

std::expected<Rollback, NoRollback> rollback_possible(image::Flash& flash,
                                                      const image::Factory& factory) {
  const auto app1 = runnable(flash, image::Slot::app1, factory);
  const auto app2 = runnable(flash, image::Slot::app2, factory);
  if (!app1 || !app2 || app1->version() == app2->version()) {
    return std::unexpected(NoRollback::nothing_older);
  }
  const auto& newer = app1->version() > app2->version() ? *app1 : *app2;
  const auto& older = app1->version() > app2->version() ? *app2 : *app1;
  if (!permitted(flash, factory, newer)) return std::unexpected(NoRollback::nothing_older);
  if (!permitted(flash, factory, older)) return std::unexpected(NoRollback::security_floor);
  return Rollback{newer.slot(), newer.version(), older.version(), newer.manifest().digest};
}

std::expected<void, image::FlashError> roll_back(image::Flash& flash, const Rollback& rollback) {
  return reject(flash, rollback.from_slot);
}

}  // namespace goldcrest::update
