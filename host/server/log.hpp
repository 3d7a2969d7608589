// SPDX-License-Identifier: MIT
// How requests read in the log: one line each, for people or as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "host/server/engine.hpp"

namespace goldcrest::server {

/// Who, method and URL, options, what the device said, which file, which bytes; no time, no
/// newline.
std::string to_text(const RequestRecord& record);

/// The same as a JSON object, without time.
nlohmann::ordered_json to_json(const RequestRecord& record);
nlohmann::ordered_json to_json(const Update& update);

/// "OTA-…_APP_0x….fmu  1.1.31  90624 bytes  /updates/f63d0305".
std::string to_text(const Update& update);

}  // namespace goldcrest::server
