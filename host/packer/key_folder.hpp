// SPDX-License-Identifier: MIT
// A new key folder: made under a temporary name beside its final one, and renamed when every file
// is in it, so that nobody ever sees half a folder and no key is ever overwritten.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>

#include "host/packer/key_files.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

class NewKeyFolder {
 public:
  /// `place` must not exist, or be empty. With content.key in it: a copy of the file `content_key`,
  /// or a new key if that is empty.
  static Result<NewKeyFolder> create(const std::filesystem::path& place,
                                     const std::filesystem::path& content_key);
  NewKeyFolder(NewKeyFolder&& other) noexcept
      : temporary_(std::exchange(other.temporary_, {})), final_(std::move(other.final_)) {}
  NewKeyFolder& operator=(NewKeyFolder&&) = delete;
  /// Without commit() it vanishes.
  ~NewKeyFolder();

  /// Where its files are to be written.
  const std::filesystem::path& path() const { return temporary_; }
  const std::filesystem::path& final_path() const { return final_; }
  /// Gives the folder its name, and syncs.
  Result<void> commit();

 private:
  NewKeyFolder(std::filesystem::path temporary, std::filesystem::path final_path)
      : temporary_(std::move(temporary)), final_(std::move(final_path)) {}

  std::filesystem::path temporary_;
  std::filesystem::path final_;
};

/// A new content key in a new file, such as one for a single device.
Result<ContentKey> create_content_key(const std::filesystem::path& file);

/// From the system's generator for secrets.
Result<void> fill_random(std::span<std::uint8_t> out);

}  // namespace goldcrest::packer
