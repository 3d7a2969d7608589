// SPDX-License-Identifier: MIT
#include "sim/skip/skipper.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <span>

#include "core/base/ensure.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "host/board/debugger.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, skip_outcomes> names{
    "untried",   "refused", "authentic image", "rejected image",  "provisioning",
    "elsewhere", "stuck",   "UNSIGNED BOOTED", "FORBIDDEN BOOTED"};

// --- the end of a run ----------------------------------------------------------------------------

struct Judgement {
  SkipOutcome outcome;
  std::uint32_t end;
};

/// What lies in the board's flash, by the host's own verification.
class Authority {
 public:
  Authority(board::Board& board, const Situation& situation)
      : flash_(
            loaded(board.read_flash(image::flash_section.base, image::flash_section.size).value())),
        manufactured_(loaded(situation.flash)),
        factory_(image::read_factory(manufactured_).value()) {}

  bool verifies(image::Slot slot) { return image::verify(flash_, slot, factory_).has_value(); }
  bool rejected(image::Slot slot) {
    const auto status = image::read_status(flash_, slot);
    return status && status->rejected;
  }
  bool mta_intact() const {
    const auto bytes = flash_.memory(image::mta_section).first(factory_.mta_size);
    return crypto::Sha256::of(bytes) == factory_.mta_digest;
  }
  std::uint32_t reset_handler(const image::Section& section) const {
    return base::load_le32(flash_.memory(section).data() + 4) & ~1u;
  }

 private:
  static SimulatedFlash loaded(const FlashContent& content) {
    SimulatedFlash flash;
    flash.load(image::flash_section.base, content);
    return flash;
  }

  SimulatedFlash flash_;
  SimulatedFlash manufactured_;  ///< the owner's keys are those that were there before
  image::Factory factory_;
};

std::uint32_t pc_of(board::Board& board) {
  return board.debugger().read_register(board::CpuRegister::pc);
}

std::uint32_t vector_table(board::Board& board) {
  constexpr std::uint32_t scb_vtor = 0xE000ED08;
  const auto bytes = board.debugger().read(scb_vtor, 4);
  return bytes ? base::load_le32(bytes->data()) : 0;
}

SkipOutcome judge_application(Authority& authority, const Situation& situation, image::Slot slot,
                              std::uint32_t pc) {
  if (!authority.verifies(slot)) return SkipOutcome::forged;
  if (situation.forbidden == slot) return SkipOutcome::forbidden;
  if (authority.rejected(slot)) return SkipOutcome::rejected;
  return pc == authority.reset_handler(image::section_of(slot)) ? SkipOutcome::authentic
                                                                : SkipOutcome::elsewhere;
}

/// Something that is not BOOT is about to be executed. Interrupts count too: a vector table in an
/// image that is not authentic would lead there.
SkipOutcome judge_start(board::Board& board, const Situation& situation) {
  Authority authority(board, situation);
  const auto pc = pc_of(board);
  const auto vectors = vector_table(board);
  for (const auto slot : {image::Slot::app1, image::Slot::app2}) {
    const auto section = image::section_of(slot);
    if (section.contains(vectors) && !authority.verifies(slot)) return SkipOutcome::forged;
    if (section.contains(pc)) return judge_application(authority, situation, slot, pc);
  }
  if (!image::mta_section.contains(pc) || !authority.mta_intact()) return SkipOutcome::forged;
  return pc == authority.reset_handler(image::mta_section) ? SkipOutcome::provisioning
                                                           : SkipOutcome::elsewhere;
}

/// Where somebody could have put code: images, and the RAM, through which they pass. The rest is
/// BOOT, the factory block and settings: they are executed, and lead where they lead.
bool may_hold_code(std::uint32_t address) {
  return image::app1_section.contains(address) || image::app2_section.contains(address) ||
         image::mta_section.contains(address) || image::ram_section.contains(address);
}

