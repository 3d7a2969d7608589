// SPDX-License-Identifier: MIT
#include "firmware/app/update_memory.hpp"

#include <algorithm>

#include "core/update/slots.hpp"

namespace goldcrest::app {
namespace {

constexpr auto last_known_result = static_cast<std::uint8_t>(wire::UpdateResult::refused_policy);

std::expected<wire::UpdateResult, update::RecordError> load_result(update::Records& records) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto stored = records.read(update::RecordKey::update_result, buffer);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored || (*stored)->size() != 1 || (**stored)[0] > last_known_result) {
    return wire::UpdateResult::none;
  }
  return static_cast<wire::UpdateResult>((**stored)[0]);
}

}  // namespace

std::expected<void, update::RecordError> remember_result(update::Records& records,
                                                         wire::UpdateResult result) {
  const auto value = static_cast<std::uint8_t>(result);
  return records.write(update::RecordKey::update_result, {&value, 1});
}

std::expected<UpdateMemory, update::RecordError> recall(image::Flash& flash,
                                                        update::Records& records,
                                                        image::Slot running) {
  const auto result = load_result(records);
  if (!result) return std::unexpected(result.error());
  auto rejected = update::load_rejected_digests(records);
  if (!rejected) return std::unexpected(rejected.error());
  UpdateMemory memory{.last_result = *result, .rejected = *rejected};

  const auto digest = update::rejected_digest(flash, image::other(running));
  const bool known =
      !digest || std::find(rejected->begin(), rejected->end(), *digest) != rejected->end();
  if (known) return memory;
  // First the result: were the power cut in between, the digest would still be unknown and this
  // would be gone through again.
  if (memory.last_result == wire::UpdateResult::installed) {
    memory.last_result = wire::UpdateResult::reverted;
    if (auto done = remember_result(records, memory.last_result); !done) {
      return std::unexpected(done.error());
    }
  }
  if (auto done = update::add_rejected_digest(records, *digest); !done) {
    return std::unexpected(done.error());
  }
  if (rejected = update::load_rejected_digests(records); !rejected) {
    return std::unexpected(rejected.error());
  }
  memory.rejected = *rejected;
  return memory;
}

}  // namespace goldcrest::app
