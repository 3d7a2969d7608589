// SPDX-License-Identifier: MIT
// Files that are never seen half-written.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/system/descriptor.hpp"

namespace goldcrest::board::program {

using system::Descriptor;

/// "what: reason of errno".
std::string system_error(const std::string& what);

/// The whole file; nullopt when there is none.
[[nodiscard]] std::expected<std::optional<std::vector<std::uint8_t>>, std::string> read_file(
    const std::filesystem::path& path);
/// Writes a temporary file beside `path`, syncs it and renames it.
[[nodiscard]] std::expected<void, std::string> write_file(const std::filesystem::path& path,
                                                          std::span<const std::uint8_t> bytes);

}  // namespace goldcrest::board::program
