// SPDX-License-Identifier: MIT
// A file of lines that one process at a time extends; each line is handed to the system at once.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace goldcrest::sim {

class JournalFile {
 public:
  /// No file: what is written is dropped.
  JournalFile() = default;
  ~JournalFile();
  JournalFile(JournalFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), error_(std::move(other.error_)) {}
  JournalFile& operator=(JournalFile&& other) noexcept;
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  enum class Use : bool { read, extend };
  /// Locks it. To extend: makes it if need be.
  [[nodiscard]] static std::expected<JournalFile, std::string> open(
      const std::filesystem::path& path, Use use);

  /// Its whole lines. What follows the last line end is cut off the file, if it is to be extended.
  [[nodiscard]] std::expected<std::string, std::string> lines(Use use);
  /// Once a line could not be written, nothing is written any more: it may be half there.
  void write(std::string_view line);
  /// Empty, or why.
  const std::string& error() const { return error_; }

 private:
  explicit JournalFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
  std::string error_;
};

}  // namespace goldcrest::sim
