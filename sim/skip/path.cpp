// SPDX-License-Identifier: MIT
#include "sim/skip/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>

#include "core/base/bytes.hpp"
#include "core/base/ensure.hpp"
#include "core/image/flash_map.hpp"
#include "host/board/debugger.hpp"

namespace goldcrest::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Block {
  std::uint32_t address;
  std::uint32_t size;
};

struct Course {
  std::vector<Block> blocks;
  std::uint64_t board_instructions = 0;
  std::string end;
};

/// To the first instruction outside BOOT, or until LD2 shows that BOOT has stopped.
std::expected<Course, std::string> run_undisturbed(const Situation& situation) {
  board::Board board({});
  prepare(board, situation);
  Course course;
  board.debugger().watch_blocks([&](std::uint32_t address, std::uint32_t size) {
    if (!in_boot(address)) return true;
    course.blocks.push_back({address, size});
    return false;
  });
  const auto before = board.instructions();
  for (const auto limit = board.now() + seconds(10); board.now() < limit;) {
    board.run_until(board.now() + milliseconds(1));
    course.board_instructions = board.instructions() - before;
    if (board.debugger().halt()) {
      course.end =
          fmt::format("starts {:#010x}", board.debugger().read_register(board::CpuRegister::pc));
      return course;
    }
    if (board.led()) {
      course.end = "stops";
      return course;
    }
  }
  return std::unexpected(fmt::format("{}: BOOT neither starts anything nor stops", situation.name));
}

/// The addresses of the instructions in a block.
class Decoder {
 public:
  explicit Decoder(const FlashContent& flash) : flash_(flash) {}

  template <typename Each>
  void instructions(const Block& block, Each each) const {
    std::uint32_t index = 0;
    for (auto at = block.address; at - block.address < block.size; at += size_at(at)) {
      each(at, index++);
    }
  }

 private:
  /// ARMv7-M A5.1: 0b11101, 0b11110 and 0b11111 begin an instruction of two half-words.
  std::uint32_t size_at(std::uint32_t address) const {
    const auto place = address - image::flash_section.base;
    return flash_.at(place + 1) >= 0xE8 ? 4 : 2;
  }

  const FlashContent& flash_;
};

/// By half-word of BOOT.
using Counts = std::vector<std::uint32_t>;

std::uint32_t& count_of(Counts& counts, std::uint32_t address) {
  return counts.at((address - image::boot_section.base) / 2);
}

std::set<std::uint32_t> choose(std::uint32_t count, const PathOptions& options,
                               std::mt19937_64& random) {
  std::set<std::uint32_t> chosen;
  const bool all = options.all || count <= options.occurrences;
  const std::uint32_t edge = all ? count : options.occurrences / 4;
  for (std::uint32_t i = 0; i < edge; ++i) {
    chosen.insert(i);
    chosen.insert(count - 1 - i);
  }
  if (all) return chosen;
  if (chosen.empty()) chosen.insert(0);
  while (chosen.size() < options.occurrences) {
    chosen.insert(static_cast<std::uint32_t>(random() % count));
  }
  return chosen;
}

template <typename Wanted>
std::vector<Point> points_of(const Course& course, const Decoder& decoder, Wanted wanted) {
  Counts seen(image::boot_section.size / 2);
  std::vector<Point> points;
  for (std::uint32_t number = 0; number < course.blocks.size(); ++number) {
    decoder.instructions(course.blocks[number], [&](std::uint32_t address, std::uint32_t index) {
      const auto occurrence = count_of(seen, address)++;
      if (wanted(address, occurrence)) points.push_back({address, occurrence, number, index});
    });
  }
  return points;
}

}  // namespace

void prepare(board::Board& board, const Situation& situation) {
  board.power(true);
  base::ensure(board.program(image::flash_section.base, situation.flash).has_value());
  board.set_jumper(situation.jumper);
  board.reset();
}

bool in_boot(std::uint32_t address) {
  return image::boot_section.contains(address) && !image::factory_section.contains(address);
}

std::expected<Path, std::string> walk(const Situation& situation, const PathOptions& options) {
  const auto course = run_undisturbed(situation);
  if (!course) return std::unexpected(course.error());
  const Decoder decoder(situation.flash);
  Counts counts(image::boot_section.size / 2);
  for (const auto& block : course->blocks) {
    decoder.instructions(
        block, [&](std::uint32_t address, std::uint32_t) { ++count_of(counts, address); });
  }
  Path path{.points = {}, .board_instructions = course->board_instructions, .end = course->end};
  std::mt19937_64 random(options.seed);
  std::vector<std::set<std::uint32_t>> chosen(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    ++path.instructions;
    path.executed += counts[i];
    path.sampled += !options.all && counts[i] > options.occurrences ? 1u : 0u;
    chosen[i] = choose(counts[i], options, random);
  }
  path.points = points_of(*course, decoder, [&](std::uint32_t address, std::uint32_t occurrence) {
    return chosen[(address - image::boot_section.base) / 2].contains(occurrence);
  });
  return path;
}

std::expected<Path, std::string> walk_to(const Situation& situation, std::uint32_t address,
                                         std::uint32_t occurrence) {
  const auto course = run_undisturbed(situation);
  if (!course) return std::unexpected(course.error());
  Path path{.points = points_of(*course, Decoder(situation.flash),
                                [&](std::uint32_t at, std::uint32_t number) {
                                  return at == address && number == occurrence;
                                }),
            .board_instructions = course->board_instructions,
            .end = course->end};
  if (path.points.empty()) {
    return std::unexpected(fmt::format("{}: BOOT does not come to {:#010x} {} times",
                                       situation.name, address, occurrence + 1));
  }
  return path;
}

}  // namespace goldcrest::sim
