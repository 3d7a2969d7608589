// SPDX-License-Identifier: MIT
// A valid slot with the changes that the input lists (u24 offset, u8 exclusive-or): it verifies if
// and only if no byte that counts has changed.
#include <cstdlib>
#include <map>

#include "core/image/test_image.hpp"
#include "core/image/verify.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  static const auto factory = image::testing::factory();
  static const auto image = image::testing::make_image();
  static sim::SimulatedFlash flash = [] {
    sim::SimulatedFlash laid_out;
    image::testing::lay_out(laid_out, image::Slot::app2, image, image::SlotState::empty);
    return laid_out;
  }();
  const auto base = image::section_of(image::Slot::app2).base;
  const auto toggle = [&](std::uint32_t offset, std::uint8_t by) {
    std::array<std::uint8_t, 4> word;
    if (!flash.read(base + offset / 4 * 4, word)) std::abort();
    word[offset % 4] ^= by;
    flash.load(base + offset / 4 * 4, word);
  };
  std::map<std::uint32_t, std::uint8_t> changes;
  for (base::ByteReader reader({data, size}); reader.remaining() >= 4;) {
    const auto low = reader.le16();
    const std::uint32_t offset = (low | (std::uint32_t{reader.u8()} << 16)) % 0x30000u;
    changes[offset] ^= reader.u8();
  }
  const auto table = image::relocation_table_offset(image.manifest.relocation_size);
  bool counts = false;
  for (const auto& [offset, by] : changes) {
    toggle(offset, by);
    const bool in_use = offset < image.manifest.image_size ||
                        (offset >= table && offset < table + image.manifest.relocation_size) ||
                        (offset >= image::manifest_offset &&
                         offset < image::manifest_offset + image.header().size());
    counts |= in_use && by != 0;
  }
  if (image::verify(flash, image::Slot::app2, factory).has_value() == counts) std::abort();
  for (const auto& [offset, by] : changes) toggle(offset, by);
  return 0;
}
