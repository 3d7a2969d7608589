// SPDX-License-Identifier: MIT
// The security floor and the revocation of keys: what BOOT starts, what the installer takes, what
// the rollback offers, and that no history of updates and power cuts takes any of it back.
#include "core/update/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

#include "core/image/test_flash.hpp"
#include "core/update/test_device.hpp"

namespace goldcrest::update {
namespace {

using namespace testing;
using image::RevokedKeys;
using image::testing::lay_out;
using image::testing::signing_key_id;
using image::testing::spare_key_id;

constexpr std::uint32_t unused_key_id = 0xB7;

class Policy : public ::testing::Test {
 protected:
  std::optional<Slot> boot() {
    const auto choice = decide(flash, factory());
    return choice ? std::optional(choice->image.slot()) : std::nullopt;
  }
  void break_image(Slot slot) { break_at(slot, 0x240); }
  void break_signature(Slot slot) { break_at(slot, image::manifest_offset + 200); }
  void break_at(Slot slot, std::uint32_t offset) {
    const std::array<std::uint8_t, 4> rubbish{1, 2, 3, 4};
    flash.load(section_of(slot).base + offset, rubbish);
  }

  sim::SimulatedFlash flash = device();
};

TEST_F(Policy, AConfirmedImageRaisesTheFloorAndOneOnTrialDoesNot) {
  const auto newer = make_image({.version = new_version, .sequence = 2, .seed = 3});
  lay_out(flash, Slot::app2, newer, SlotState::trial);
  break_image(Slot::app2);
  EXPECT_EQ(boot(), Slot::app1);
  lay_out(flash, Slot::app2, newer, SlotState::trial);
  for (int start = 0; start < 3; ++start) EXPECT_EQ(boot(), Slot::app2);
  EXPECT_EQ(boot(), Slot::app1) << "the way back";

  lay_out(flash, Slot::app2, newer, SlotState::confirmed);
  EXPECT_EQ(boot(), Slot::app2);
  break_image(Slot::app2);
  EXPECT_EQ(decide(flash, factory()).error(), BootError::no_valid_image);
}

TEST_F(Policy, AnImageOfTheSameCounterIsStillAFallback) {
  lay_out(flash, Slot::app2, make_image({.version = new_version, .seed = 3}), SlotState::confirmed);
  break_image(Slot::app2);
  EXPECT_EQ(boot(), Slot::app1);
}

TEST_F(Policy, RejectingAConfirmedImageTakesNothingBackOfWhatItLaidDown) {
  lay_out(flash, Slot::app2, make_image({.version = new_version, .sequence = 2, .seed = 3}),
          SlotState::confirmed);
  ASSERT_TRUE(reject(flash, Slot::app2));
  EXPECT_EQ(decide(flash, factory()).error(), BootError::no_valid_image);

  lay_out(flash, Slot::app2, make_image({.version = new_version, .seed = 3}), SlotState::confirmed);
  ASSERT_TRUE(reject(flash, Slot::app2));
  EXPECT_EQ(boot(), Slot::app1) << "which keeps to it";
}

// BOOT read it as not confirmed when it gave it up; a word that was cut short may say so later.
TEST_F(Policy, OneRejectedOnTrialHasNoSayWhateverItsConfirmationReadsLater) {
  for (std::uint32_t copies = 0; copies <= image::state_copies; ++copies) {
    lay_out(flash, Slot::app2, make_image({.version = new_version, .sequence = 2, .seed = 3}),
            SlotState::rejected);
    const auto confirmed = section_of(Slot::app2).base + image::state_offset +
                           static_cast<std::uint32_t>(image::StateGroup::confirmed);
    for (std::uint32_t i = 0; i < copies; ++i) {
      ASSERT_TRUE(flash.program_word(confirmed + i * image::word_size, image::confirmed_value));
    }
    EXPECT_EQ(boot(), copies < image::state_copies ? std::optional(Slot::app1) : std::nullopt);
  }
}

TEST_F(Policy, AManifestThatIsNotAuthenticNeverCounts) {
  lay_out(flash, Slot::app2,
          make_image({.version = new_version, .sequence = 0xFFFFFFFF, .seed = 3}),
          SlotState::confirmed);
  break_signature(Slot::app2);
  EXPECT_EQ(boot(), Slot::app1);
  auto foreign = make_image({.version = new_version, .sequence = 9, .seed = 3});
  foreign.manifest.product = *image::ProductId::from_text("OTHER");
  foreign.sign();
  lay_out(flash, Slot::app2, foreign, SlotState::confirmed);
  EXPECT_EQ(boot(), Slot::app1);
}

TEST_F(Policy, TheOtherSignatureIsCheckedOnlyWhenTheAnswerDependsOnIt) {
  struct CountingFlash final : image::Flash {
    explicit CountingFlash(sim::SimulatedFlash& flash) : flash_(flash) {}
    std::expected<void, image::FlashError> read(image::Address address,
                                                base::MutableBytes out) override {
      if (address == section_of(Slot::app1).base + image::manifest_offset &&
          out.size() > image::manifest_size) {
        ++signatures_read;
      }
      return flash_.read(address, out);
    }
    std::expected<void, image::FlashError> erase_page(image::Address address) override {
      return flash_.erase_page(address);
    }
    std::expected<void, image::FlashError> program_word(image::Address address,
                                                        std::uint32_t value) override {
      return flash_.program_word(address, value);
    }
    std::expected<void, image::FlashError> program_half_page(image::Address address,
                                                             base::Bytes data) override {
      return flash_.program_half_page(address, data);
    }
    sim::SimulatedFlash& flash_;
    int signatures_read = 0;
  };
  lay_out(flash, Slot::app2, new_image(), SlotState::confirmed);
  CountingFlash counting(flash);
  ASSERT_TRUE(decide(counting, factory()));
  EXPECT_EQ(counting.signatures_read, 0);
  lay_out(flash, Slot::app2, make_image({.version = new_version, .sequence = 0, .seed = 3}),
          SlotState::confirmed);
  ASSERT_EQ(decide(counting, factory())->image.slot(), Slot::app1);
  EXPECT_EQ(counting.signatures_read, 2) << "as a policy, and then to start it";
}

TEST_F(Policy, AHigherVersionBelowTheFloorDoesNotStart) {
  lay_out(flash, Slot::app2, make_image({.version = {9, 0, 0}, .sequence = 0, .seed = 3}),
          SlotState::confirmed);
  EXPECT_EQ(boot(), Slot::app1);
  EXPECT_EQ(rollback_possible(flash, factory()).error(), NoRollback::nothing_older);
}

TEST_F(Policy, AnImageOfARevokedKeyDoesNotStart) {
  lay_out(flash, Slot::app1,
          make_image({.signing_key = spare_key_id, .revoked_keys = {signing_key_id}}),
          SlotState::confirmed);
  for (const auto state : {SlotState::trial, SlotState::confirmed}) {
    // Whoever has the revoked key chooses version and security counter.
    lay_out(flash, Slot::app2,
            make_image({.version = {9, 0, 0}, .sequence = 0xFFFFFFFF, .seed = 3}), state);
    EXPECT_EQ(boot(), Slot::app1);
  }
}

TEST_F(Policy, OfTwoThatRevokeEachOtherTheHigherCounterThenVersionDecides) {
  const auto lay_out_both = [&](std::uint32_t sequence1, std::uint32_t sequence2,
                                base::Version version2) {
    lay_out(flash, Slot::app1,
            make_image({.version = {2, 0, 0},
                        .sequence = sequence1,
                        .signing_key = spare_key_id,
                        .revoked_keys = {signing_key_id}}),
            SlotState::confirmed);
    lay_out(
        flash, Slot::app2,
        make_image({.version = version2, .sequence = sequence2, .revoked_keys = {spare_key_id}}),
        SlotState::confirmed);
    return boot();
  };
  EXPECT_EQ(lay_out_both(3, 4, {1, 0, 0}), Slot::app2);
  EXPECT_EQ(lay_out_both(4, 3, {3, 0, 0}), Slot::app1);
  EXPECT_EQ(lay_out_both(4, 4, {3, 0, 0}), Slot::app2);
  EXPECT_EQ(lay_out_both(4, 4, {1, 0, 0}), Slot::app1);
}

TEST_F(Policy, WhatCannotBeReadPermitsNothing) {
  // First without a fault, then with each read failing in turn, the last one last.
  const auto answers = [&] {
    const auto image = image::verify(flash, Slot::app1, factory()).value();
    std::vector<bool> permits;
    image::testing::for_each_fault(flash, image::testing::Fault::error,
                                   [&](image::Flash& faulty, sim::SimulatedFlash&) {
                                     permits.push_back(permitted(faulty, factory(), image));
                                   });
    return permits;
  };
  lay_out(flash, Slot::app2, make_image({.version = new_version, .sequence = 2, .seed = 3}),
          SlotState::confirmed);
  const auto forbidden = answers();
  EXPECT_GT(forbidden.size(), 10u);
  EXPECT_EQ(std::ranges::count(forbidden, true), 0);

  break_signature(Slot::app2);
  const auto not_authentic = answers();
  EXPECT_TRUE(not_authentic.front());
  EXPECT_FALSE(not_authentic.back()) << "the signature may be one that holds";

  lay_out(
      flash, Slot::app1,
      make_image({.sequence = 3, .signing_key = spare_key_id, .revoked_keys = {signing_key_id}}),
      SlotState::confirmed);
  lay_out(flash, Slot::app2,
          make_image({.version = new_version, .sequence = 2, .revoked_keys = {spare_key_id}}),
          SlotState::confirmed);
  const auto overruling = answers();
  EXPECT_TRUE(overruling.front());
  EXPECT_FALSE(overruling.back()) << "this one may be on trial";
}

TEST(Forbids, OneOfTwoConfirmedImagesMayAlwaysStart) {
  std::mt19937 random(11);
  int conflicts = 0;
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  const auto any = [&] {
    auto manifest = old_image().manifest;
    manifest.version = {1, static_cast<std::uint8_t>(below(3)), 0};
    manifest.sequence = below(4);
    manifest.signing_key_id = 1 + below(4);
    do {
      for (auto& key : manifest.revoked_keys) key = below(5);
    } while (!check_manifest(manifest));
    return manifest;
  };
  for (int round = 0; round < 50'000; ++round) {
    const auto a = any();
    const auto b = any();
    EXPECT_FALSE(forbids(a, a, true));
    EXPECT_FALSE(forbids(a, b, true) && forbids(b, a, true));
    EXPECT_EQ(forbids(a, b, false), !keeps_to(b, a)) << "one on trial has no say";
    if (keeps_to(b, a)) {
      EXPECT_FALSE(forbids(a, b, true));
    }
    if (a.revokes(b.signing_key_id) && !b.revokes(a.signing_key_id)) {
      EXPECT_TRUE(forbids(a, b, true)) << "whatever counter the revoked key signs";
    }
    conflicts += !keeps_to(a, b) && !keeps_to(b, a) ? 1 : 0;
  }
  EXPECT_GT(conflicts, 10'000);
}

TEST_F(Policy, TheInstallerRefusesWhatDoesNotKeepToIt) {
  lay_out(
      flash, Slot::app1,
      make_image({.sequence = 5, .signing_key = spare_key_id, .revoked_keys = {signing_key_id}}),
      SlotState::confirmed);
  flash.reset_operations();
  const auto refusal = [&](const image::testing::Options& options) {
    const auto result = install(flash, make_image(options).file());
    EXPECT_EQ(flash.operations(), 0u);
    return result ? InstallError::failed_before : result.error();
  };
  EXPECT_EQ(refusal({.version = new_version, .sequence = 9}), InstallError::revoked_signing_key);
  EXPECT_EQ(refusal({.version = new_version,
                     .sequence = 4,
                     .signing_key = spare_key_id,
                     .revoked_keys = {signing_key_id}}),
            InstallError::sequence);
  EXPECT_EQ(refusal({.version = new_version, .sequence = 5, .signing_key = spare_key_id}),
            InstallError::revoked_keys);
  EXPECT_EQ(refusal({.version = new_version,
                     .sequence = 5,
                     .signing_key = spare_key_id,
                     .revoked_keys = {unused_key_id}}),
            InstallError::revoked_keys);
  const auto good = make_image({.version = new_version,
                                .sequence = 5,
                                .signing_key = spare_key_id,
                                .revoked_keys = {unused_key_id, signing_key_id}});
  EXPECT_TRUE(install(flash, good.file()));
}

TEST_F(Policy, RollbackWorksAboveTheFloorOnly) {
  const auto offered = [&](const image::testing::Options& newer, SlotState state) {
    lay_out(flash, Slot::app2, make_image(newer), state);
    return rollback_possible(flash, factory());
  };
  const auto confirmed = SlotState::confirmed;
  EXPECT_TRUE(offered({.version = new_version, .sequence = 1}, confirmed));
  EXPECT_TRUE(offered({.version = new_version, .sequence = 2}, SlotState::trial));
  EXPECT_EQ(offered({.version = new_version, .sequence = 2}, confirmed).error(),
            NoRollback::security_floor);
  EXPECT_EQ(
      offered({.version = new_version, .sequence = 1, .revoked_keys = {unused_key_id}}, confirmed)
          .error(),
      NoRollback::security_floor);
  EXPECT_EQ(offered({.version = new_version,
                     .sequence = 1,
                     .signing_key = spare_key_id,
                     .revoked_keys = {signing_key_id}},
                    confirmed)
                .error(),
            NoRollback::security_floor);
  EXPECT_EQ(offered({.version = old_version}, confirmed).error(), NoRollback::nothing_older);
}

/// A device that lives at random, with power cuts. What has once been confirmed stays the floor of
/// all that ever starts, and something always starts.
class Life {
 public:
  explicit Life(std::uint32_t seed) : random_(seed), flash_(device()) {}

  void live(int resets) {
    for (int reset = 0; reset < resets && !::testing::Test::HasFailure(); ++reset) {
      start();
      if (::testing::Test::HasFailure()) return;
      act();
    }
  }
  std::uint32_t floor() const { return sequence_; }
  std::size_t revoked() const { return revoked_.size(); }
  int rollbacks() const { return rollbacks_; }
  int refused_rollbacks() const { return refused_rollbacks_; }

 private:
  static const std::vector<Image>& releases() {
    static const std::vector<Image> all = [] {
      std::mt19937 random(5);
      std::vector<Image> made;
      for (std::uint16_t number = 1; made.size() < 60; ++number) {
        image::testing::Options options{
            .version = {1, 0, static_cast<std::uint16_t>(31 + number / 3)},
            .sequence = 1 + number / 12 + static_cast<std::uint32_t>(random() % 3),
            .image_size = 700,
            .relocations = 3,
            .seed = number,
            .signing_key = random() % 2 == 0 ? signing_key_id : spare_key_id};
        if (random() % 3 == 0) options.revoked_keys[0] = unused_key_id;
        if (random() % 12 == 0) {
          auto& key = options.revoked_keys[options.revoked_keys[0] == 0 ? 0 : 1];
          key = options.signing_key == signing_key_id ? spare_key_id : signing_key_id;
        }
        made.push_back(make_image(options));
      }
      return made;
    }();
    return all;
  }

  /// True when it came to its end.
  bool with_cut(const std::function<void()>& step) {
    if (random_() % 3 == 0) {
      const auto range = random_() % 3 == 0 ? 60u : 6u;
      flash_.reset_operations();
      flash_.cut_at(random_() % range, static_cast<sim::CutPoint>(random_() % 3),
                    static_cast<std::uint32_t>(random_()));
    }
    bool done = true;
    try {
      step();
    } catch (const sim::PowerCut&) {
      done = false;
    }
    flash_.disarm();
    return done;
  }

  void note(const image::Manifest& manifest) {
    sequence_ = std::max(sequence_, manifest.sequence);
    for (const auto key : manifest.revoked_keys) {
      if (key != 0 && std::ranges::find(revoked_, key) == revoked_.end()) revoked_.push_back(key);
    }
  }

  void start() {
    std::optional<BootChoice> choice;
    while (!with_cut([&] {
      const auto decided = decide(flash_, factory());
      ASSERT_TRUE(decided) << "nothing starts";
      choice = *decided;
    })) {
    }
    if (!choice) return;
    const auto& manifest = choice->image.manifest();
    EXPECT_GE(manifest.sequence, sequence_);
    for (const auto key : revoked_) {
      EXPECT_TRUE(manifest.revokes(key)) << key;
      EXPECT_NE(manifest.signing_key_id, key);
    }
    if (!choice->trial) note(manifest);
    running_ = choice->image.slot();
  }

  void act() {
    const auto choice = random_() % 8;
    if (choice < 3) {
      const auto manifest = *image::read_manifest(flash_, running_);
      with_cut([&] {
        if (confirm(flash_, running_)) note(manifest);
      });
    } else if (choice < 6) {
      const auto& release = releases()[random_() % releases().size()];
      with_cut([&] { (void)install(flash_, release.file(), running_); });
    } else if (choice == 6) {
      with_cut([&] { roll_back_if_possible(); });
    }
  }

  void roll_back_if_possible() {
    if (const auto rollback = rollback_possible(flash_, factory())) {
      ++rollbacks_;
      (void)roll_back(flash_, *rollback);
    } else if (rollback.error() == NoRollback::security_floor) {
      ++refused_rollbacks_;
    }
  }

  std::mt19937 random_;
  sim::SimulatedFlash flash_;
  Slot running_ = Slot::app1;
  std::uint32_t sequence_ = 0;
  std::vector<std::uint32_t> revoked_;
  int rollbacks_ = 0;
  int refused_rollbacks_ = 0;
};

TEST(PolicyLife, NoHistoryOfUpdatesAndPowerCutsLowersTheFloor) {
  const char* lives = std::getenv("GOLDCREST_POLICY_LIVES");
  const auto count = lives != nullptr ? static_cast<std::uint32_t>(std::atoi(lives)) : 150u;
  int rollbacks = 0;
  int refused = 0;
  std::uint32_t raised = 0;
  std::size_t revoked = 0;
  for (std::uint32_t seed = 1; seed <= count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(seed);
    life.live(60);
    if (HasFailure()) return;
    rollbacks += life.rollbacks();
    refused += life.refused_rollbacks();
    raised += life.floor() > 1 ? 1u : 0u;
    revoked += life.revoked();
  }
  EXPECT_GT(rollbacks, 0);
  EXPECT_GT(refused, 0);
  EXPECT_GT(raised, count / 2);
  EXPECT_GT(revoked, 0u);
  RecordProperty("rollbacks", rollbacks);
  RecordProperty("refused", refused);
}

}  // namespace
}  // namespace goldcrest::update
