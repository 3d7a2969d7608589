// SPDX-License-Identifier: MIT
#include "host/lock/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "core/base/ensure.hpp"
#include "core/crypto/crc32.hpp"
#include "core/image/factory.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "host/packer/file_name.hpp"
#include "host/packer/memory_flash.hpp"
#include "host/packer/sha256.hpp"

namespace goldcrest::lock {

namespace {

using image::Slot;
using packer::MemoryFlash;

Finding boot(const MemoryFlash& flash, const image::Factory& factory) {
  const auto bytes = flash.view({image::boot_section.base, factory.boot_size});
  const bool good = crypto::Crc32::of(bytes) == factory.boot_crc32;
  return {.what = "BOOT is what the factory block says",
          .good = good,
          .detail = good ? fmt::format("{} bytes", factory.boot_size) : "its CRC-32 is another"};
}

Finding mta(const MemoryFlash& flash, const image::Factory& factory) {
  Finding finding{.what = "MTA is what the factory block says"};
  if (factory.mta_size == 0) {
    finding.detail = "there is none: nobody could set up or roll back this board";
  } else {
    finding.good = packer::sha256(flash.view({image::mta_section.base, factory.mta_size})) ==
                   factory.mta_digest;
    finding.detail =
        finding.good ? fmt::format("{} bytes", factory.mta_size) : "its SHA-256 is another";
  }
  return finding;
}

bool same(const image::TrustAnchor& anchor, const packer::PublicKey& key) {
  return anchor.key_id == key.id && anchor.type == key.signature_type &&
         std::ranges::equal(anchor.key(), key.key);
}

Finding trust(const image::Factory& factory, const packer::PublicKey& owner) {
  const auto* anchor = factory.trust_anchor(owner.id);
  const bool good = anchor != nullptr && same(*anchor, owner);
  return {
      .what = "the board trusts your signing key",
      .good = good,
      .detail = good ? fmt::format("{:08x}, one of {}", owner.id, factory.trust_anchors.size())
                     : fmt::format("it does not hold {:08x}: you could never update it", owner.id)};
}

// Whoever programmed the board could have given it a key of his own besides the owner's.
Finding strangers(const image::Factory& factory, const Expected& expected) {
  Finding finding{.what = "it trusts no key but those that you named", .good = true};
  for (const auto& anchor : factory.trust_anchors) {
    const bool named = same(anchor, expected.signing_key) ||
                       std::ranges::any_of(expected.spare_keys,
                                           [&](const auto& key) { return same(anchor, key); });
    if (named) continue;
    finding.good = false;
    finding.detail +=
        fmt::format("{}{:08x}", finding.detail.empty() ? "it trusts " : ", ", anchor.key_id);
  }
  if (!finding.good) {
    finding.detail +=
        ": name its public key with --also-trust if it is yours; if not, somebody else "
        "could update this board";
  }
  return finding;
}

// The checks in the factory block find accidents; who put in another BOOT made them fit.
Finding programmed(const MemoryFlash& flash, base::Bytes man_image) {
  Finding finding{.what = "BOOT, its keys and MTA are those of your MAN image"};
  if (man_image.empty()) {
    finding.detail = "not compared: name the file that was loaded with --man-image";
    finding.weight = Weight::nobody;
    return finding;
  }
  for (const auto& section : {image::boot_section, image::mta_section}) {
    const auto offset = section.base - image::flash_section.base;
    const bool there = man_image.size() >= offset + section.size;
    const auto bytes = flash.view(section);
    if (there && std::ranges::equal(bytes, man_image.subspan(offset, section.size))) continue;
    finding.detail = fmt::format("what lies at {:#010x} is something else", section.base);
    return finding;
  }
  finding.good = true;
  return finding;
}

// See docs/formats/flash-map.md.
Finding guard(const MemoryFlash& flash) {
  const auto bytes = flash.view(image::guard_section);
  const bool good = std::ranges::all_of(bytes, [](auto byte) { return byte == 0; });
  return {.what = "the second flash bank begins with nothing that the chip could start",
          .good = good,
          .detail = good ? ""
                         : fmt::format("there is something at {:#010x}: BOOT could be passed over",
                                       image::guard_section.base)};
}

Finding spare_key(const image::Factory& factory) {
  return {
      .what = "the board trusts a spare signing key, too",
      .good = factory.trust_anchors.size() > 1,
      .detail = factory.trust_anchors.size() > 1
                    ? ""
                    : "once the one key is used up, lost or stolen, that is for ever (goldcrest "
                      "man --also-trust)",
      .weight = Weight::nobody};
}

struct SlotView {
  std::optional<image::Manifest> authentic;
  image::SlotStatus status;
  std::string reason;  ///< why it is not authentic
};

SlotView look_at(MemoryFlash& flash, Slot slot, const image::Factory& factory) {
  SlotView view;
  if (const auto status = image::read_status(flash, slot)) view.status = *status;
  if (const auto verified = image::verify(flash, slot, factory)) {
    view.authentic = verified->manifest();
  } else {
    view.reason = image::describe(verified.error());
  }
  return view;
}

bool runs(const SlotView& slot) {
  return slot.authentic && slot.status.state() == image::SlotState::confirmed;
}

Finding application(const SlotView& app1, const SlotView& app2) {
  Finding finding{.what = "an authentic application is confirmed"};
  std::vector<std::string> parts;
  for (const auto& [name, slot] : {std::pair("APP1", &app1), std::pair("APP2", &app2)}) {
    finding.good = finding.good || runs(*slot);
    parts.push_back(slot->authentic
                        ? fmt::format("{} {}{}", name,
                                      packer::version_text(slot->authentic->version),
                                      runs(*slot) ? "" : " (not confirmed, or rejected)")
                        : fmt::format("{} none ({})", name, slot->reason));
  }
  finding.detail = fmt::format("{}, {}", parts[0], parts[1]);
  return finding;
}

// `goldcrest man` fills APP1 alone, and the first update goes to APP2.
Finding update_tried(const SlotView& app2) {
  const bool good = app2.authentic && app2.status.confirmed;
  return {.what = "an update has worked on this board",
          .good = good,
          .detail = good ? "APP2 was installed over the air and confirmed itself"
                         : "APP2 has never held an application that confirmed itself",
          .weight = Weight::level_2};
}

}  // namespace

std::vector<Finding> inspect(base::Bytes flash, const Expected& expected) {
  base::ensure(flash.size() == inspected_extent.size);
  MemoryFlash memory;
  base::ensure(memory.program(inspected_extent.base, flash).has_value());
  const auto factory = image::read_factory(memory);
  if (!factory) {
    return {
        {.what = "the factory block is valid",
         .detail = fmt::format("{}; is this board programmed?", image::describe(factory.error()))}};
  }
  const auto app1 = look_at(memory, Slot::app1, *factory);
  const auto app2 = look_at(memory, Slot::app2, *factory);
  return {{.what = "the factory block is valid",
           .good = true,
           .detail = fmt::format("product {}, {} content key(s)", factory->product.text(),
                                 factory->content_keys.size())},
          boot(memory, *factory),
          mta(memory, *factory),
          programmed(memory, expected.man_image),
          guard(memory),
          trust(*factory, expected.signing_key),
          strangers(*factory, expected),
          application(app1, app2),
          update_tried(app2),
          spare_key(*factory)};
}

std::vector<Finding> obstacles(const std::vector<Finding>& findings, bool level_2, bool untried) {
  std::vector<Finding> bad;
  std::ranges::copy_if(findings, std::back_inserter(bad), [&](const Finding& each) {
    return !each.good && (each.weight == Weight::every_lock ||
                          (each.weight == Weight::level_2 && level_2 && !untried));
  });
  return bad;
}

}  // namespace goldcrest::lock
