// SPDX-License-Identifier: MIT
// find_relocations(): the rules of docs/packer.md, "What an APP must not contain". Relocation types
// are those of "ELF for the Arm Architecture", section 4.6. The words of a linked file already hold
// their final value (symbol + addend, with the Thumb bit); the linker keeps the relocation only as
// a note of where it wrote.
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>

#include "host/packer/program_image.hpp"

namespace goldcrest::packer {
namespace {

constexpr std::uint32_t reset_vector_offset = 4;

enum class Treatment { ignore, word, target1_word, distance, branch, split_address, unsupported };

Treatment treatment_of(std::uint32_t type) {
  switch (type) {
    case R_ARM_NONE:
    case R_ARM_V4BX:
      return Treatment::ignore;
    case R_ARM_ABS32:
    case R_ARM_ABS32_NOI:
      return Treatment::word;
    case R_ARM_TARGET1:
      return Treatment::target1_word;
    case R_ARM_THM_PC22:  // THM_CALL
    case R_ARM_THM_JUMP24:
      return Treatment::branch;
    case R_ARM_REL32:
    case R_ARM_REL32_NOI:
    case R_ARM_PREL31:
    case R_ARM_THM_PC8:
    case R_ARM_THM_JUMP19:
    case R_ARM_THM_JUMP6:
    case R_ARM_THM_ALU_PREL_11_0:
    case R_ARM_THM_PC12:
    case R_ARM_THM_PC11:  // THM_JUMP11
    case R_ARM_THM_PC9:   // THM_JUMP8
    case R_ARM_THM_MOVW_PREL_NC:
    case R_ARM_THM_MOVT_PREL:
      return Treatment::distance;
    case R_ARM_MOVW_ABS_NC:
    case R_ARM_MOVT_ABS:
    case R_ARM_THM_MOVW_ABS_NC:
    case R_ARM_THM_MOVT_ABS:
    case R_ARM_ABS16:
    case R_ARM_ABS12:
    case R_ARM_ABS8:
    case R_ARM_THM_ABS5:
      return Treatment::split_address;
    default:
      return Treatment::unsupported;
  }
}

std::string type_name(std::uint32_t type) {
  switch (type) {
    case R_ARM_ABS32:
      return "R_ARM_ABS32";
    case R_ARM_TARGET1:
      return "R_ARM_TARGET1";
    case R_ARM_TARGET2:
      return "R_ARM_TARGET2";
    case R_ARM_REL32:
      return "R_ARM_REL32";
    case R_ARM_PREL31:
      return "R_ARM_PREL31";
    case R_ARM_THM_PC22:
      return "R_ARM_THM_CALL";
    case R_ARM_THM_JUMP24:
      return "R_ARM_THM_JUMP24";
    case R_ARM_THM_MOVW_ABS_NC:
      return "R_ARM_THM_MOVW_ABS_NC";
    case R_ARM_THM_MOVT_ABS:
      return "R_ARM_THM_MOVT_ABS";
    case R_ARM_GOT32:
      return "R_ARM_GOT_BREL";
    case R_ARM_GOTOFF:
      return "R_ARM_GOTOFF32";
    case R_ARM_GOTPC:
      return "R_ARM_BASE_PREL";
    case R_ARM_GOT_PREL:
      return "R_ARM_GOT_PREL";
    default:
      return fmt::format("R_ARM type {}", type);
  }
}

/// Where a Thumb BL or B.W (encoding T4) goes, relative to its own address + 4; ARMv7-M manual
/// section A7.7.18.
std::int32_t branch_distance(std::uint16_t first, std::uint16_t second) {
  const std::uint32_t s = (first >> 10) & 1;
  const std::uint32_t i1 = ~((second >> 13) ^ s) & 1;
  const std::uint32_t i2 = ~((second >> 11) ^ s) & 1;
  const std::uint32_t distance = s << 24 | i1 << 23 | i2 << 22 |
                                 (std::uint32_t{first} & 0x3FF) << 12 |
                                 (std::uint32_t{second} & 0x7FF) << 1;
  return static_cast<std::int32_t>(distance << 7) >> 7;
}

class Scan {
 public:
  Scan(const ElfFile& elf, image::Section image, const std::string& name)
      : elf_(elf), image_(image), name_(name) {}

  Result<std::vector<std::uint32_t>> run() {
    if (elf_.relocations.empty()) {
      return problem(
          fmt::format("{}: no relocations were kept; link the APP with -Wl,--emit-relocs", name_));
    }
    for (const auto& relocation : elf_.relocations) {
      if (auto done = visit(relocation); !done) return std::unexpected(done.error());
    }
    std::ranges::sort(offsets_);
    if (const auto twin = std::ranges::adjacent_find(offsets_); twin != offsets_.end()) {
      return problem(
          fmt::format("{}: the word at 0x{:08X} is relocated twice", name_, image_.base + *twin));
    }
    if (!std::ranges::binary_search(offsets_, reset_vector_offset)) {
      return problem(
          fmt::format("{}: the reset vector at 0x{:08X} has no relocation; was the whole "
                      "APP linked with -Wl,--emit-relocs?",
                      name_, image_.base + reset_vector_offset));
    }
    return std::move(offsets_);
  }

