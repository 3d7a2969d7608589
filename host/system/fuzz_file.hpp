// SPDX-License-Identifier: MIT
// A file in memory, for the fuzz targets of what reads files by their path.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/ensure.hpp"

namespace goldcrest::system::fuzzing {

class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    base::ensure(descriptor_ >= 0 && ::fchmod(descriptor_, 0600) == 0);
  }
  ~MemoryFile() { (void)::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// The file, with these bytes.
  std::filesystem::path with(base::Bytes bytes) {
    base::ensure(::ftruncate(descriptor_, 0) == 0);
    base::ensure(::pwrite(descriptor_, bytes.data(), bytes.size(), 0) ==
                 static_cast<ssize_t>(bytes.size()));
    return path();
  }
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace goldcrest::system::fuzzing
