// SPDX-License-Identifier: MIT
#include "host/server/directory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <system_error>

#include "core/image/flash_map.hpp"
#include "core/image/manifest.hpp"
#include "host/packer/files.hpp"

namespace goldcrest::server {
namespace {

// Nothing that a slot could hold is longer; it also bounds the memory a file can cost.
constexpr std::size_t file_limit = 1024 * 1024;

std::int64_t to_ns(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::expected<std::map<std::string, UpdateDirectory::Stamp>, std::string> UpdateDirectory::list()
    const {
  std::error_code error;
  std::map<std::string, Stamp> files;
  auto entry = std::filesystem::directory_iterator(folder_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const auto& path = entry->path();
    struct stat status {};
    if (path.extension() != ".fmu" || ::stat(path.c_str(), &status) != 0 ||
        !S_ISREG(status.st_mode)) {
      continue;
    }
    files[path.filename().string()] = {.inode = status.st_ino,
                                       .size = static_cast<std::uint64_t>(status.st_size),
                                       .modified_ns = to_ns(status.st_mtim),
                                       .changed_ns = to_ns(status.st_ctim)};
  }
  if (error) {
    return std::unexpected(
        fmt::format("cannot read the folder {}: {}", folder_.string(), error.message()));
  }
  return files;
}

std::expected<void, std::string> UpdateDirectory::read_into_store(const std::string& name) {
  auto bytes = packer::read_file(folder_ / name, file_limit);
  if (!bytes) return std::unexpected(bytes.error().text);
  if (const auto added = store_.add(name, *std::move(bytes)); !added) {
    return std::unexpected(added.error());
  }
  return {};
}

void UpdateDirectory::examine(const std::string& name, const Stamp& stamp, Changes& changes) {
  auto [position, is_new] = entries_.try_emplace(name);
  auto& entry = position->second;
  const bool changed = is_new || entry.stamp != stamp;
  if (changed) {
    const bool was_accepted = entry.accepted;
    entry = {.stamp = stamp, .accepted = false, .reported = false, .reason = {}};
    if (const auto read = read_into_store(name)) {
      entry.accepted = true;
      changes.added.push_back(name);
      return;
    } else {
      entry.reason = read.error();
    }
    // What took its place does not hold: the old contents are not offered any more either.
    if (was_accepted && store_.remove(name)) changes.removed.push_back(name);
    return;
  }
  if (entry.accepted || entry.reported) return;
  // Unchanged since the last scan. Another file may have been in its way, so it gets a second look.
  if (read_into_store(name)) {
    entry.accepted = true;
    changes.added.push_back(name);
    return;
  }
  entry.reported = true;
  changes.refused.push_back({name, entry.reason});
}

std::expected<UpdateDirectory::Changes, std::string> UpdateDirectory::scan() {
  const auto files = list();
  if (!files) return std::unexpected(files.error());
  Changes changes;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (files->contains(entry->first)) {
      ++entry;
      continue;
    }
    if (store_.remove(entry->first)) changes.removed.push_back(entry->first);
    entry = entries_.erase(entry);
  }
  for (const auto& [name, stamp] : *files) examine(name, stamp, changes);
  return changes;
}

}  // namespace goldcrest::server
