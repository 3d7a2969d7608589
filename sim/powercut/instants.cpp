// SPDX-License-Identifier: MIT
#include "sim/powercut/instants.hpp"

#include <array>

#include "core/base/random.hpp"

namespace goldcrest::sim {
namespace {

using std::chrono::microseconds;

constexpr unsigned bounces_min = 12;
constexpr unsigned bounces_max = 40;

base::SeededRandom random_for(std::uint64_t seed, std::string_view phase, std::uint32_t number,
                              std::uint64_t purpose) {
  std::uint64_t mixed = seed * 0x9E3779B97F4A7C15u + purpose;
  for (const char character : phase) {
    mixed = (mixed ^ static_cast<std::uint8_t>(character)) * 0x100000001B3u;
  }
  return base::SeededRandom((mixed + number) * 0x2545F4914F6CDD1Du);
}

/// What becomes of the operation that is under way: any mixture, one in eight unstable.
Form random_form(base::Random& random) {
  const auto kind = random.below(8) == 0 ? FormKind::unstable : FormKind::torn;
  return {kind, static_cast<std::uint8_t>(random.below(16))};
}

/// Until the power goes again: within the first instructions, within BOOT (0.3 s), or later.
base::Duration random_pause(base::Random& random) {
  constexpr std::array<std::uint32_t, 3> ranges_us{5'000, 350'000, 4'000'000};
  return microseconds(random.below(ranges_us.at(random.below(3))));
}

}  // namespace

base::Duration choose_instant(std::uint64_t seed, std::string_view phase, std::uint32_t number,
                              base::Duration length) {
  auto random = random_for(seed, phase, number, 1);
  const std::uint64_t high = random.next();
  return base::Duration((high << 32 | random.next()) % static_cast<std::uint64_t>(length.count()));
}

std::vector<std::vector<Cut>> rows_at(base::Duration instant, std::uint64_t seed,
                                      std::string_view phase, std::uint32_t number,
                                      unsigned depth) {
  auto random = random_for(seed, phase, number, 2);
  const auto first = [&] { return Cut{.form = random_form(random), .instant = instant}; };
  std::vector<std::vector<Cut>> rows{{first()}};
  if (depth > 1) {
    auto& row = rows.emplace_back(1, first());
    for (unsigned cuts = 1 + random.below(depth - 1); cuts > 0; --cuts) {
      row.push_back({.form = random_form(random), .instant = random_pause(random)});
    }
  }
  auto& bounce = rows.emplace_back(1, first());
  const unsigned bounces = bounces_min + random.below(bounces_max - bounces_min + 1);
  for (unsigned i = 0; i < bounces; ++i) {
    bounce.push_back(
        {.form = random_form(random), .instant = microseconds(1'000 + random.below(49'000))});
  }
  return rows;
}

}  // namespace goldcrest::sim
