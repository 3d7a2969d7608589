// SPDX-License-Identifier: MIT
#include "host/packer/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace goldcrest::packer {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string system_error_text() {
  return std::strerror(errno);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

namespace {

enum class Readers { anyone, owner_only };

Result<std::vector<std::uint8_t>> read_file_of(const std::filesystem::path& path, std::size_t limit,
                                               Readers readers) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file.valid() || ::fstat(file.number(), &status) != 0) {
    return problem(fmt::format("cannot read {}: {}", path.string(), system_error_text()));
  }
  if (!S_ISREG(status.st_mode)) {
    return problem(fmt::format("cannot read {}: it is not a regular file", path.string()));
  }
  if (readers == Readers::owner_only && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return problem(
        fmt::format("{} can be read by others than its owner (mode {:04o}): run chmod 600 "
                    "on it, and consider the key as disclosed if others had access",
                    path.string(), status.st_mode & 07777u));
  }
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  if (size > limit) {
    return problem(fmt::format("{} has {} bytes, more than the {} such a file can have",
                               path.string(), size, limit));
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = ::read(file.number(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return problem(fmt::format("cannot read {}: {}", path.string(),
                                 count < 0 ? system_error_text() : "it became shorter meanwhile"));
    }
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace

Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path, std::size_t limit) {
  return read_file_of(path, limit, Readers::anyone);
}

Result<std::vector<std::uint8_t>> read_private_file(const std::filesystem::path& path,
                                                    std::size_t limit) {
  return read_file_of(path, limit, Readers::owner_only);
}

Result<void> write_all(int descriptor, base::Bytes bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return problem(fmt::format("cannot write {}: {}", path.string(), system_error_text()));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> sync_path(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::fsync(file.number()) != 0) {
    return problem(fmt::format("cannot sync {} to disk: {}", path.string(), system_error_text()));
  }
  return {};
}

Result<StagedFile> StagedFile::create(const std::filesystem::path& final_path, base::Bytes bytes,
                                      mode_t mode) {
  // A device or a pipe would be replaced by a file: -o /dev/null as root must not do that.
  std::error_code error;
  const auto present = std::filesystem::status(final_path, error);
  if (std::filesystem::exists(present) && !std::filesystem::is_regular_file(present)) {
    return problem(
        fmt::format("cannot write {}: it is there, and not a regular file", final_path.string()));
  }
  std::uint32_t salt = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&salt), sizeof salt) != 1) {
    return problem("the system's random numbers are not available");
  }
  const auto temporary = folder_of(final_path) /
                         fmt::format(".{}.{:08x}.partial", final_path.filename().string(), salt);
  const FileDescriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.valid()) {
    return problem(
        fmt::format("cannot write in {}: {}", folder_of(final_path).string(), system_error_text()));
  }
  StagedFile staged(temporary, final_path);
  if (auto written = write_all(file.number(), bytes, temporary); !written) {
    return std::unexpected(written.error());
  }
  if (::fsync(file.number()) != 0) {
    return problem(
        fmt::format("cannot sync {} to disk: {}", temporary.string(), system_error_text()));
  }
  return staged;
}

StagedFile::StagedFile(StagedFile&& other) noexcept
    : temporary_(std::exchange(other.temporary_, {})), final_(std::move(other.final_)) {}

StagedFile::~StagedFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> StagedFile::commit() {
  return commit(0);
}

Result<void> StagedFile::commit_new() {
  return commit(RENAME_NOREPLACE);
}

Result<void> StagedFile::commit(unsigned rename_flags) {
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, final_.c_str(), rename_flags) != 0) {
    return problem(
        fmt::format("cannot put {} in its place: {}", final_.string(), system_error_text()));
  }
  temporary_.clear();
  return sync_path(folder_of(final_));
}

Result<void> write_file(const std::filesystem::path& path, base::Bytes bytes, mode_t mode) {
  auto staged = StagedFile::create(path, bytes, mode);
  if (!staged) return std::unexpected(staged.error());
  return staged->commit();
}

}  // namespace goldcrest::packer
