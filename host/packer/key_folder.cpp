// SPDX-License-Identifier: MIT
#include "host/packer/key_folder.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>

#include "host/packer/files.hpp"

namespace goldcrest::packer {
namespace {

namespace fs = std::filesystem;

Result<ContentKey> random_content_key() {
  ContentKey key;
  std::array<std::uint8_t, 4> id{};
  if (auto done = fill_random(key.key); !done) return std::unexpected(done.error());
  if (auto done = fill_random(id); !done) return std::unexpected(done.error());
  key.id = base::load_be32(id.data());
  return key;
}

Result<void> refuse_if_occupied(const fs::path& directory) {
  std::error_code error;
  const auto status = fs::status(directory, error);
  if (!fs::exists(status)) return {};
  if (!fs::is_directory(status)) {
    return problem(fmt::format("{} exists and is not a folder", directory.string()));
  }
  for (const char* name : {signing_key_name, p256_key_name, public_key_name, content_key_name}) {
    if (fs::exists(directory / name, error)) {
      return problem(
          fmt::format("{} exists already and is never overwritten: devices made with it "
                      "trust it alone; choose another folder with --keys",
                      (directory / name).string()));
    }
  }
  if (!fs::is_empty(directory, error)) {
    return problem(
        fmt::format("{} is not empty; keys get a folder of their own", directory.string()));
  }
  return {};
}

}  // namespace

Result<void> fill_random(std::span<std::uint8_t> out) {
  if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1) {
    return problem("the system's random numbers are not available");
  }
  return {};
}

Result<ContentKey> create_content_key(const fs::path& file) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(file, error))) {
    return problem(file.string() + " exists already and is never overwritten");
  }
  auto key = random_content_key();
  if (!key) return key;
  if (auto done = write_content_key(file, *key); !done) return std::unexpected(done.error());
  return key;
}

Result<NewKeyFolder> NewKeyFolder::create(const fs::path& place, const fs::path& content_key) {
  const fs::path final_path = (place / "").lexically_normal().parent_path();
  if (auto free = refuse_if_occupied(final_path); !free) return std::unexpected(free.error());
  const auto key = content_key.empty() ? random_content_key() : read_content_key(content_key);
  if (!key) return std::unexpected(key.error());
  std::string name =
      (folder_of(final_path) / fmt::format(".{}.XXXXXX", final_path.filename().string())).string();
  if (::mkdtemp(name.data()) == nullptr) {
    return problem(fmt::format("cannot create {}: {}", final_path.string(), system_error_text()));
  }
  NewKeyFolder folder(name, final_path);
  if (auto done = write_content_key(folder.path() / content_key_name, *key); !done) {
    return std::unexpected(done.error());
  }
  return folder;
}

NewKeyFolder::~NewKeyFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

Result<void> NewKeyFolder::commit() {
  // Renaming replaces an empty folder and nothing else.
  if (::rename(temporary_.c_str(), final_.c_str()) != 0) {
    return problem(fmt::format("cannot create {}: {}", final_.string(), system_error_text()));
  }
  temporary_.clear();
  return sync_path(folder_of(final_));
}

}  // namespace goldcrest::packer
