// SPDX-License-Identifier: MIT
// Files as the packer needs them: read whole with a limit, written to a temporary name in the same
// folder, synced, and only then renamed into place, so that nobody ever sees half a file.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

/// Modes before the umask: what anyone may read, and what only the owner may.
inline constexpr mode_t public_mode = 0666;
inline constexpr mode_t private_mode = 0600;

/// An open file, closed with its owner.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// The whole of a regular file of at most `limit` bytes.
Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path, std::size_t limit);

/// The same of a file that is a secret: refused when others than its owner have any right to it.
/// Mode and contents are of one and the same file.
Result<std::vector<std::uint8_t>> read_private_file(const std::filesystem::path& path,
                                                    std::size_t limit);

/// Writes all bytes to an open file at its position.
Result<void> write_all(int descriptor, base::Bytes bytes, const std::filesystem::path& path);

/// fsync of a file or folder by name: what was renamed or created in a folder lasts only after it.
Result<void> sync_path(const std::filesystem::path& path);

/// A file under a temporary name until commit(); without it, it vanishes.
class StagedFile {
 public:
  static Result<StagedFile> create(const std::filesystem::path& final_path, base::Bytes bytes,
                                   mode_t mode);
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();

  const std::filesystem::path& temporary_path() const { return temporary_; }
  /// Renames into place, replacing what is there, and syncs the folder.
  Result<void> commit();
  /// The same, but fails when there is something already.
  Result<void> commit_new();

 private:
  Result<void> commit(unsigned rename_flags);

  StagedFile(std::filesystem::path temporary, std::filesystem::path final_path)
      : temporary_(std::move(temporary)), final_(std::move(final_path)) {}

  std::filesystem::path temporary_;
  std::filesystem::path final_;
};

/// StagedFile::create and commit in one go.
Result<void> write_file(const std::filesystem::path& path, base::Bytes bytes, mode_t mode);

/// The folder of a file name, "." when the name has none.
std::filesystem::path folder_of(const std::filesystem::path& path);

/// errno as words.
std::string system_error_text();

}  // namespace goldcrest::packer