Judgement run_to_end(board::Board& board, const Situation& situation, std::uint64_t expected) {
  auto& debugger = board.debugger();
  debugger.watch_blocks(
      [](std::uint32_t address, std::uint32_t) { return may_hold_code(address); });
  debugger.resume();
  const auto limit = board.instructions() + 2 * expected + 1'000'000;
  const auto last = board.now() + std::chrono::seconds(60);
  while (board.instructions() < limit && board.now() < last) {
    board.run_until(board.now() + milliseconds(1));
    if (const auto halt = debugger.halt()) {
      // A BKPT faults where there is no debugger, and BOOT stops.
      const auto outcome = halt->reason == board::HaltReason::breakpoint
                               ? judge_start(board, situation)
                               : SkipOutcome::stuck;
      return {outcome, pc_of(board)};
    }
    if (board.led()) return {SkipOutcome::refused, pc_of(board)};
    if (board.next_event() == base::never) break;
  }
  return {SkipOutcome::stuck, pc_of(board)};
}

// --- the way to a point --------------------------------------------------------------------------

/// A board that is led along the path, from point to point.
class Walker {
 public:
  explicit Walker(const Situation& situation) : board_(board::BoardOptions{}) {
    prepare(board_, situation);
    board_.debugger().watch_blocks(
        [this](std::uint32_t, std::uint32_t) { return executed_++ == wanted_; });
  }

  board::Board& board() { return board_; }

  /// Halts before the point; they come in the order of execution.
  void go_to(const Point& point) {
    if (executed_ == 0 || executed_ - 1 != point.block) {
      wanted_ = point.block;
      if (board_.debugger().halt()) board_.debugger().resume();
      run_to_halt();
      index_ = 0;
    }
    for (; index_ < point.index; ++index_) {
      board_.debugger().step();
      run_to_halt();
    }
    base::ensure(pc_of(board_) == point.address);
  }

 private:
  void run_to_halt() {
    for (int i = 0; i < 10'000; ++i) {
      board_.run_until(board_.now() + milliseconds(1));
      if (board_.debugger().halt()) return;
    }
    base::ensure(false);
  }

  board::Board board_;
  std::uint64_t executed_ = 0;  ///< blocks, the one that it has halted in among them
  std::uint64_t wanted_ = 0;
  std::uint32_t index_ = 0;
};

// --- processes -----------------------------------------------------------------------------------

/// Memory that workers and their copies share.
class SharedTrials {
 public:
  explicit SharedTrials(std::size_t count) : size_(count * sizeof(Trial)), count_(count) {
    if (count == 0) return;
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    base::ensure(memory != MAP_FAILED);
    trials_ = static_cast<Trial*>(memory);
  }
  ~SharedTrials() {
    if (trials_ != nullptr) munmap(trials_, size_);
  }
  SharedTrials(const SharedTrials&) = delete;
  SharedTrials& operator=(const SharedTrials&) = delete;

  std::span<Trial> all() { return {trials_, count_}; }

 private:
  std::size_t size_;
  std::size_t count_;
  Trial* trials_ = nullptr;
};

/// Calls `what` in a copy of this process; false when the copy did not come to its end.
template <typename What>
bool in_copy(What what) {
  const pid_t copy = fork();
  base::ensure(copy >= 0);
  if (copy == 0) {
    what();
    _exit(0);
  }
  int status = 0;
  while (waitpid(copy, &status, 0) < 0) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool flash_changed(board::Board& board, const Situation& situation) {
  return board.read_flash(image::flash_section.base, image::flash_section.size).value() !=
         situation.flash;
}

void try_one(board::Board& board, const Situation& situation, const Path& path, Trial& trial) {
  board.debugger().skip(trial.half_words);
  auto judgement = run_to_end(board, situation, path.board_instructions);
  // What a skip has made BOOT write may tell at the next reset only.
  if (situation.forbidden && !is_failure(judgement.outcome) && flash_changed(board, situation)) {
    board.reset();
    const auto next = run_to_end(board, situation, path.board_instructions);
    if (is_failure(next.outcome)) judgement = next;
  }
  trial.end = judgement.end;
  trial.outcome = judgement.outcome;
}

/// All trials of a worker, whose points are every so many.
void work(const Situation& situation, const Path& path, std::span<Trial> trials, unsigned worker,
          unsigned workers) {
  Walker walker(situation);
  std::size_t point = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (i > 0 && trials[i].point != trials[i - 1].point) ++point;
    if (point % workers != worker) continue;
    walker.go_to(trials[i].point);
    (void)in_copy([&] { try_one(walker.board(), situation, path, trials[i]); });
  }
}

