// SPDX-License-Identifier: MIT
#include "firmware/provision/device_actions.hpp"

#include "core/wire/update_protocol.hpp"

namespace goldcrest::provision {
namespace {

constexpr std::string_view flash_failed = "the flash could not be written";

/// Without a factory block no image can be verified, so nothing can be offered.
std::expected<update::Rollback, update::NoRollback> find_rollback(image::Flash& flash) {
  const auto factory = image::read_factory(flash);
  if (!factory) return std::unexpected(update::NoRollback::nothing_older);
  return update::rollback_possible(flash, *factory);
}

std::string_view describe(update::NoRollback why) {
  switch (why) {
    case update::NoRollback::nothing_older:
      return "there is no older application to return to";
    case update::NoRollback::security_floor:
      return "the older application is below the security floor: the newer one does not permit it";
  }
  return "there is nothing to return to";
}

}  // namespace

std::expected<void, std::string_view> DeviceActions::save(const update::Settings& settings) {
  if (const auto done = update::save_settings(records_, settings); !done) {
    return std::unexpected(update::describe(done.error()));
  }
  return {};
}

std::expected<bool, update::SecureContextError> DeviceActions::has_secure_context() {
  const auto context = update::load_secure_context(records_);
  if (!context) return std::unexpected(context.error());
  return context->has_value();
}

std::expected<void, std::string_view> DeviceActions::save_secure_context(
    const std::optional<update::SecureContext>& context) {
  const auto done = context ? update::save_secure_context(records_, *context)
                            : update::forget_secure_context(records_);
  if (!done) return std::unexpected(update::describe(done.error()));
  return {};
}

std::expected<RollbackOffer, std::string_view> DeviceActions::rollback_possible() {
  const auto rollback = find_rollback(flash_);
  if (!rollback) return std::unexpected(describe(rollback.error()));
  return RollbackOffer{.from = rollback->from, .to = rollback->to};
}

std::expected<void, std::string_view> DeviceActions::roll_back() {
  const auto rollback = find_rollback(flash_);
  if (!rollback) return std::unexpected(describe(rollback.error()));
  if (const auto done = update::add_rejected_digest(records_, rollback->digest); !done) {
    return std::unexpected(update::describe(done.error()));
  }
  const auto result = static_cast<std::uint8_t>(wire::UpdateResult::rolled_back);
  if (const auto done = records_.write(update::RecordKey::update_result, {&result, 1}); !done) {
    return std::unexpected(update::describe(done.error()));
  }
  if (!update::roll_back(flash_, *rollback)) return std::unexpected(flash_failed);
  return {};
}

}  // namespace goldcrest::provision
