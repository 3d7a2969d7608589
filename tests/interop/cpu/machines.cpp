// SPDX-License-Identifier: MIT
#include "tests/interop/cpu/machines.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

#include "host/board/board.hpp"

namespace goldcrest::tests {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds qemu_limit{30};
constexpr std::chrono::seconds board_limit{120};  // of virtual time
constexpr std::string_view last_line = "end\n";
constexpr int log_descriptor = 3;

/// QEMU as a child process: its standard output is the program's console. The log goes to a file
/// descriptor of its own, because QEMU writes every word to standard error by itself.
class Qemu {
 public:
  Qemu() = default;
  Qemu(const Qemu&) = delete;
  Qemu& operator=(const Qemu&) = delete;
  ~Qemu() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    for (const int end : {output_[0], errors_[0], log_[0]}) {
      if (end >= 0) ::close(end);
    }
  }

  std::expected<void, std::string> start(const Program& program, bool traced) {
    std::vector<std::string> words{"qemu-system-arm",
                                   "-machine",
                                   "netduino2",
                                   "-nodefaults",
                                   "-display",
                                   "none",
                                   "-serial",
                                   "null",
                                   "-monitor",
                                   "none",
                                   "-chardev",
                                   "stdio,id=console",
                                   "-semihosting-config",
                                   "enable=on,target=native,chardev=console",
                                   "-kernel",
                                   program.file.string()};
    if (traced)
      words.insert(words.end(), {"-singlestep", "-d", "cpu,exec,nochain", "-D", "/dev/fd/3"});
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    if (::pipe2(output_.data(), O_CLOEXEC) != 0 || ::pipe2(errors_.data(), O_CLOEXEC) != 0 ||
        ::pipe2(log_.data(), O_CLOEXEC) != 0) {
      return std::unexpected(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output_[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, errors_[1], 2);
    ::posix_spawn_file_actions_adddup2(&actions, log_[1], log_descriptor);
    const int failed =
        ::posix_spawnp(&process_, pointers[0], &actions, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(output_[1]);
    ::close(errors_[1]);
    ::close(log_[1]);
    if (failed == 0) return {};
    process_ = -1;
    return std::unexpected(fmt::format(
        "cannot start qemu-system-arm: {}; scripts/setup installs it", std::strerror(failed)));
  }

  using Sink = std::function<bool(std::string_view)>;  ///< false: enough

  /// Reads all streams to their ends.
  std::expected<void, std::string> read(const Sink& output, const Sink& errors, const Sink& log) {
    const std::array sinks{&output, &errors, &log};
    const auto deadline = Clock::now() + qemu_limit;
    std::array<pollfd, 3> polled{
        {{output_[0], POLLIN, 0}, {errors_[0], POLLIN, 0}, {log_[0], POLLIN, 0}}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0 || polled[2].fd >= 0) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0 || ::poll(polled.data(), polled.size(), static_cast<int>(left)) <= 0) {
        return std::unexpected(fmt::format("qemu has not ended within {} s", qemu_limit.count()));
      }
      for (std::size_t stream = 0; stream < polled.size(); ++stream) {
        if (polled[stream].revents == 0) continue;
        const ssize_t count = ::read(polled[stream].fd, buffer_.data(), buffer_.size());
        if (count <= 0) {
          polled[stream].fd = -1;
        } else if (!(*sinks[stream])(
                       std::string_view(buffer_.data(), static_cast<std::size_t>(count)))) {
          return {};
        }
      }
    }
    return {};
  }

  /// Waits for the end, which has closed the streams; true if QEMU has ended with success.
  bool succeeded() {
    int status = 0;
    const pid_t ended = ::waitpid(process_, &status, 0);
    process_ = -1;
    return ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t process_ = -1;
  std::array<int, 2> output_{-1, -1};
  std::array<int, 2> errors_{-1, -1};
  std::array<int, 2> log_{-1, -1};
  std::array<char, 65536> buffer_{};
};

Qemu::Sink into(std::string& text) {
  return [&text](std::string_view part) {
    text += part;
    return true;
  };
}

}  // namespace

std::uint32_t Program::vector(std::size_t number) const {
  std::uint32_t value = 0;
  for (unsigned byte = 0; byte < 4; ++byte) {
    value |= std::uint32_t{image.at(number * 4 + byte)} << (8 * byte);
  }
  return value & ~1u;
}

std::expected<Program, std::string> load_program(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  Program program{file, {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()}};
  if (!stream.is_open() || program.image.size() < 64) {
    return std::unexpected(fmt::format("{} is not a program for the cross-check", file.string()));
  }
  return program;
}

std::expected<std::string, std::string> run_on_qemu(const Program& program) {
  Qemu qemu;
  if (auto started = qemu.start(program, false); !started) return std::unexpected(started.error());
  std::string console;
  std::string complaints;
  if (auto done = qemu.read(into(console), into(complaints), into(complaints)); !done) {
    return std::unexpected(done.error());
  }
  if (!qemu.succeeded() || !console.ends_with(last_line)) {
    return std::unexpected(fmt::format("the program fails on qemu: {}{}", console, complaints));
  }
  return console;
}

std::expected<void, std::string> trace_on_qemu(const Program& program, InstructionLog& log) {
  Qemu qemu;
  if (auto started = qemu.start(program, true); !started) return started;
  std::string rest;
  const auto lines = [&](std::string_view part) {
    rest += part;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      log.add(std::string_view(rest).substr(begin, end - begin));
    }
    rest.erase(0, begin);
    return !log.complete();
  };
  std::string console;
  std::string complaints;
  if (auto done = qemu.read(into(console), into(complaints), lines); !done) return done;
  if (!log.complete()) {
    return std::unexpected("qemu's trace ends before the program: " + console + complaints);
  }
  return {};
}

std::expected<std::string, std::string> run_on_board(const Program& program,
                                                     TraceComparison* comparison) {
  board::BoardOptions options;
  if (comparison != nullptr) {
    options.trace = {"registers"};
    options.trace_sink = [comparison](std::string_view line) {
      if (comparison->done()) return;
      if (const auto block = parse_block(line)) comparison->add(*block);
    };
  }
  board::Board board(options);
  board.power(true);
  if (auto done = board.program(0x08000000, program.image); !done) {
    return std::unexpected(done.error());
  }
  board.reset();
  std::string console;
  const base::Instant limit = board.now() + board_limit;
  while (!console.ends_with(last_line)) {
    if (comparison != nullptr && comparison->divergence()) return console;
    if (board.now() >= limit) {
      return std::unexpected(fmt::format("the program does not end on the board: {}{}", console,
                                         board.describe_cpu()));
    }
    board.run_until(board.now() + std::chrono::milliseconds(10));
    console += board.take_serial();
  }
  return console;
}

}  // namespace goldcrest::tests
