// SPDX-License-Identifier: MIT
// The two Cortex-M3 that the same program runs on: QEMU's netduino2, another implementation, and
// the virtual board. Both have flash at 0x08000000 and RAM at 0x20000000.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/interop/cpu/register_trace.hpp"

namespace goldcrest::tests {

/// A program as it is put to 0x08000000.
struct Program {
  std::filesystem::path file;
  std::vector<std::uint8_t> image;

  /// Between these addresses the traces are compared; see programs/startup.c.
  std::uint32_t begin() const { return vector(7); }
  std::uint32_t end() const { return vector(8); }

 private:
  std::uint32_t vector(std::size_t number) const;
};

[[nodiscard]] std::expected<Program, std::string> load_program(const std::filesystem::path& file);

/// Runs it on QEMU to its end and returns its console. Fails if it does not end by itself in time.
[[nodiscard]] std::expected<std::string, std::string> run_on_qemu(const Program& program);
/// Runs it on QEMU instruction by instruction, until `log` is complete.
[[nodiscard]] std::expected<void, std::string> trace_on_qemu(const Program& program,
                                                             InstructionLog& log);
/// Runs it on the board to its end, comparing on the way, and returns its console. The board stops
/// where the comparison finds a divergence.
[[nodiscard]] std::expected<std::string, std::string> run_on_board(const Program& program,
                                                                   TraceComparison* comparison);

}  // namespace goldcrest::tests
