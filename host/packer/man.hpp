// SPDX-License-Identifier: MIT
// `goldcrest man`: from BOOT, MTA and an update file to the image that a factory programs once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/packer/file_name.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/problem.hpp"
#include "host/packer/program_image.hpp"

namespace goldcrest::packer {

/// From the flash's start to the end of APP1: what the file holds.
inline constexpr image::Section man_extent{image::flash_section.base,
                                           image::app1_section.end() - image::flash_section.base};

struct ManRequest {
  std::filesystem::path boot;                     ///< ELF
  std::filesystem::path mta;                      ///< ELF
  std::filesystem::path app;                      ///< update file, signed with a key of `keys`
  std::filesystem::path keys;                     ///< key directory
  std::vector<std::filesystem::path> also_trust;  ///< further public keys, for the day the first is
                                                  ///< used up; BOOT can never be updated
  std::vector<std::filesystem::path> content_keys;  ///< further ones, such as one of this device's
                                                    ///< own; the key folder's comes first
  std::filesystem::path output_directory;
  std::string server;  ///< address of the update server to provision; empty: left to the MTA
};

struct ManResult {
  std::filesystem::path file;
  FileName name;
  std::size_t file_size = 0;
  base::Version boot;
  base::Version mta;
  base::Version app;
  std::vector<std::uint32_t> trusted_key_ids;
  std::vector<std::uint32_t> content_key_ids;
};

/// Builds the image, checks it with core as BOOT will, and writes it with mode 0600: it contains
/// the content key.
Result<ManResult> make_man_image(const ManRequest& request);

/// What BOOT checks at every reset, on a MAN image of man_extent.size bytes: factory block, BOOT's
/// CRC, MTA's digest, the installed APP with its signature.
Result<void> verify_man_image(base::Bytes bytes);

}  // namespace goldcrest::packer
