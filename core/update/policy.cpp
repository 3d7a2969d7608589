// SPDX-License-Identifier: MIT
#include "core/update/policy.hpp"

namespace goldcrest::update {

bool lays_down(const image::SlotStatus& status) {
  return status.rejected ? status.confirmed_for_good : status.confirmed;
}

bool forbids(const image::Manifest& policy, const image::Manifest& release,
             bool release_confirmed) {
  if (keeps_to(release, policy)) return false;
  if (!release_confirmed || keeps_to(policy, release)) return true;
  const bool revoked = policy.revokes(release.signing_key_id);
  if (revoked != release.revokes(policy.signing_key_id)) return revoked;
  const auto rank = [](const image::Manifest& manifest) {
    return std::uint64_t{manifest.sequence} << 32 | manifest.version.packed();
  };
  return rank(policy) > rank(release);
}

// What cannot be read permits nothing.
bool permitted(image::Flash& flash, const image::Factory& factory,
               const image::VerifiedImage& image) {
  using image::SlotState;
  using image::VerifyError;
  const auto other = image::other(image.slot());
  const auto status = image::read_status(flash, other);
  if (!status) return false;
  if (!lays_down(*status)) return true;
  const auto policy = image::read_manifest(flash, other);
  if (!policy) return policy.error() != VerifyError::flash;
  if (keeps_to(image.manifest(), *policy)) return true;
  const auto own = image::read_status(flash, image.slot());
  const bool confirmed = own && own->state() == SlotState::confirmed;
  if (!forbids(*policy, image.manifest(), confirmed)) return true;
  const auto authentic = image::verify_manifest(flash, other, factory);
  return !authentic && authentic.error() != VerifyError::flash;
}

std::optional<image::VerifiedImage> verify_permitted(image::Flash& flash, image::Slot slot,
                                                     const image::Factory& factory) {
  const auto image = image::verify(flash, slot, factory);
  if (!image || !permitted(flash, factory, *image)) return std::nullopt;
  return *image;
}

}  // namespace goldcrest::update
