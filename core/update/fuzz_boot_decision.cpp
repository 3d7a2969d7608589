// SPDX-License-Identifier: MIT
// BOOT fed flash contents. The input lays images of its choice into both slots, good ones and such
// that must never run, changes the flash in any place, and resets the board again and again, also
// with power cuts and with an application that confirms or rejects itself in between. Whatever the
// flash holds: what starts is, byte for byte, one of the good images, and keeps to the policy of a
// good one that stands confirmed in the other slot, rejected or not, unless it overrules that; the
// confirmed good one of the highest version that the other does not forbid does start; BOOT writes
// state words only.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "core/update/policy.hpp"
#include "core/update/test_device.hpp"

using namespace goldcrest;
using namespace goldcrest::update::testing;

namespace {

using Result = std::expected<void, image::FlashError>;

constexpr std::array slots{Slot::app1, Slot::app2};
constexpr std::size_t good_images = 6;

/// The first `good_images` are signed, for this product, with keys that the device trusts.
const std::vector<Image>& images() {
  static const std::vector<Image> all = [] {
    const auto newest =
        make_image({.version = {1, 2, 31}, .sequence = 3, .image_size = 2048, .seed = 3});
    auto other_product = make_image({.version = {9, 0, 0}, .sequence = 4, .seed = 4});
    other_product.manifest.product = *image::ProductId::from_text("OTA-ANOTHER");
    other_product.sign();
    auto other_key = make_image({.version = {9, 0, 1}, .sequence = 5, .seed = 5});
    const crypto::LmsTestSigner forger(10, 7, {9, 2, 6}, Buffer(24, 0x11));
    other_key.signature = forger.sign(5, image::emit_manifest(other_key.manifest));
    const auto same_counter = make_image({.version = {1, 3, 31}, .sequence = 2, .seed = 6});
    const auto by_spare = make_image({.version = {1, 4, 31},
                                      .sequence = 3,
                                      .seed = 7,
                                      .signing_key = image::testing::spare_key_id,
                                      .revoked_keys = {image::testing::signing_key_id}});
    const auto by_revoked = make_image({.version = {1, 5, 31},
                                        .sequence = 9,
                                        .seed = 8,
                                        .revoked_keys = {image::testing::spare_key_id}});
    return std::vector{old_image(), new_image(), newest,        same_counter,
                       by_spare,    by_revoked,  other_product, other_key};
  }();
  return all;
}

const sim::SimulatedFlash& manufactured() {
  static const sim::SimulatedFlash flash = [] {
    sim::SimulatedFlash made;
    image::testing::lay_out_factory(made, factory());
    return made;
  }();
  return flash;
}

/// The flash as BOOT may use it: it erases nothing, and writes words of the two state pages only.
class BootFlash final : public image::Flash {
 public:
  explicit BootFlash(sim::SimulatedFlash& flash) : flash_(flash) {}

  Result read(image::Address address, base::MutableBytes out) override {
    return flash_.read(address, out);
  }
  Result erase_page(image::Address) override { std::abort(); }
  Result program_word(image::Address address, std::uint32_t value) override {
    const bool state = std::ranges::any_of(slots, [&](Slot slot) {
      return section_of(slot).contains(address) &&
             address >= section_of(slot).base + image::state_offset;
    });
    if (!state) std::abort();
    return flash_.program_word(address, value);
  }
  Result program_half_page(image::Address, base::Bytes) override { std::abort(); }

 private:
  sim::SimulatedFlash& flash_;
};

bool holds(const sim::SimulatedFlash& flash, image::Address address, const Buffer& bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  return std::ranges::equal(flash.memory({address, size}), bytes);
}

class Bench {
 public:
  explicit Bench(base::Bytes input) : input_(input), flash_(manufactured()) {}

  void run() {
    for (const auto slot : slots) lay_out(slot);
    while (input_.ok() && input_.remaining() > 0) act();
    // However it has ended, three resets more are survived.
    for (int reset = 0; reset < 3; ++reset) boot();
  }

 private:
  void lay_out(Slot slot) {
    const auto what = input_.u8();
    const auto number = what % (images().size() + 1);
    if (number == images().size()) return;
    const auto& image = images()[number];
    const auto base = section_of(slot).base;
    image::testing::load_padded(flash_, base, image::testing::relocated(image, slot));
    image::testing::load_padded(
        flash_, base + image::relocation_table_offset(image.manifest.relocation_size), image.table);
    image::testing::load_padded(flash_, base + image::manifest_offset, image.header());
    (void)image::set_state(flash_, slot, image::StateGroup::installed);
    if ((what & 0x40) != 0) (void)update::confirm(flash_, slot);
    if ((what & 0x80) != 0) (void)update::reject(flash_, slot);
  }

  void act() {
    const auto action = input_.u8();
    const auto slot = slots[(action & 0x80) != 0 ? 1 : 0];
    switch (action % 8) {
      case 0:
        return change(place(slot));
      case 1:
        return write(place(slot));
      case 2:
        return copy_page(slot);
      case 3:
        return cut_during_boot();
      case 4:
        return (void)update::confirm(flash_, slot);
      case 5:
        return (void)update::reject(flash_, slot);
      case 6:
        return change(input_.le32() % flash_size);
      default:
        return boot();
    }
  }

  /// A word of the slot: of its trailer four times out of five, where manifest and state lie.
  std::uint32_t place(Slot slot) {
    const auto offset = input_.le16();
    const auto inside =
        offset % 5 != 0 ? image::manifest_offset + offset % image::trailer_size : offset % 4096u;
    return section_of(slot).base - image::flash_section.base + inside;
  }

