// SPDX-License-Identifier: MIT
#include "sim/skip/situation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <utility>

#include "core/base/ensure.hpp"
#include "core/image/digest.hpp"
#include "core/image/verify.hpp"
#include "core/update/installer.hpp"
#include "core/update/policy.hpp"
#include "core/update/slots.hpp"
#include "host/packer/lms_signer.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::sim {
namespace {

using image::Slot;
using image::StateGroup;

constexpr Slot authentic_slot = Slot::app1;
constexpr Slot forged_slot = Slot::app2;
constexpr auto forged_section = image::section_of(forged_slot);

/// What the attacker works on: a board as it was manufactured and updated.
class Workbench {
 public:
  /// `flash` holds a factory block, and an installed update.
  Workbench(const SimulatedFlash& flash, std::uint64_t seed)
      : flash_(flash),
        random_(seed),
        factory_(image::read_factory(flash_).value()),
        manifest_(image::read_manifest(flash_, forged_slot).value()) {}

  FlashContent content() const {
    const auto bytes = flash_.memory(image::flash_section);
    return {bytes.begin(), bytes.end()};
  }
  const image::Manifest& manifest() const { return manifest_; }
  const image::Factory& factory() const { return factory_; }

  void erase(const image::Section& section) {
    flash_.load(section.base, FlashContent(section.size));
  }
  void set(StateGroup group) {
    base::ensure(image::set_state(flash_, forged_slot, group).has_value());
  }
  void take_back_confirmation() {
    flash_.load(forged_section.base + image::state_offset, FlashContent(image::page_size));
    set(StateGroup::installed);
  }
  /// One bit of the word at `address`, chosen by the seed.
  void flip_bit(image::Address address) {
    std::array<std::uint8_t, image::word_size> word{};
    base::ensure(flash_.read(address, word).has_value());
    const auto bit = random_() % 32;
    word.at(bit / 8) = static_cast<std::uint8_t>(word.at(bit / 8) ^ (1u << bit % 8));
    flash_.load(address, word);
  }
  /// The attacker's code: other bytes in the middle of the image.
  void replace_code(image::Address begin, std::uint32_t size) {
    flash_.load(begin + size / 8 * 4, random_bytes(256));
  }
  void put_manifest(const image::Manifest& manifest) {
    manifest_ = manifest;
    flash_.load(forged_section.base + image::manifest_offset, image::emit_manifest(manifest));
  }
  /// All that can be made right without the owner's key.
  void describe_truly() {
    const auto digest = image::canonical_digest(flash_, forged_slot, manifest_);
    base::ensure(digest.has_value());
    manifest_.digest = *digest;
    put_manifest(manifest_);
  }
  void put_signature(FlashContent signature) {
    signature.resize(image::round_up(manifest_.signature_size, image::word_size));
    flash_.load(forged_section.base + image::manifest_offset + image::manifest_size, signature);
  }
  FlashContent signature() {
    FlashContent bytes(manifest_.signature_size);
    base::ensure(
        flash_.read(forged_section.base + image::manifest_offset + image::manifest_size, bytes)
            .has_value());
    return bytes;
  }
  void make_factory_of(const image::ProductId& product) {
    factory_.product = product;
    std::array<std::uint8_t, image::factory_size> block{};
    base::ensure(image::emit_factory(factory_, block).has_value());
    flash_.load(image::factory_section.base, block);
  }
  FlashContent random_bytes(std::size_t count) {
    FlashContent bytes(count);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }

