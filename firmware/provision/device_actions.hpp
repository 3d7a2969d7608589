// SPDX-License-Identifier: MIT
// What the menu does to a device: settings and rejected digests in DATA, the state of the slots.
#pragma once

#include "core/update/records.hpp"
#include "core/update/slots.hpp"
#include "firmware/provision/menu.hpp"

namespace goldcrest::provision {

class DeviceActions final : public MenuActions {
 public:
  /// `records` has been opened.
  DeviceActions(image::Flash& flash, update::Records& records) : flash_(flash), records_(records) {}

  std::expected<void, std::string_view> save(const update::Settings& settings) override;
  std::expected<bool, update::SecureContextError> has_secure_context() override;
  std::expected<void, std::string_view> save_secure_context(
      const std::optional<update::SecureContext>& context) override;
  /// Verifies the older image: takes some 0.2 s at 32 MHz.
  std::expected<RollbackOffer, std::string_view> rollback_possible() override;
  /// First remembers the digest of the image that goes, so that it is not fetched again; a power
  /// cut between the two leaves the newer one running, no worse than before.
  std::expected<void, std::string_view> roll_back() override;

 private:
  image::Flash& flash_;
  update::Records& records_;
};

}  // namespace goldcrest::provision
