// SPDX-License-Identifier: MIT
// Where a host program keeps how far it has used its Sender Sequence Numbers: one number for all
// its contexts, in a file of its own beside theirs (docs/formats/oscore.md). The file is replaced
// in one step and synced. Whoever has it open holds a lock on it, so that no two processes count at
// once.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/oscore/sender_sequence.hpp"
#include "host/packer/files.hpp"

namespace goldcrest::oscore {

class SequenceFile final : public SequenceStore {
 public:
  /// Makes the file when there is none. Fails with one line, as when another process has it.
  [[nodiscard]] static std::expected<SequenceFile, std::string> open(
      const std::filesystem::path& path);
  /// The one beside a file of contexts, with `ending` behind its name. Names that are links to one
  /// file of contexts count together.
  [[nodiscard]] static std::expected<SequenceFile, std::string> open_beside(
      const std::filesystem::path& contexts, std::string_view ending);

  /// The first number not used yet. Never behind the clock (128 numbers a second since 1970), so
  /// that a file that was lost or brought back from a copy does not lead to numbers used before.
  std::uint64_t first() const { return first_; }

  bool reserve(std::uint64_t end) override;
  /// Why reserve() failed the last time.
  const std::string& problem() const { return problem_; }

 private:
  SequenceFile(std::filesystem::path path, packer::FileDescriptor lock, std::uint64_t first)
      : path_(std::move(path)), lock_(std::move(lock)), first_(first) {}

  std::filesystem::path path_;
  packer::FileDescriptor lock_;
  std::uint64_t first_;
  std::string problem_;
};

}  // namespace goldcrest::oscore
