// SPDX-License-Identifier: MIT
// `goldcrest pack`: from the APP's ELF file to the signed and encrypted update file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/packer/file_name.hpp"
#include "host/packer/problem.hpp"
#include "host/packer/sign_command.hpp"
#include "host/packer/signing_key.hpp"
#include "host/packer/update_file.hpp"

namespace goldcrest::packer {

struct PackRequest {
  std::filesystem::path elf;
  std::filesystem::path keys;              ///< key directory
  std::filesystem::path output_directory;  ///< created when missing
  UpdateOptions update;
  SigningOptions signing;
  std::filesystem::path content_key{};  ///< encrypts in place of the key folder's own
  SignCommand sign_command{};  ///< signs in place of the key folder's own key, if there is one
  /// Also if devices that run another release of the output folder would refuse this one, or the
  /// other way round.
  bool despite_conflict = false;
};

struct PackResult {
  std::filesystem::path file;
  FileName name;
  std::size_t file_size = 0;
  image::Manifest manifest;
  /// Of an LMS key of ours: the leaf that signed, and how many are left.
  std::optional<std::uint32_t> signature_index;
  std::optional<std::uint32_t> signatures_left;
  std::vector<std::string> warnings;
};

/// Everything that can fail is tried before a leaf of the signing key is spent; the file is
/// verified with core before it gets its name.
Result<PackResult> pack(const PackRequest& request);

}  // namespace goldcrest::packer
