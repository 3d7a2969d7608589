// SPDX-License-Identifier: MIT
// The flat image that goes into flash, from an ELF file: BOOT or MTA at their one place, or an APP
// at its link base together with the list of words that must change when it runs from the other
// slot.
//
// Which words those are follows from the relocations the linker kept (`--emit-relocs`): a word that
// holds the address of something in the image moves along; an address of RAM or of a peripheral
// does not; a distance between two things in the image stays what it is. Whatever a list of words
// cannot express (a split address in MOVW/MOVT, a distance to something that does not move) is
// refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/image/flash_map.hpp"
#include "core/image/info.hpp"
#include "host/packer/elf_file.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

struct ProgramImage {
  image::Address base = 0;
  std::vector<std::uint8_t> bytes;  ///< from base on; gaps and padding to a whole word are 0
  image::Info info;
  std::vector<std::uint32_t> relocations;       ///< offsets from base, ascending; APP only
  std::optional<std::uint32_t> signature_type;  ///< as ElfFile has it
};

/// The section of the flash map that a program of that type must lie in, without what is reserved
/// there for the factory block or the slot's trailer.
image::Section place_of(image::ImageType type);

/// `name` is used in messages. Fails unless the Info record says `type`.
Result<ProgramImage> make_program_image(const ElfFile& elf, image::ImageType type,
                                        const std::string& name);
Result<ProgramImage> read_program_image(const std::filesystem::path& path, image::ImageType type);

/// Refuses a key of a type that the program does not check: a device made so would trust nobody.
Result<void> check_signature_type(const ProgramImage& program, const PublicKey& key,
                                  const std::string& name);

/// Offsets, ascending, of the words of an image at [base, end) that hold addresses of the image.
Result<std::vector<std::uint32_t>> find_relocations(const ElfFile& elf, image::Section image,
                                                    const std::string& name);

}  // namespace goldcrest::packer
