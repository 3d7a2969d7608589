// SPDX-License-Identifier: MIT
// What a sweep is of: the files, by name and SHA-256, and the options that its result depends on.
// As text, the JSON object of a journal's first line.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "sim/powercut/sweep.hpp"

namespace goldcrest::sim {

struct SweptFile {
  std::string role;  ///< "MAN", "update", "hanging update"
  std::string name;  ///< without its folder
  std::string sha256;
  std::uint64_t size_bytes = 0;
};

struct SweepDescription {
  std::vector<SweptFile> files;
  SweepOptions options;  ///< but for threads, shard, stop and program
};

std::string sha256_hex(std::span<const std::uint8_t> bytes);

std::string describe(const SweepDescription& description);
/// Fails when `text` was not made by describe().
[[nodiscard]] std::expected<SweepDescription, std::string> parse_description(
    const std::string& text);

}  // namespace goldcrest::sim
