// SPDX-License-Identifier: MIT
// Programs a board with a raw image that starts at 0x08000000 (a MAN image): a virtual one through
// its control socket, or any through its ST-Link's mass-storage drive.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "host/loader/control_socket.hpp"

namespace goldcrest::loader {

using ProgressSink = std::function<void(std::uint64_t done, std::uint64_t total)>;
using Result = std::expected<void, std::string>;

/// Reads an image and checks what can be checked before a board is touched: a size that fits the
/// flash, and a vector table whose stack pointer lies in RAM and whose reset handler lies in flash.
[[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> read_image(
    const std::filesystem::path& path);

/// Sends the image to goldcrest-board's control socket (docs/board.md) and waits until the board
/// has been programmed and reset.
[[nodiscard]] Result load_through_socket(const std::vector<std::uint8_t>& image,
                                         const std::filesystem::path& socket,
                                         std::chrono::milliseconds timeout,
                                         const ProgressSink& progress);
/// The same to a board that is connected.
[[nodiscard]] Result load_through_socket(const std::vector<std::uint8_t>& image,
                                         ControlSocket& control, const ProgressSink& progress);

/// Copies the image to the drive and waits until the ST-Link has taken it: the file vanishes, or
/// FAIL.TXT says why not.
[[nodiscard]] Result load_through_drive(const std::vector<std::uint8_t>& image,
                                        const std::string& file_name,
                                        const std::filesystem::path& drive,
                                        std::chrono::milliseconds timeout,
                                        const ProgressSink& progress);

}  // namespace goldcrest::loader