std::vector<Trial> trials_of(const Path& path, const SkipOptions& options) {
  std::vector<Trial> trials;
  for (std::size_t i = options.shard; i < path.points.size(); i += options.shards) {
    for (auto count = options.half_words_min; count <= options.half_words_max; ++count) {
      trials.push_back({.point = path.points[i], .half_words = count});
    }
  }
  return trials;
}

std::uint64_t done(std::span<const Trial> trials) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      trials, [](const Trial& trial) { return trial.outcome != SkipOutcome::untried; }));
}

}  // namespace

std::string_view to_text(SkipOutcome outcome) {
  return names.at(static_cast<std::size_t>(outcome));
}

std::array<std::uint64_t, skip_outcomes> Tried::outcomes() const {
  std::array<std::uint64_t, skip_outcomes> counts{};
  for (const auto& trial : trials) ++counts.at(static_cast<std::size_t>(trial.outcome));
  return counts;
}

std::expected<Tried, std::string> try_skips(const Situation& situation, const SkipOptions& options,
                                            const SkipProgress& progress) {
  auto path = walk(situation, options.path);
  if (!path) return std::unexpected(path.error());
  const auto planned = trials_of(*path, options);
  SharedTrials shared(planned.size());
  const auto trials = shared.all();
  std::ranges::copy(planned, trials.begin());

  std::vector<pid_t> workers;
  for (unsigned worker = 0; worker < options.workers; ++worker) {
    const pid_t process = fork();
    base::ensure(process >= 0);
    if (process == 0) {
      work(situation, *path, trials, worker, options.workers);
      _exit(0);
    }
    workers.push_back(process);
  }
  while (!workers.empty()) {
    std::erase_if(workers, [](pid_t process) { return waitpid(process, nullptr, WNOHANG) != 0; });
    progress(done(trials), trials.size());
    if (!workers.empty()) usleep(50'000);
  }
  return Tried{.situation = situation.name,
               .what = situation.what,
               .path = std::move(*path),
               .trials = {trials.begin(), trials.end()}};
}

// --- one skip ------------------------------------------------------------------------------------

std::string to_text(const SkipName& name) {
  return fmt::format("{}:{:#010x}.{}:{}", name.situation, name.address, name.occurrence,
                     name.half_words);
}

std::expected<SkipName, std::string> parse_skip_name(std::string_view text) {
  const auto wrong = std::unexpected(fmt::format(
      "{} is not SITUATION:ADDRESS.OCCURRENCE:HALFWORDS, as in image-bit:0x08000a10.3:2", text));
  const auto number = [](std::string_view digits, int base, auto& value) {
    const auto* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, value, base);
    return error == std::errc{} && rest == end;
  };
  const auto first = text.find(':');
  const auto last = text.rfind(':');
  if (first == std::string_view::npos || last == first) return wrong;
  auto place = text.substr(first + 1, last - first - 1);
  const auto dot = place.find('.');
  if (!place.starts_with("0x") || dot == std::string_view::npos) return wrong;
  SkipName name{.situation = std::string(text.substr(0, first))};
  if (!number(place.substr(2, dot - 2), 16, name.address) ||
      !number(place.substr(dot + 1), 10, name.occurrence) ||
      !number(text.substr(last + 1), 10, name.half_words) || name.half_words < 1 ||
      name.half_words > half_words_max) {
    return wrong;
  }
  return name;
}

std::expected<SkipReplay, std::string> replay_skip(const Situation& situation,
                                                   const SkipName& name) {
  const auto path = walk_to(situation, name.address, name.occurrence);
  if (!path) return std::unexpected(path.error());
  Walker walker(situation);
  walker.go_to(path->points.front());
  Trial trial{.point = path->points.front(), .half_words = name.half_words};
  try_one(walker.board(), situation, *path, trial);
  return SkipReplay{trial.outcome, walker.board().describe_cpu()};
}

}  // namespace goldcrest::sim