 private:
  /// The image's end counts too: symbols mark it.
  bool in_image(std::uint32_t address) const {
    return address >= image_.base && address <= image_.end();
  }
  bool symbol_moves(const ElfRelocation& relocation) const {
    return relocation.symbol_defined && in_image(relocation.symbol_value);
  }
  const ElfSection& section_of(const ElfRelocation& relocation) const {
    return elf_.sections[relocation.section];
  }
  /// Whether the code or data at the relocation runs from the image, not from RAM.
  bool place_moves(const ElfRelocation& relocation) const { return in_image(relocation.address); }

  std::unexpected<Problem> refuse(const ElfRelocation& relocation, std::string_view why) const {
    return problem(fmt::format("{}: {} to {} at 0x{:08X} in section {}: {}", name_,
                               type_name(relocation.type), relocation.symbol, relocation.address,
                               section_of(relocation).name, why));
  }

  Result<void> visit(const ElfRelocation& relocation) {
    const auto treatment = treatment_of(relocation.type);
    if (treatment == Treatment::ignore) return {};
    const auto& section = section_of(relocation);
    const std::uint64_t offset = std::uint64_t{relocation.address} - section.address;
    if (relocation.address < section.address || offset > section.bytes.size()) {
      return refuse(relocation, "it lies outside its section; the file is damaged");
    }
    switch (treatment) {
      case Treatment::word:
      case Treatment::target1_word:
        return visit_word(relocation, static_cast<std::size_t>(offset));
      case Treatment::branch:
        return visit_branch(relocation, static_cast<std::size_t>(offset));
      case Treatment::distance:
        return visit_distance(relocation);
      case Treatment::split_address:
        if (!symbol_moves(relocation)) return {};
        return refuse(relocation,
                      "an address of the image that is no plain 32-bit word cannot be "
                      "relocated; compile with -mword-relocations, so that "
                      "addresses come from literal pools");
      default:
        return refuse(relocation,
                      "this kind of relocation is not supported in an APP; compile "
                      "without -fpic and without thread-local variables");
    }
  }

  Result<void> visit_word(const ElfRelocation& relocation, std::size_t offset) {
    const auto& section = section_of(relocation);
    if (section.bytes.size() < 4 || offset > section.bytes.size() - 4) {
      return refuse(relocation, "it lies outside its section; the file is damaged");
    }
    const std::uint32_t value = base::load_le32(section.bytes.data() + offset);
    if (!symbol_moves(relocation)) {
      if (in_image(value)) {
        return refuse(relocation,
                      "the value lies in the image, the symbol does not; it is not "
                      "clear whether it moves with the image");
      }
      const auto slot = image::app1_section;
      if (relocation.symbol_defined && slot.contains(value)) {
        return refuse(relocation,
                      "it points into the slot behind the image, which neither stays nor "
                      "moves with the image; take such addresses from the flash map");
      }
      return {};
    }
    if (relocation.type == R_ARM_TARGET1 && !in_image(value)) {
      return refuse(relocation, "it is not an address; link with --target1-abs");
    }
    const std::uint64_t place = std::uint64_t{section.load_address} + offset;
    if ((place - image_.base) % image::word_size != 0) {
      return refuse(relocation,
                    "an address that is not word-aligned cannot be relocated; do not "
                    "keep pointers in packed structures");
    }
    offsets_.push_back(static_cast<std::uint32_t>(place - image_.base));
    return {};
  }

  Result<void> visit_distance(const ElfRelocation& relocation) {
    if (place_moves(relocation) == symbol_moves(relocation)) return {};
    return refuse(relocation,
                  "the distance between something that moves with the image and "
                  "something that does not cannot be relocated");
  }

  Result<void> visit_branch(const ElfRelocation& relocation, std::size_t offset) {
    if (place_moves(relocation) == symbol_moves(relocation)) return {};
    const auto& section = section_of(relocation);
    if (section.bytes.size() < 4 || offset > section.bytes.size() - 4) {
      return refuse(relocation, "it lies outside its section; the file is damaged");
    }
    const std::uint16_t first = base::load_le16(section.bytes.data() + offset);
    const std::uint16_t second = base::load_le16(section.bytes.data() + offset + 2);
    // The linker makes a call of an undefined weak function a NOP.W.
    if (!relocation.symbol_defined && first == 0xF3AF && second == 0x8000) return {};
    // A call from the image to a function in RAM goes through a veneer in the image, which holds
    // the fixed address as a word.
    const std::uint32_t target =
        relocation.address + 4 + static_cast<std::uint32_t>(branch_distance(first, second));
    if (place_moves(relocation) && in_image(target)) return {};
    return refuse(relocation,
                  "a branch between code that moves with the image and code that does "
                  "not cannot be relocated; call through a function pointer "
                  "(-mlong-calls)");
  }

  const ElfFile& elf_;
  image::Section image_;
  const std::string& name_;
  std::vector<std::uint32_t> offsets_;
};

}  // namespace

Result<std::vector<std::uint32_t>> find_relocations(const ElfFile& elf, image::Section image,
                                                    const std::string& name) {
  return Scan(elf, image, name).run();
}

}  // namespace goldcrest::packer
