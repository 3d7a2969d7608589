// SPDX-License-Identifier: MIT
// Firmware that has gone wrong, or is meant to harm: random images, real programs with damaged
// bytes, random code in RAM. None may crash, hang or exhaust the process, nor make two runs of the
// same differ. GOLDCREST_HOSTILE_IMAGES in the environment runs more than the few of a test run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/random.hpp"
#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using Image = std::vector<std::uint8_t>;

unsigned image_count() {
  const char* wanted = std::getenv("GOLDCREST_HOSTILE_IMAGES");
  return wanted == nullptr ? 40 : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

void put(Image& image, std::size_t offset, std::uint32_t value) {
  for (unsigned index = 0; index < 4; ++index) {
    image.at(offset + index) = static_cast<std::uint8_t>(value >> (8 * index));
  }
}

/// An address that code or data might have: memories, peripherals, edges, nowhere.
std::uint32_t some_address(base::SeededRandom& random) {
  constexpr std::array<std::uint32_t, 14> places{
      0x00000000, 0x08000000, 0x0803FF80, 0x08080000, 0x1FF80000, 0x20000000, 0x20013FE0,
      0x22000000, 0x40000000, 0x40013000, 0x42000000, 0xE000E000, 0xE000ED00, 0xFFFFFFF0};
  const std::uint32_t base = places[random.next() % places.size()];
  return base + random.next() % 0x400;
}

/// Random half-words, with what leads far in between: literals that are addresses, special
/// registers, supervisor calls, exception returns, hints.
Image random_image(base::SeededRandom& random) {
  Image image(4096);
  for (auto& byte : image) byte = static_cast<std::uint8_t>(random.next());
  constexpr std::array<std::uint32_t, 16> telling{0xBF30BF20, 0xBF40DF00, 0x8814F380, 0x8810F380,
                                                  0x8811F380, 0xB672B662, 0x4770BE00, 0x4780BF08,
                                                  0xE7FEDEAD, 0xFBB1FBF0, 0xE8D0E8BD, 0xF7FFFFFE,
                                                  0xBF18F8DF, 0x8808F380, 0x8809F380, 0xC000E8D1};
  for (std::size_t offset = 0x140; offset + 4 <= image.size(); offset += 4) {
    const std::uint32_t kind = random.next() % 8;
    if (kind == 0) put(image, offset, some_address(random));
    if (kind == 1) put(image, offset, telling[random.next() % telling.size()]);
  }
  for (std::size_t vector = 0; vector < 0x140; vector += 4) {
    const bool sane = random.next() % 4 != 0;
    put(image, vector, sane ? 0x08000141 + (random.next() % 3000 & ~1u) : some_address(random));
  }
  put(image, 0, random.next() % 4 != 0 ? 0x20014000 : some_address(random));
  return image;
}

Image damaged_program(base::SeededRandom& random) {
  constexpr std::array<const char*, 9> programs{"nesting",     "tasks",      "faults",
                                                "traps",       "sleeping",   "traffic",
                                                "flash_rules", "arithmetic", "memory_map"};
  Image image = program_file(programs[random.next() % programs.size()]);
  const std::uint32_t damages = 1 + random.next() % 20;
  for (std::uint32_t damage = 0; damage < damages; ++damage) {
    const std::size_t offset = random.next() % (image.size() & ~std::size_t{3}) & ~std::size_t{3};
    if (random.next() % 2 == 0) {
      put(image, offset, some_address(random));
    } else {
      image[offset + random.next() % 4] ^= static_cast<std::uint8_t>(1u << random.next() % 8);
    }
  }
  return image;
}

/// The state after some milliseconds, run in slices of `slice`.
Image run(const Image& image, std::uint64_t seed, base::Duration slice) {
  Board board({.seed = seed});
  board.power(true);
  EXPECT_TRUE(board.program(0x08000000, image).has_value());
  board.reset();
  const base::Instant end = board.now() + std::chrono::milliseconds(6);
  for (base::Instant until = board.now(); until < end;) {
    until += slice;
    board.run_until(until);
  }
  return board.save();
}

TEST(Hostile, firmware_of_random_bytes_runs_into_faults_only) {
  for (unsigned index = 0; index < image_count(); ++index) {
    SCOPED_TRACE(index);
    base::SeededRandom random(index);
    (void)run(random_image(random), index, std::chrono::milliseconds(2));
  }
}

TEST(Hostile, damaged_programs_do_no_harm) {
  for (unsigned index = 0; index < image_count(); ++index) {
    SCOPED_TRACE(index);
    base::SeededRandom random(1'000'000 + index);
    (void)run(damaged_program(random), index, std::chrono::milliseconds(2));
  }
}

TEST(Hostile, however_it_goes_wrong_the_slices_of_time_do_not_matter) {
  for (unsigned index = 0; index < image_count() / 2; ++index) {
    SCOPED_TRACE(index);
    base::SeededRandom random(2'000'000 + index);
    const Image image = index % 2 == 0 ? random_image(random) : damaged_program(random);
    const Image whole = run(image, index, std::chrono::milliseconds(6));
    const Image sliced = run(image, index, std::chrono::microseconds(250));
    EXPECT_TRUE(whole == sliced) << "first difference at byte "
                                 << std::ranges::mismatch(whole, sliced).in1 - whole.begin();
  }
}

}  // namespace
}  // namespace goldcrest::board
