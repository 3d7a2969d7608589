// SPDX-License-Identifier: MIT
// Any bytes as an ELF file, up to the finished image.
#include "host/packer/program_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  const auto elf = packer::ElfFile::parse({data, data + size}, "fuzz");
  if (!elf) return 0;
  for (const auto type : {image::ImageType::boot, image::ImageType::mta, image::ImageType::app}) {
    const auto program = packer::make_program_image(*elf, type, "fuzz");
    if (!program) continue;
    for (const auto offset : program->relocations) {
      if (offset % 4 != 0 || offset + 4 > program->bytes.size()) __builtin_trap();
    }
  }
  return 0;
}
