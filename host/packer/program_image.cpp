// SPDX-License-Identifier: MIT
#include "host/packer/program_image.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/image/slot.hpp"

namespace goldcrest::packer {

using image::ImageType;

image::Section place_of(ImageType type) {
  switch (type) {
    case ImageType::boot:
      return {image::boot_section.base, image::factory_section.base - image::boot_section.base};
    case ImageType::mta:
      return image::mta_section;
    case ImageType::app:
      break;
  }
  return {image::link_base, image::manifest_offset};
}

namespace {

const char* name_of(ImageType type) {
  switch (type) {
    case ImageType::boot:
      return "BOOT";
    case ImageType::mta:
      return "MTA";
    case ImageType::app:
      break;
  }
  return "APP";
}

Result<std::vector<std::uint8_t>> flatten(const ElfFile& elf, ImageType type,
                                          const std::string& name) {
  const auto place = place_of(type);
  std::vector<std::uint8_t> bytes;
  for (const auto& section : elf.sections) {
    const std::uint64_t end = std::uint64_t{section.load_address} + section.bytes.size();
    if (section.load_address < place.base || end > place.end()) {
      return problem(fmt::format(
          "{}: section {} (0x{:08X} to 0x{:08X}) lies outside the place of {}, 0x{:08X} to "
          "0x{:08X}; "
          "check the linker script and the size",
          name, section.name, section.load_address, end, name_of(type), place.base, place.end()));
    }
    if (bytes.empty() && section.load_address != place.base) {
      return problem(
          fmt::format("{}: it does not start at the base of {}, 0x{:08X}, but with {} at "
                      "0x{:08X}; check the linker script",
                      name, name_of(type), place.base, section.name, section.load_address));
    }
    bytes.resize(static_cast<std::size_t>(end - place.base));
    std::ranges::copy(section.bytes, bytes.begin() + (section.load_address - place.base));
  }
  bytes.resize(image::round_up(static_cast<std::uint32_t>(bytes.size()), image::word_size));
  return bytes;
}

}  // namespace

Result<ProgramImage> make_program_image(const ElfFile& elf, ImageType type,
                                        const std::string& name) {
  auto bytes = flatten(elf, type, name);
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() < image::info_offset + image::info_size) {
    return problem(fmt::format("{}: too short for a program with an Info record at 0x{:X}", name,
                               image::info_offset));
  }
  const auto info = image::parse_info(base::Bytes(*bytes).subspan(image::info_offset));
  if (!info) {
    return problem(fmt::format("{}: the Info record at 0x{:X} is not valid: {}", name,
                               image::info_offset, image::describe(info.error())));
  }
  if (info->type != type) {
    return problem(fmt::format("{}: the Info record says that this is {}, but {} is wanted here",
                               name, name_of(info->type), name_of(type)));
  }
  ProgramImage program{place_of(type).base, std::move(*bytes), *info, {}, elf.signature_type};
  if (type == ImageType::app) {
    const image::Section extent{program.base, static_cast<std::uint32_t>(program.bytes.size())};
    auto relocations = find_relocations(elf, extent, name);
    if (!relocations) return std::unexpected(relocations.error());
    program.relocations = std::move(*relocations);
  }
  return program;
}

Result<ProgramImage> read_program_image(const std::filesystem::path& path, ImageType type) {
  const auto elf = ElfFile::read(path);
  if (!elf) return std::unexpected(elf.error());
  return make_program_image(*elf, type, path.string());
}

Result<void> check_signature_type(const ProgramImage& program, const PublicKey& key,
                                  const std::string& name) {
  const auto type = program.signature_type;
  if (!type || *type == static_cast<std::uint32_t>(key.signature_type)) return {};
  return problem(fmt::format(
      "{} is built to check {} signatures, the key {:08x} is one of {}: build it with "
      "GOLDCREST_SIGNATURE={} or use another key",
      name, name_of(static_cast<image::SignatureType>(*type)), key.id, name_of(key.signature_type),
      key.signature_type == image::SignatureType::lms ? "lms" : "p256"));
}

}  // namespace goldcrest::packer
