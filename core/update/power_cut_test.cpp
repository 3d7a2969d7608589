// SPDX-License-Identifier: MIT
// Power cuts at every flash operation, before, inside and after it, and again at every operation of
// the recovery: the board always boots an image that verifies, and never one it must not.
#include <gtest/gtest.h>

#include <functional>

#include "core/update/records.hpp"
#include "core/update/settings.hpp"
#include "core/update/test_device.hpp"

namespace goldcrest::update {
namespace {

using namespace testing;
using sim::CutPoint;
using sim::SimulatedFlash;
using Step = std::function<void(SimulatedFlash&)>;

constexpr std::uint32_t torn_seeds = 12;

/// One way of cutting: at an operation, before, inside (with a seed) or after it.
struct Cut {
  std::uint64_t operation;
  CutPoint point;
  std::uint32_t seed;
};

std::ostream& operator<<(std::ostream& out, const Cut& cut) {
  return out << "operation " << cut.operation << " point " << static_cast<int>(cut.point)
             << " seed " << cut.seed;
}

std::uint64_t operations_of(const SimulatedFlash& start, const Step& step) {
  auto flash = start;
  flash.disarm();
  flash.reset_operations();
  step(flash);
  return flash.operations();
}

/// Runs `step` on a copy of `start` once for each cut, and hands what is left to `after`.
void for_each_cut(const SimulatedFlash& start, const Step& step, std::uint32_t seeds,
                  const std::function<void(SimulatedFlash&, const Cut&)>& after) {
  const auto operations = operations_of(start, step);
  for (std::uint64_t operation = 0; operation < operations; ++operation) {
    for (std::uint32_t way = 0; way < seeds + 2; ++way) {
      const auto point = way == 0   ? CutPoint::before
                         : way == 1 ? CutPoint::after
                                    : CutPoint::inside;
      const Cut cut{operation, point, static_cast<std::uint32_t>(operation * 1000 + way)};
      auto flash = start;
      flash.reset_operations();
      flash.cut_at(operation, point, cut.seed);
      try {
        step(flash);
      } catch (const sim::PowerCut&) {
      }
      flash.disarm();
      flash.reset_operations();
      after(flash, cut);
    }
  }
}

base::Version boot(SimulatedFlash& flash) {
  const auto choice = decide(flash, factory());
  return choice ? choice->image.version() : base::Version{};
}

void install_new(SimulatedFlash& flash) {
  (void)install(flash, new_image().file());
}

/// A slot may have its state words completed by BOOT; all else of it must not change.
Buffer without_state(const SimulatedFlash& flash, Slot slot) {
  auto bytes = slot_bytes(flash, slot);
  bytes.resize(image::state_offset);
  return bytes;
}

TEST(PowerCut, DuringInstallation) {
  const auto start = device();
  const auto untouched = slot_bytes(start, Slot::app1);
  for_each_cut(start, install_new, torn_seeds, [&](SimulatedFlash& flash, const Cut& cut) {
    const auto after_cut = flash;
    EXPECT_EQ(slot_bytes(flash, Slot::app1), untouched) << cut;
    const auto version = boot(flash);
    EXPECT_TRUE(version == old_version || version == new_version) << cut;
    // The update can be had again, and then runs.
    if (version == old_version) {
      EXPECT_TRUE(install(flash, new_image().file())) << cut;
      EXPECT_EQ(boot(flash), new_version) << cut;
    }
    EXPECT_EQ(flash.flaky_words() == 0 || version == new_version, true) << cut;
    // A second cut, in whatever BOOT writes.
    for_each_cut(after_cut, boot, 3, [&](SimulatedFlash& again, const Cut& second) {
      const auto last = boot(again);
      EXPECT_TRUE(last == old_version || last == new_version) << cut << ", then " << second;
    });
  });
}

TEST(PowerCut, DuringTheSecondInstallationAfterACut) {
  std::uint32_t count = 0;
  for_each_cut(device(), install_new, 2, [&](SimulatedFlash& flash, const Cut& cut) {
    if (++count % 5 != 0) return;
    if (boot(flash) != old_version) return;
    for_each_cut(flash, install_new, 1, [&](SimulatedFlash& again, const Cut& second) {
      const auto version = boot(again);
      EXPECT_TRUE(version == old_version || version == new_version) << cut << ", then " << second;
    });
  });
}

// The slot to be overwritten holds an image that must never run again.
TEST(PowerCut, RejectedImageStaysRejectedWhileItIsOverwritten) {
  auto start = device();
  image::testing::lay_out(start, Slot::app2, new_image(), SlotState::rejected);
  const auto newest = make_image({.version = {1, 2, 31}, .sequence = 3, .seed = 6});
  const auto file = newest.file();
  const Step step = [&](SimulatedFlash& flash) { (void)install(flash, file); };
  for_each_cut(start, step, 60, [&](SimulatedFlash& flash, const Cut& cut) {
    for (int reset = 0; reset < 3; ++reset) {
      const auto version = boot(flash);
      EXPECT_TRUE(version == old_version || version == newest.manifest.version) << cut;
    }
  });
}

TEST(PowerCut, DuringTrialAndRejection) {
  auto start = device();
  install_new(start);
  for (int used = 0; used <= 3; ++used) {
    const auto operations = operations_of(start, boot);
    for_each_cut(start, boot, torn_seeds, [&](SimulatedFlash& flash, const Cut& cut) {
      int starts = 0;
      base::Version version;
      for (int reset = 0; reset < 6; ++reset) {
        const auto next = boot(flash);
        EXPECT_TRUE(next == new_version || next == old_version) << cut;
        // Once BOOT has gone back to the old image it stays there.
        EXPECT_FALSE(reset > 0 && version == old_version && next == new_version) << cut;
        starts += next == new_version ? 1 : 0;
        version = next;
      }
      EXPECT_EQ(version, old_version) << cut;
      EXPECT_LE(starts, 3 - used) << cut;
    });
    EXPECT_GT(operations, 0u);
    (void)boot(start);
  }
}

TEST(PowerCut, DuringConfirmation) {
  auto start = device();
  install_new(start);
  (void)boot(start);
  const Step step = [](SimulatedFlash& flash) { (void)confirm(flash, Slot::app2); };
  for_each_cut(start, step, torn_seeds, [&](SimulatedFlash& flash, const Cut& cut) {
    bool confirmed = false;
    for (int reset = 0; reset < 5; ++reset) {
      const auto choice = decide(flash, factory());
      ASSERT_TRUE(choice) << cut;
      if (choice->image.version() != new_version) break;  // trial boots used up
      EXPECT_FALSE(confirmed && choice->trial) << cut;
      confirmed = !choice->trial;
    }
    EXPECT_TRUE(confirmed || boot(flash) == old_version) << cut;
  });
}

TEST(PowerCut, DuringRollback) {
  auto start = device();
  image::testing::lay_out(start, Slot::app2, make_image({.version = new_version, .seed = 2}),
                          SlotState::confirmed);
  const auto rollback = rollback_possible(start, factory());
  ASSERT_TRUE(rollback);
  const Step step = [&](SimulatedFlash& flash) { (void)roll_back(flash, *rollback); };
  for_each_cut(start, step, torn_seeds, [&](SimulatedFlash& flash, const Cut& cut) {
    const auto app1 = without_state(flash, Slot::app1);
    base::Version version = new_version;
    for (int reset = 0; reset < 8; ++reset) {
      const auto next = boot(flash);
      EXPECT_TRUE(next == old_version || (next == new_version && version == new_version)) << cut;
      version = next;
    }
    EXPECT_EQ(without_state(flash, Slot::app1), app1);
  });
}

// Records

constexpr std::uint32_t seed_before = 7;

Settings settings_named(std::string_view name) {
  Settings settings;
  settings.wifi_ssid = Text<32>::from(name);
  settings.device_fields[1] = Text<32>::from(name);
  settings.server_address.emplace().fill(static_cast<std::uint8_t>(name[0]));
  return settings;
}

/// Which settings are stored: 'o' the old, 'n' the new, '?' anything else, '!' unreadable.
char stored(SimulatedFlash& flash) {
  Records records(flash);
  if (!records.open()) return '!';
  if (load_number(records, RecordKey::random_seed) != seed_before) return '?';
  const auto settings = load_settings(records);
  if (!settings) return '!';
  if (*settings == settings_named("old")) return 'o';
  return *settings == settings_named("new") ? 'n' : '?';
}

/// `filling` writes of another key come first, so that the bank is more or less full.
SimulatedFlash with_records(std::uint32_t filling) {
  SimulatedFlash flash;
  Records records(flash);
  EXPECT_TRUE(records.open());
  EXPECT_TRUE(save_number(records, RecordKey::random_seed, seed_before));
  EXPECT_TRUE(save_settings(records, settings_named("old")));
  for (std::uint32_t i = 0; i < filling; ++i) {
    EXPECT_TRUE(save_number(records, RecordKey::poll_interval, i + 1));
  }
  flash.reset_operations();
  return flash;
}

void save_new(SimulatedFlash& flash) {
  Records records(flash);
  if (!records.open()) return;
  (void)save_settings(records, settings_named("new"));
}

/// Whether a record of another length, written first of all after the cut, is there from then on.
bool other_record_holds(SimulatedFlash flash) {
  constexpr std::uint32_t interval = 0xABCD;
  {
    Records records(flash);
    if (!records.open() || !save_number(records, RecordKey::poll_interval, interval)) return false;
  }
  for (int reset = 0; reset < 6; ++reset) {
    Records records(flash);
    if (!records.open() || load_number(records, RecordKey::poll_interval) != interval) return false;
  }
  return true;
}

/// How many writes leave the bank so full that one more moves the records to the other bank.
std::uint32_t filling_before_compaction() {
  std::uint32_t filling = 0;
  while (operations_of(with_records(filling), save_new) < 30) ++filling;
  return filling;
}

TEST(PowerCut, RecordsAreOldOrNewAndStaySo) {
  const auto full = filling_before_compaction();
  for (const std::uint32_t filling : {0u, full - 1, full, full + 1}) {
    const auto start = with_records(filling);
    int saved = 0;
    for_each_cut(start, save_new, torn_seeds, [&](SimulatedFlash& flash, const Cut& cut) {
      const auto after_cut = flash;
      const char first = stored(flash);
      EXPECT_TRUE(first == 'o' || first == 'n') << first << ' ' << filling << ' ' << cut;
      for (int reset = 0; reset < 4; ++reset) EXPECT_EQ(stored(flash), first) << cut;
      saved += first == 'n' ? 1 : 0;
      save_new(flash);
      EXPECT_EQ(stored(flash), 'n') << cut;
      EXPECT_TRUE(other_record_holds(after_cut)) << cut;
      if (cut.seed % 3 != 0) return;
      const Step open = [](SimulatedFlash& again) { (void)stored(again); };
      for_each_cut(after_cut, open, 2, [&](SimulatedFlash& again, const Cut& second) {
        const char last = stored(again);
        EXPECT_TRUE(last == 'o' || last == 'n') << last << ' ' << cut << ", then " << second;
        save_new(again);
        EXPECT_EQ(stored(again), 'n') << cut << ", then " << second;
      });
    });
    EXPECT_GT(saved, 0);
  }
}

TEST(PowerCut, RecordsSurviveCutAfterCut) {
  std::mt19937 random(99);
  for (int life = 0; life < 40; ++life) {
    auto flash = with_records(static_cast<std::uint32_t>(random() % 170));
    for (int cut = 0; cut < 40; ++cut) {
      flash.reset_operations();
      flash.cut_at(random() % 60, CutPoint::inside, static_cast<std::uint32_t>(random()));
      try {
        Records records(flash);
        if (records.open()) {
          (void)save_settings(records, settings_named(random() % 2 == 0 ? "old" : "new"));
          (void)save_number(records, RecordKey::poll_interval,
                            static_cast<std::uint32_t>(random()));
        }
      } catch (const sim::PowerCut&) {
      }
      flash.disarm();
      const char now = stored(flash);
      EXPECT_TRUE(now == 'o' || now == 'n') << now << " in life " << life << " cut " << cut;
    }
  }
}

}  // namespace
}  // namespace goldcrest::update
