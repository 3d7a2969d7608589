// SPDX-License-Identifier: MIT
// A device as the tests of update see it: a simulated flash with a factory block, a running
// confirmed application in APP1, and the way to install into the other slot.
#pragma once

#include <optional>
#include <vector>

#include "core/image/test_image.hpp"
#include "core/update/boot_decision.hpp"
#include "core/update/installer.hpp"
#include "core/update/slots.hpp"

namespace goldcrest::update::testing {

using image::Slot;
using image::SlotState;
using image::testing::Buffer;
using image::testing::Image;
using image::testing::make_image;

inline constexpr base::Version old_version{1, 0, 31};
inline constexpr base::Version new_version{1, 1, 31};

inline const Image& old_image() {
  static const Image image = make_image({.version = old_version, .seed = 1});
  return image;
}
inline const Image& new_image() {
  static const Image image = make_image(
      {.version = new_version, .sequence = 2, .image_size = 1304, .relocations = 30, .seed = 2});
  return image;
}

inline const image::Factory& factory() {
  static const image::Factory factory = image::testing::factory(true);
  return factory;
}

/// APP1 holds the old application, confirmed; APP2 is empty.
inline sim::SimulatedFlash device() {
  sim::SimulatedFlash flash;
  image::testing::lay_out_factory(flash, factory());
  image::testing::lay_out(flash, Slot::app1, old_image(), SlotState::confirmed);
  flash.reset_operations();
  return flash;
}

/// The bytes of a slot; a copy, for comparing later.
inline Buffer slot_bytes(const sim::SimulatedFlash& flash, Slot slot) {
  const auto bytes = flash.memory(section_of(slot));
  return {bytes.begin(), bytes.end()};
}

/// Writes a file in pieces of `step` bytes and finishes; the running image is the one in `running`.
inline std::expected<image::VerifiedImage, InstallError> install(
    image::Flash& flash, base::Bytes file, Slot running = Slot::app1, std::size_t step = 256,
    std::span<const crypto::Digest> rejected = {}) {
  const auto current = running_image(flash, running);
  base::ensure(current.has_value());
  Installer installer(flash, factory(), *current, rejected);
  installer.begin();
  for (; !file.empty(); file = file.subspan(std::min(step, file.size()))) {
    const auto written = installer.write(file.first(std::min(step, file.size())));
    if (!written) return std::unexpected(written.error());
  }
  return installer.finish();
}

}  // namespace goldcrest::update::testing
