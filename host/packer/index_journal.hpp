// SPDX-License-Identifier: MIT
// A file that only ever grows and remembers how many leaves of a signing key have been given out.
// Two of them guard each key (docs/formats/keys.md): `signing.state` beside it, and one in the
// account of the person who signs, which an old copy of the key directory does not bring back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "host/packer/files.hpp"
#include "host/packer/lms_signer.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

class IndexJournal {
 public:
  /// Creates the file with one record, in one step; fails when it exists.
  static Result<IndexJournal> create(const std::filesystem::path& path,
                                     const LmsIdentifier& identifier, std::uint32_t next_index);
  /// Opens and locks the file of this key, or gives nothing when there is none. A line that a crash
  /// cut short at the end is dropped; any other damage is an error.
  static Result<std::optional<IndexJournal>> open(const std::filesystem::path& path,
                                                  const LmsIdentifier& identifier);

  /// The highest next index on record.
  std::uint32_t next_index() const { return next_index_; }
  /// Adds a record and syncs it to disk; `next_index` is above what is on record.
  Result<void> append(std::uint32_t next_index);

 private:
  IndexJournal(std::filesystem::path path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint32_t next_index_ = 0;
};

}  // namespace goldcrest::packer
