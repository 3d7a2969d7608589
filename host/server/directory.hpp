// SPDX-License-Identifier: MIT
// Keeps a Store in step with a folder of `.fmu` files, while the server runs: scan() is called from
// time to time and reads only what has changed. A file that does not hold yet may still be on its
// way into the folder, so it is reported as refused only once it has come to rest.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "host/server/store.hpp"

namespace goldcrest::server {

class UpdateDirectory {
 public:
  /// What a scan found; names without folder.
  struct Changes {
    std::vector<std::string> added;  ///< new, or replaced by other contents
    std::vector<std::string> removed;
    struct Refused {
      std::string name;
      std::string reason;
    };
    std::vector<Refused> refused;
  };

  UpdateDirectory(std::filesystem::path folder, Store& store)
      : folder_(std::move(folder)), store_(store) {}

  /// Fails with one line when the folder cannot be read; the store then stays as it is.
  [[nodiscard]] std::expected<Changes, std::string> scan();

 private:
  // What tells whether a file has changed without reading it.
  struct Stamp {
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Entry {
    Stamp stamp;
    bool accepted = false;
    bool reported = false;
    std::string reason;
  };

  std::expected<std::map<std::string, Stamp>, std::string> list() const;
  void examine(const std::string& name, const Stamp& stamp, Changes& changes);
  std::expected<void, std::string> read_into_store(const std::string& name);

  std::filesystem::path folder_;
  Store& store_;
  std::map<std::string, Entry> entries_;
};

}  // namespace goldcrest::server
