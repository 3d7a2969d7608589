// SPDX-License-Identifier: MIT
// What the device remembers of its updates over resets: how the last one ended, and which images it
// has rejected. The records lie in DATA (docs/formats/data.md).
#pragma once

#include <expected>

#include "core/image/flash.hpp"
#include "core/update/records.hpp"
#include "core/update/settings.hpp"
#include "core/wire/update_protocol.hpp"

namespace goldcrest::app {

struct UpdateMemory {
  wire::UpdateResult last_result = wire::UpdateResult::none;
  update::RejectedDigests rejected;
};

/// To be called once after the start, by the application in `running`. When BOOT has rejected the
/// image in the other slot since the last time, its digest is added to the list, before that slot
/// is ever overwritten, and the last result, if it was an installation, becomes `reverted`.
[[nodiscard]] std::expected<UpdateMemory, update::RecordError> recall(image::Flash& flash,
                                                                      update::Records& records,
                                                                      image::Slot running);

[[nodiscard]] std::expected<void, update::RecordError> remember_result(update::Records& records,
                                                                       wire::UpdateResult result);

}  // namespace goldcrest::app
