// SPDX-License-Identifier: MIT
#include "sim/powercut/journal_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace goldcrest::sim {
namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

}  // namespace

JournalFile::~JournalFile() {
  if (descriptor_ >= 0) (void)::close(descriptor_);
}

JournalFile& JournalFile::operator=(JournalFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(error_, other.error_);
  return *this;
}

std::expected<JournalFile, std::string> JournalFile::open(const std::filesystem::path& path,
                                                          Use use) {
  const int flags = use == Use::extend ? O_RDWR | O_CREAT | O_APPEND : O_RDONLY;
  JournalFile file(::open(path.c_str(), flags | O_CLOEXEC, 0666));
  if (file.descriptor_ < 0) {
    return std::unexpected(fmt::format("cannot open {}: {}", path.string(), reason()));
  }
  struct stat status {};
  if (::fstat(file.descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::unexpected(fmt::format("{} is not a regular file", path.string()));
  }
  const int lock = use == Use::extend ? LOCK_EX : LOCK_SH;
  if (::flock(file.descriptor_, lock | LOCK_NB) != 0) {
    return std::unexpected(
        errno == EWOULDBLOCK
            ? fmt::format(
                  "{} is in use by another goldcrest-powercut; wait for it, or name another "
                  "file",
                  path.string())
            : fmt::format("cannot lock {}: {}", path.string(), reason()));
  }
  return file;
}

std::expected<std::string, std::string> JournalFile::lines(Use use) {
  std::string text;
  std::array<char, 1 << 16> piece{};
  for (;;) {
    const auto count =
        ::pread(descriptor_, piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected("cannot be read: " + reason());
    if (count == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  const auto whole = text.rfind('\n') + 1;  // npos + 1: no whole line at all
  if (whole == text.size()) return text;
  text.resize(whole);
  if (use == Use::extend && ::ftruncate(descriptor_, static_cast<off_t>(whole)) != 0) {
    return std::unexpected("cannot be shortened to its last whole line: " + reason());
  }
  return text;
}

void JournalFile::write(std::string_view line) {
  if (descriptor_ < 0 || !error_.empty()) return;
  std::string text(line);
  text += '\n';
  for (std::size_t written = 0; written < text.size();) {
    const auto count = ::write(descriptor_, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      error_ = reason();
      return;
    }
    written += static_cast<std::size_t>(count);
  }
}

}  // namespace goldcrest::sim
