// SPDX-License-Identifier: MIT
// Names of update files and MAN images, docs/formats/fmu.md:
// <product>_<major>_<minor>_<build>_APP_0x<CRC-32>.fmu and …_MAN_0x<CRC-32>.bin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/version.hpp"

namespace goldcrest::packer {

enum class FileKind { update, manufacturing };

struct FileName {
  FileKind kind = FileKind::update;
  std::string product;
  base::Version version;
  std::uint32_t crc32 = 0;

  std::string text() const;
  /// Nothing when the name (without folders) is not exactly of that form.
  static std::optional<FileName> parse(std::string_view text);
};

/// "1.0.31".
std::string version_text(base::Version version);
/// Nothing when the text is not three decimal numbers within their limits.
std::optional<base::Version> parse_version(std::string_view text);

}  // namespace goldcrest::packer
