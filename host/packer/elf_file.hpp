// SPDX-License-Identifier: MIT
// An ARM executable as libelf reads it, taken into plain values: what it loads, its symbols and the
// relocations that `--emit-relocs` kept. Every offset and size in the file is checked here, so that
// nothing behind this has to doubt them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

/// A section that goes into the image: where it runs (address) and where it is stored
/// (load_address). The two differ for initialised data, which startup code copies to RAM.
struct ElfSection {
  std::string name;
  std::uint32_t address = 0;
  std::uint32_t load_address = 0;
  std::vector<std::uint8_t> bytes;
};

struct ElfRelocation {
  std::uint32_t type = 0;     ///< R_ARM_…, as elf.h numbers them
  std::uint32_t address = 0;  ///< where the word or instruction runs
  std::size_t section = 0;    ///< index into ElfFile::sections
  std::string symbol;         ///< for messages; a section's name for a section symbol
  std::uint32_t symbol_value = 0;
  bool symbol_defined = false;
};

struct ElfFile {
  std::vector<ElfSection> sections;  ///< in order of load_address, never overlapping
  std::vector<ElfRelocation> relocations;
  /// The value of the absolute symbol goldcrest_signature_type: the type of signature, as manifests
  /// number them, that the program checks. Nothing when the program does not say.
  std::optional<std::uint32_t> signature_type;

  /// `name` is used in messages only.
  static Result<ElfFile> parse(std::vector<std::uint8_t> bytes, const std::string& name);
  static Result<ElfFile> read(const std::filesystem::path& path);
};

}  // namespace goldcrest::packer
