// SPDX-License-Identifier: MIT
// Runs the same ARM programs on the virtual board and on QEMU and compares what they print and
// every register on the way.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/interop/cpu/machines.hpp"
#include "tests/interop/cpu/random_code.hpp"

namespace goldcrest::tests {
namespace {

struct Arguments {
  std::filesystem::path programs;
  std::filesystem::path scratch;
  std::vector<std::string> only;
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 0;
  std::size_t instructions = 6000;
  std::size_t limit = 400'000;
};

/// Of all programs together.
struct Totals {
  std::size_t instructions = 0;
  std::size_t blocks = 0;
  unsigned programs = 0;
  unsigned failures = 0;
};

void disassemble(const std::filesystem::path& file, std::uint32_t begin, std::uint32_t end) {
  const std::string command = fmt::format(
      "arm-none-eabi-objdump -D -z -b binary -marm -Mforce-thumb --adjust-vma=0x08000000 "
      "--start-address={:#x} --stop-address={:#x} '{}' | sed -n '/^ /{{p;q}}'",
      begin, end, file.string());
  (void)std::fflush(stdout);
  if (std::system(command.c_str()) != 0) fmt::print("  (no disassembly)\n");
}

void print_divergence(const Program& program, const Divergence& divergence) {
  fmt::print("  the instructions before, as qemu has executed them:\n");
  for (const Registers& registers : divergence.leading_to_it) {
    fmt::print("  {}\n", describe(registers, nullptr));
    disassemble(program.file, registers.pc(), registers.pc() + 4);
  }
  const Registers* theirs = divergence.theirs ? &*divergence.theirs : nullptr;
  fmt::print("  then\n  board:{}\n", describe(divergence.ours.registers, theirs));
  if (theirs == nullptr) {
    fmt::print("  qemu:  has ended\n");
  } else {
    fmt::print("  qemu: {}\n", describe(*theirs, &divergence.ours.registers));
  }
}

/// Runs `program` on both and prints what differs. `replay` are the options that do it again.
bool check(const Program& program, const std::string& name, const std::string& replay,
           std::size_t limit, Totals& totals) {
  ++totals.programs;
  const auto fail = [&](const std::string& what) {
    ++totals.failures;
    fmt::print("{}: {}\n  again: {}\n", name, what, replay);
    return false;
  };
  const auto expected = run_on_qemu(program);
  if (!expected) return fail(expected.error());
  InstructionLog log(program.begin(), program.end(), limit);
  if (auto traced = trace_on_qemu(program, log); !traced) return fail(traced.error());
  TraceComparison comparison(log.instructions(), program.begin(), program.end(), log.cut_short());
  const auto console = run_on_board(program, &comparison);
  totals.instructions += comparison.instructions();
  totals.blocks += comparison.blocks();
  if (const auto& divergence = comparison.divergence()) {
    (void)fail(fmt::format("registers differ after {} instructions that agree",
                           comparison.instructions()));
    print_divergence(program, *divergence);
    return false;
  }
  if (!console) return fail(console.error());
  if (!comparison.done()) return fail("the board's trace ends before qemu's");
  if (*console != *expected) {
    return fail(
        fmt::format("the consoles differ\n--- board\n{}--- qemu\n{}---", *console, *expected));
  }
  fmt::print("{:<16} {:>8} instructions, {:>7} blocks, registers{} and console agree\n", name,
             comparison.instructions(), comparison.blocks(), log.cut_short() ? " up to there" : "");
  return true;
}

/// The program that runs random code, with the code for `seed` behind it.
std::expected<Program, std::string> random_program(const Arguments& arguments, std::uint64_t seed) {
  auto program = load_program(arguments.programs / "random_code.bin");
  if (!program) return program;
  const auto code = random_code(seed, arguments.instructions);
  program->image.resize(random_code_base - 0x08000000);
  program->image.insert(program->image.end(), code.begin(), code.end());
  program->file = arguments.scratch / fmt::format("random_{}.bin", seed);
  std::ofstream file(program->file, std::ios::binary);
  file.write(reinterpret_cast<const char*>(program->image.data()),
             static_cast<std::streamsize>(program->image.size()));
  if (!file.flush()) {
    return std::unexpected(fmt::format("cannot write {}", program->file.string()));
  }
  return program;
}

std::vector<std::string> names_of(const Arguments& arguments) {
  if (!arguments.only.empty()) return arguments.only;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(arguments.programs)) {
    if (entry.path().extension() == ".bin" && entry.path().stem() != "random_code") {
      names.push_back(entry.path().stem());
    }
  }
  std::ranges::sort(names);
  return names;
}

int run(const Arguments& arguments) {
  Totals totals;
  const auto start = std::chrono::steady_clock::now();
  const auto one = [&](const std::expected<Program, std::string>& program, const std::string& name,
                       const std::string& replay) {
    if (!program) {
      fmt::print("{}\n", program.error());
      ++totals.failures;
      return false;
    }
    return check(*program, name, replay, arguments.limit, totals);
  };
  const std::string command = fmt::format("cpu_cross_check --programs {} --scratch {}",
                                          arguments.programs.string(), arguments.scratch.string());
  std::filesystem::create_directories(arguments.scratch);
  if (arguments.seeds == 0 || !arguments.only.empty()) {
    for (const std::string& name : names_of(arguments)) {
      one(load_program(arguments.programs / (name + ".bin")), name,
          fmt::format("{} --program {} --limit {}", command, name, arguments.limit));
    }
  }
  for (std::uint64_t seed = arguments.first_seed; seed - arguments.first_seed < arguments.seeds;
       ++seed) {
    const auto program = random_program(arguments, seed);
    const bool agrees = one(program, fmt::format("seed {}", seed),
                            fmt::format("{} --seeds 1 --first-seed {} --instructions {} --limit {}",
                                        command, seed, arguments.instructions, arguments.limit));
    if (agrees) std::filesystem::remove(program->file);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("{} programs, {} instructions and {} blocks compared in {:.1f} s, {} failures\n",
             totals.programs, totals.instructions, totals.blocks, took.count(), totals.failures);
  return totals.failures == 0 && totals.programs > 0 ? 0 : 1;
}

}  // namespace
}  // namespace goldcrest::tests

int main(int argc, char** argv) {
  CLI::App app{
      "Runs ARM programs on the virtual board and on qemu-system-arm, and compares their "
      "consoles and every register.",
      "cpu_cross_check"};
  goldcrest::tests::Arguments arguments;
  app.add_option("--programs", arguments.programs, "folder of the compiled programs")->required();
  app.add_option("--scratch", arguments.scratch, "folder for random programs")->required();
  app.add_option("--program", arguments.only, "only this one; may be given more than once");
  app.add_option("--seeds", arguments.seeds, "check this many random programs instead");
  app.add_option("--first-seed", arguments.first_seed, "the first one's")->capture_default_str();
  app.add_option("--instructions", arguments.instructions, "in a random program")
      ->capture_default_str()
      ->check(CLI::Range(100, 100000));
  app.add_option("--limit", arguments.limit,
                 "instructions of a program whose registers are compared")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return goldcrest::tests::run(arguments);
}
