// SPDX-License-Identifier: MIT
// Files that are never seen half-written, and descriptors that close themselves.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace goldcrest::board::program {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// "what: reason of errno".
std::string system_error(const std::string& what);

/// The whole file; nullopt when there is none.
[[nodiscard]] std::expected<std::optional<std::vector<std::uint8_t>>, std::string> read_file(
    const std::filesystem::path& path);
/// Writes a temporary file beside `path`, syncs it and renames it.
[[nodiscard]] std::expected<void, std::string> write_file(const std::filesystem::path& path,
                                                          std::span<const std::uint8_t> bytes);

}  // namespace goldcrest::board::program
