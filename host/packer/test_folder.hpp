// SPDX-License-Identifier: MIT
// For tests: a folder that vanishes with its test, and a key folder with journals of its own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "host/packer/signing_key.hpp"

namespace goldcrest::packer {

class TestFolder {
 public:
  TestFolder() {
    auto name = (std::filesystem::temp_directory_path() / "goldcrest-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A key of height 5 in `keys`, with the account's journals in `state` beside it.
struct TestKeys {
  explicit TestKeys(std::uint32_t height = 5) {
    options.state_directory = folder / "state";
    const auto made = create_keys(folder / "keys", height, options);
    EXPECT_TRUE(made) << made.error().text;
  }

  std::filesystem::path keys() const { return folder / "keys"; }

  TestFolder folder;
  SigningOptions options;
};

}  // namespace goldcrest::packer
