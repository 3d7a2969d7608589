// SPDX-License-Identifier: MIT
// The ST-Link's mass-storage drive as a folder: a .bin file that is dropped there is programmed at
// 0x08000000 and disappears; FAIL.TXT says why it was not, DETAILS.TXT what the drive is.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/board/program/files.hpp"

namespace goldcrest::board::program {

class Drive {
 public:
  /// Makes the folder if it is not there. `serial_number` goes into DETAILS.TXT.
  [[nodiscard]] static std::expected<Drive, std::string> open(const std::filesystem::path& folder,
                                                              std::uint32_t serial_number);

  int descriptor() const { return watch_.number(); }
  /// The next file that was dropped and closed; fail() or succeed() follows.
  struct Dropped {
    std::string name;
    std::vector<std::uint8_t> bytes;
  };
  std::optional<Dropped> take();
  /// Leaves `reason` in FAIL.TXT, then removes the file.
  void fail(const std::string& name, const std::string& reason);
  /// Removes the file and an old FAIL.TXT.
  void succeed(const std::string& name);

 private:
  Drive() = default;
  void note(const std::string& reason);

  std::filesystem::path folder_;
  Descriptor watch_;
  std::vector<std::string> closed_;  ///< names not looked at yet
};

}  // namespace goldcrest::board::program
