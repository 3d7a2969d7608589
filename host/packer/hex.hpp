// SPDX-License-Identifier: MIT
// Bytes as hexadecimal text and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"

namespace goldcrest::packer {

/// Lower case, two digits a byte.
std::string to_hex(base::Bytes bytes);

/// Nothing when `text` is not an even number of hexadecimal digits.
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

}  // namespace goldcrest::packer
