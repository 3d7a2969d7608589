// SPDX-License-Identifier: MIT
// Reads firmware as toolchains write it: an ELF executable, Intel HEX, or plain bytes for the start
// of program memory. What the file is, its first bytes tell, not its name.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace goldcrest::board {

/// What to program: whole pages, gaps as erased flash reads (0).
struct FirmwareImage {
  std::uint32_t address = 0;  ///< start of a flash page
  std::vector<std::uint8_t> bytes;
};

/// Everything that a file loads must lie in program memory (0x08000000, 512 KB). The error says
/// what is wrong, without the file's name. ELF: the segments to load, at their physical addresses
/// (ARM IHI 0044). Intel HEX: record types 0 to 5 with right checksums, up to the end record.
[[nodiscard]] std::expected<FirmwareImage, std::string> parse_firmware(
    std::span<const std::uint8_t> file);

/// The same for a file, with its name in the error.
[[nodiscard]] std::expected<FirmwareImage, std::string> read_firmware(
    const std::filesystem::path& path);

}  // namespace goldcrest::board