  void change(std::uint32_t offset) {
    auto word = word_at(offset);
    word[offset % 4] ^= input_.u8();
    flash_.load(aligned(offset), word);
  }

  void write(std::uint32_t offset) {
    for (auto count = input_.u8() % 32u; count > 0; --count, offset += 4) {
      if (offset >= flash_size || input_.remaining() < 4) return;
      std::array<std::uint8_t, 4> word;
      base::store_le32(word.data(), input_.le32());
      flash_.load(aligned(offset), word);
    }
  }

  /// From one slot to the same place in the other: what mixing two images would leave.
  void copy_page(Slot to) {
    const auto offset = place(to) / image::page_size * image::page_size;
    const auto other = section_of(image::other(to)).base - section_of(to).base;
    const auto from = image::flash_section.base + offset + other;
    if (!image::flash_section.contains(from)) return;
    const auto bytes = flash_.memory({from, image::page_size});
    const Buffer copy(bytes.begin(), bytes.end());
    flash_.load(image::flash_section.base + offset, copy);
  }

  std::array<std::uint8_t, 4> word_at(std::uint32_t offset) const {
    std::array<std::uint8_t, 4> word;
    std::ranges::copy(flash_.memory({aligned(offset), 4}), word.begin());
    return word;
  }
  static image::Address aligned(std::uint32_t offset) {
    return image::flash_section.base + offset / 4 * 4;
  }

  void cut_during_boot() {
    flash_.reset_operations();
    const auto operation = input_.u8() % 16u;
    const auto point = static_cast<sim::CutPoint>(input_.u8() % 3);
    flash_.cut_at(operation, point, input_.u8());
    try {
      boot();
    } catch (const sim::PowerCut&) {
    }
    flash_.disarm();
  }

  void boot() {
    // What BOOT does at every reset; without a factory block it stops.
    const auto factory = image::read_factory(flash_);
    if (!factory) return;
    const auto best = best_confirmed();
    BootFlash flash(flash_);
    const auto choice = update::decide(flash, *factory);
    if (best && (!choice || choice->image.version() < *best)) std::abort();
    if (choice && !good(*choice)) std::abort();
    if (choice && !keeps_to_policy(*choice)) std::abort();
  }

  bool holds_good_image(Slot slot, const Image& image) const {
    const auto base = section_of(slot).base;
    return holds(flash_, base, image::testing::relocated(image, slot)) &&
           holds(flash_, base + image::relocation_table_offset(image.manifest.relocation_size),
                 image.table) &&
           holds(flash_, base + image::manifest_offset, image.header());
  }

  const Image* good_image(Slot slot) const {
    for (std::size_t i = 0; i < good_images; ++i) {
      if (holds_good_image(slot, images()[i])) return &images()[i];
    }
    return nullptr;
  }
  const Image* confirmed_image(Slot slot) {
    const auto status = image::read_status(flash_, slot);
    return status && status->state() == SlotState::confirmed ? good_image(slot) : nullptr;
  }
  bool lays_down(Slot slot) {
    const auto status = image::read_status(flash_, slot);
    return status && update::lays_down(*status);
  }

  /// As long as every word of the state reads the same each time.
  bool keeps_to_policy(const update::BootChoice& choice) {
    if (flash_.flaky_words() > 0) return true;
    const auto other = image::other(choice.image.slot());
    const auto* policy = lays_down(other) ? good_image(other) : nullptr;
    return policy == nullptr ||
           !update::forbids(policy->manifest, choice.image.manifest(), !choice.trial);
  }

  bool good(const update::BootChoice& choice) const {
    return std::ranges::any_of(slots, [&](Slot slot) {
      return choice.image.vector_table() == section_of(slot).base &&
             std::any_of(images().begin(), images().begin() + good_images, [&](const Image& image) {
               return choice.image.version() == image.manifest.version &&
                      holds_good_image(slot, image);
             });
    });
  }

  /// The highest version of the good images that stand confirmed and are not forbidden by the other
  /// one, as long as every word of the state reads the same each time and the device still trusts
  /// its keys. Of the other slot the manifest alone counts.
  std::optional<base::Version> best_confirmed() {
    std::optional<base::Version> best;
    const bool trusted = holds(flash_, image::factory_section.base, factory_block());
    if (!trusted || flash_.flaky_words() > 0) return best;
    for (const auto slot : slots) {
      const auto* image = confirmed_image(slot);
      if (image == nullptr) continue;
      const auto other = image::other(slot);
      const auto policy = image::read_manifest(flash_, other);
      const bool counts = policy && lays_down(other) &&
                          update::forbids(*policy, image->manifest, true) &&
                          image::verify_manifest(flash_, other, image::testing::factory(true));
      if (counts) continue;
      const auto& version = image->manifest.version;
      if (!best || *best < version) best = version;
    }
    return best;
  }

  static const Buffer& factory_block() {
    static const Buffer block = [] {
      const auto bytes = manufactured().memory(image::factory_section);
      return Buffer(bytes.begin(), bytes.end());
    }();
    return block;
  }

  static constexpr std::uint32_t flash_size = image::flash_section.size;
  base::ByteReader input_;
  sim::SimulatedFlash flash_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bench(base::Bytes(data, std::min<std::size_t>(size, 512))).run();
  return 0;
}