 private:
  SimulatedFlash flash_;
  std::mt19937_64 random_;
  image::Factory factory_;
  image::Manifest manifest_;
};

/// A true signature by a key of the same kind that the board does not trust. Its tree has random
/// nodes: whoever does not know the key's seed cannot tell.
FlashContent foreign_signature(Workbench& bench) {
  const auto* anchor = bench.factory().trust_anchor(bench.manifest().signing_key_id);
  base::ensure(anchor != nullptr);
  const auto key = anchor->key();
  const auto type = [&](std::size_t at) {
    return std::uint32_t{key[at]} << 24 | std::uint32_t{key[at + 1]} << 16 |
           std::uint32_t{key[at + 2]} << 8 | key[at + 3];
  };
  const auto parameters = packer::LmsParameters::from_types(type(0), type(4));
  base::ensure(parameters.has_value());
  const packer::LmsSecret secret(*parameters, {1, 2, 3}, bench.random_bytes(parameters->n));
  const auto tree = packer::LmsTree::from_nodes(
      *parameters, bench.random_bytes(std::size_t{2} * parameters->leaves() * parameters->n));
  base::ensure(tree.has_value());
  return packer::lms_sign(secret, *tree, 0, bench.random_bytes(parameters->n),
                          image::emit_manifest(bench.manifest()));
}

/// Type codes and leaf stay: what is refused at first sight proves little.
FlashContent garbage_signature(Workbench& bench) {
  auto signature = bench.signature();
  const auto* anchor = bench.factory().trust_anchor(bench.manifest().signing_key_id);
  base::ensure(anchor != nullptr && signature.size() > 12);
  const auto lms_type = anchor->key().first(4);
  const auto path = std::ranges::find_end(signature, lms_type);
  const auto noise = bench.random_bytes(signature.size());
  for (std::size_t i = 8; i < signature.size(); ++i) {
    const auto place = signature.begin() + static_cast<std::ptrdiff_t>(i);
    if (place >= path.begin() && place < path.end()) continue;
    *place = noise[i];
  }
  return signature;
}

image::Address middle_of_image(const Workbench& bench) {
  return forged_section.base + bench.manifest().image_size / 8 * 4;
}

void replace_image(Workbench& bench) {
  bench.replace_code(forged_section.base, bench.manifest().image_size);
  bench.describe_truly();
}

struct Recipe {
  std::string_view name;
  std::string_view what;
  void (*forge)(Workbench& bench);
  bool also_beside = true;  ///< beside an authentic image, too
  bool jumper = false;
};

const std::array recipes{
    Recipe{"image-bit", "one bit of a signed image is another",
           [](Workbench& bench) { bench.flip_bit(middle_of_image(bench)); }},
    Recipe{"manifest", "a signed manifest's version has been raised",
           [](Workbench& bench) {
             auto manifest = bench.manifest();
             ++manifest.version.major;
             bench.put_manifest(manifest);
           }},
    Recipe{"foreign-key", "another image, all in order, but signed with a key that is not trusted",
           [](Workbench& bench) {
             replace_image(bench);
             bench.put_signature(foreign_signature(bench));
           }},
    Recipe{"garbage", "another image, all in order, but the signature is noise",
           [](Workbench& bench) {
             replace_image(bench);
             bench.put_signature(garbage_signature(bench));
           }},
    Recipe{"trial", "the same with an image that is on trial",
           [](Workbench& bench) {
             replace_image(bench);
             bench.put_signature(foreign_signature(bench));
             bench.take_back_confirmation();
           }},
    Recipe{"unsigned", "an image without manifest and signature, marked as installed and confirmed",
           [](Workbench& bench) {
             bench.replace_code(forged_section.base, bench.manifest().image_size);
             bench.erase({forged_section.base + image::manifest_offset,
                          image::manifest_and_signature_size_max});
           }},
    Recipe{"other-product", "a signed image for another product",
           [](Workbench& bench) {
             bench.make_factory_of(*image::ProductId::from_text("SKIP-TEST-OF-BOOT"));
           },
           false},
    Recipe{"rejected", "a signed image that has been rejected",
           [](Workbench& bench) { bench.set(StateGroup::rejected); }},
    Recipe{"mta-bit", "jumper fitted, one bit of the provisioning application is another",
           [](Workbench& bench) {
             bench.flip_bit(image::mta_section.base + bench.factory().mta_size / 8 * 4);
           },
           false, true},
    Recipe{"mta-replaced", "jumper fitted, the provisioning application is another",
           [](Workbench& bench) {
             bench.replace_code(image::mta_section.base, bench.factory().mta_size);
           },
           false, true},
};

/// Into the slot that does not run, and confirmed.
std::expected<void, std::string> install(SimulatedFlash& flash, const image::Factory& factory,
                                         const update::RunningImage& running,
                                         const FlashContent& update) {
  update::Installer installer(flash, factory, running, {});
  installer.begin();
  auto done = installer.write(update);
  if (done) {
    if (const auto finished = installer.finish(); !finished) {
      done = std::unexpected(finished.error());
    }
  }
  if (!done) {
    return std::unexpected(
        fmt::format("the update does not fit the MAN file: {}", describe(done.error())));
  }
  base::ensure(
      image::set_state(flash, image::other(running.slot), StateGroup::confirmed).has_value());
  return {};
}

std::expected<SimulatedFlash, std::string> manufactured(const FlashContent& man,
                                                        const FlashContent& update) {
  SimulatedFlash flash;
  if (man.size() > image::flash_section.size || man.size() % image::word_size != 0) {
    return std::unexpected("the MAN file does not have the size of one");
  }
  flash.load(image::flash_section.base, man);
  const auto factory = image::read_factory(flash);
  if (!factory) {
    return std::unexpected(
        fmt::format("the MAN file has no factory block: {}", describe(factory.error())));
  }
  if (const auto verified = image::verify(flash, authentic_slot, *factory); !verified) {
    return std::unexpected(
        fmt::format("the MAN file's application would not start: {}", describe(verified.error())));
  }
  const auto running = update::running_image(flash, authentic_slot);
  if (!running) return std::unexpected("the MAN file holds no application that could be updated");
  if (const auto installed = install(flash, *factory, *running, update); !installed) {
    return std::unexpected(installed.error());
  }
  return flash;
}

Situation make(const Recipe& recipe, const SimulatedFlash& flash, bool beside, std::uint64_t seed) {
  Workbench bench(flash, seed);
  recipe.forge(bench);
  if (!beside && !recipe.jumper) bench.erase(image::section_of(authentic_slot));
  return {.name = std::string(recipe.name) + (beside ? "-beside" : ""),
          .what = std::string(recipe.what) + (beside ? ", beside an authentic one" : ""),
          .flash = bench.content(),
          .jumper = recipe.jumper};
}

/// Alone, because the image of the policy is damaged, and beside it when it is not.
void add_forbidden(const SimulatedFlash& flash, std::string_view name, std::string_view what,
                   std::uint64_t seed, std::vector<Situation>& situations) {
  for (const bool beside : {false, true}) {
    Workbench bench(flash, seed);
    if (!beside) bench.flip_bit(middle_of_image(bench));
    situations.push_back({.name = std::string(name) + (beside ? "-beside" : ""),
                          .what = fmt::format("{}, beside the confirmed one that forbids it{}",
                                              what, beside ? "" : ", which is damaged"),
                          .flash = bench.content(),
                          .forbidden = authentic_slot});
  }
}

bool starts(SimulatedFlash& flash, image::Slot slot) {
  const auto factory = image::read_factory(flash);
  return factory && update::verify_permitted(flash, slot, *factory);
}

}  // namespace

