// SPDX-License-Identifier: MIT
#include "host/packer/sign_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "host/packer/files.hpp"
#include "host/packer/p256_key.hpp"
#include "host/packer/sha256.hpp"

namespace goldcrest::packer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t output_limit = 65536;

struct Pipe {
  FileDescriptor reading;
  FileDescriptor writing;

  static Result<Pipe> make() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return problem(fmt::format("cannot make a pipe: {}", system_error_text()));
    }
    return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  }
};

/// A running command, in a process group of its own that dies with the object.
class Child {
 public:
  Child(const std::string& command, const Pipe& input, const Pipe& output) : id_(::fork()) {
    if (id_ != 0) return;
    ::setpgid(0, 0);
    ::dup2(input.reading.number(), STDIN_FILENO);
    ::dup2(output.writing.number(), STDOUT_FILENO);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (id_ <= 0) return;
    ::kill(-id_, SIGKILL);
    ::kill(id_, SIGKILL);  // it may not have become the leader of its group yet
    (void)wait();
  }

  bool started() const { return id_ > 0; }
  /// Readable when the command has ended.
  FileDescriptor ending() const {
    return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  }
  /// Waits for its end: the status as waitpid() has it.
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_;
};

/// Waits until `descriptor` can be read or has been closed; false when the time is over.
bool readable_before(const FileDescriptor& descriptor, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd poll{descriptor.number(), POLLIN, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

enum class ReadEnd { complete, late, too_long, failed };

/// Reads to the end of the pipe.
ReadEnd read_all(const FileDescriptor& from, Clock::time_point deadline,
                 std::vector<std::uint8_t>& out) {
  std::array<std::uint8_t, 4096> piece;
  while (readable_before(from, deadline)) {
    const auto size = ::read(from.number(), piece.data(), piece.size());
    if (size == 0) return ReadEnd::complete;
    if (size < 0 && errno != EINTR) return ReadEnd::failed;
    if (size > 0) out.insert(out.end(), piece.begin(), piece.begin() + size);
    if (out.size() > output_limit) return ReadEnd::too_long;
  }
  return ReadEnd::late;
}

std::unexpected<Problem> failed(const std::string& what) {
  return problem("--sign-command: " + what + "; nothing was written");
}

Result<std::vector<std::uint8_t>> run(const SignCommand& command,
                                      const std::vector<std::uint8_t>& input) {
  auto to = Pipe::make();
  auto from = Pipe::make();
  if (!to) return std::unexpected(to.error());
  if (!from) return std::unexpected(from.error());
  // So little fits into the pipe at once: a command that never reads it cannot hold us up.
  if (auto done = write_all(to->writing.number(), input, "the command's input"); !done) {
    return std::unexpected(done.error());
  }
  const auto deadline = Clock::now() + command.timeout;
  Child child(command.command, *to, *from);
  if (!child.started()) return failed("it cannot be started: " + system_error_text());
  *to = Pipe{};
  from->writing = FileDescriptor();
  const auto ending = child.ending();
  std::vector<std::uint8_t> output;
  const auto late = [&] {
    return failed(
        fmt::format("it was not done after {} s (--sign-timeout)", command.timeout.count()));
  };
  switch (read_all(from->reading, deadline, output)) {
    case ReadEnd::complete:
      break;
    case ReadEnd::late:
      return late();
    case ReadEnd::too_long:
      return failed("its output is no signature but far too long");
    case ReadEnd::failed:
      return failed("its output cannot be read: " + system_error_text());
  }
  if (!readable_before(ending, deadline)) return late();
  const int status = child.wait();
  if (WIFSIGNALED(status)) return failed(fmt::format("signal {} ended it", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) {
    return failed(fmt::format("it ended with exit code {}", WEXITSTATUS(status)));
  }
  return output;
}

}  // namespace

std::vector<std::uint8_t> input_of_sign_command(const PublicKey& key, base::Bytes message) {
  if (key.signature_type != image::SignatureType::ecdsa_p256) {
    return {message.begin(), message.end()};
  }
  const auto digest = sha256(message);
  return {digest.begin(), digest.end()};
}

Result<std::vector<std::uint8_t>> sign_with_command(const SignCommand& command,
                                                    const PublicKey& key, base::Bytes message) {
  auto signature = run(command, input_of_sign_command(key, message));
  if (!signature) return signature;
  if (key.signature_type == image::SignatureType::ecdsa_p256 &&
      signature->size() != key.signature_bytes()) {
    auto raw = raw_ecdsa_signature(*signature);
    if (!raw) {
      return failed(fmt::format("it gave {} bytes: {}", signature->size(), raw.error().text));
    }
    signature = std::move(raw);
  }
  if (signature->size() != key.signature_bytes()) {
    return failed(fmt::format("it gave {} bytes, a signature of this {} key has {}",
                              signature->size(), name_of(key.signature_type),
                              key.signature_bytes()));
  }
  if (!key.verifies(message, *signature)) {
    return failed(
        fmt::format("its signature does not hold with the public key {:08x}: it signed with "
                    "another key, or something else",
                    key.id));
  }
  return signature;
}

}  // namespace goldcrest::packer