std::expected<std::vector<Situation>, std::string> make_situations(const FlashContent& man,
                                                                   const FlashContent& update,
                                                                   std::uint64_t seed) {
  const auto flash = manufactured(man, update);
  if (!flash) return std::unexpected(flash.error());
  std::vector<Situation> situations;
  for (const auto& recipe : recipes) {
    situations.push_back(make(recipe, *flash, false, seed));
    if (recipe.also_beside) situations.push_back(make(recipe, *flash, true, seed));
  }
  return situations;
}

std::expected<std::vector<Situation>, std::string> make_floor_situations(
    const FlashContent& man, const FlashContent& policy, const FlashContent& revoked,
    std::uint64_t seed) {
  auto flash = manufactured(man, policy);
  if (!flash) return std::unexpected(flash.error());
  if (starts(*flash, authentic_slot)) {
    return std::unexpected("the update permits the MAN file's application to start");
  }
  std::vector<Situation> situations;
  add_forbidden(*flash, "floor", "a signed image below the security floor", seed, situations);
  if (revoked.empty()) return situations;
  // As a programmer would: past what the policy tells the running image's installer.
  const auto factory = image::read_factory(*flash).value();
  auto running = update::running_image(*flash, forged_slot);
  if (!running) return std::unexpected("the update has no manifest");
  const auto lays_down = std::exchange(running->manifest.revoked_keys, {});
  if (const auto installed = install(*flash, factory, *running, revoked); !installed) {
    return std::unexpected(installed.error());
  }
  const auto key = image::read_manifest(*flash, authentic_slot).value().signing_key_id;
  if (std::ranges::find(lays_down, key) == lays_down.end()) {
    return std::unexpected("its key is not one that the other update revokes");
  }
  add_forbidden(*flash, "revoked", "an image of a higher version, signed with a revoked key", seed,
                situations);
  return situations;
}

}  // namespace goldcrest::sim
