// SPDX-License-Identifier: MIT
#include "host/board/program/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace goldcrest::board::program {

std::string system_error(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

std::expected<std::optional<std::vector<std::uint8_t>>, std::string> read_file(
    const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    if (errno == ENOENT) return std::nullopt;
    return std::unexpected(system_error("cannot read " + path.string()));
  }
  // A pipe would keep us waiting, and what replaced a device would be a file.
  struct stat status {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::unexpected("cannot read " + path.string() + ": it is not a regular file");
  }
  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 65536> buffer{};
  for (;;) {
    const auto size = ::read(file.number(), buffer.data(), buffer.size());
    if (size < 0) return std::unexpected(system_error("cannot read " + path.string()));
    if (size == 0) return bytes;
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + size);
  }
}

std::expected<void, std::string> write_file(const std::filesystem::path& path,
                                            std::span<const std::uint8_t> bytes) {
  const std::string temporary = path.string() + ".new";
  const auto failed = [&] {
    const auto reason = system_error("cannot write " + path.string());
    (void)::unlink(temporary.c_str());
    return std::unexpected(reason);
  };
  (void)::unlink(temporary.c_str());  // of a run that was killed, or a link of somebody else's
  {
    // A board's state has its keys in the clear.
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.valid()) return failed();
    for (std::size_t written = 0; written < bytes.size();) {
      const auto size = ::write(file.number(), bytes.data() + written, bytes.size() - written);
      if (size < 0) return failed();
      written += static_cast<std::size_t>(size);
    }
    if (::fdatasync(file.number()) != 0) return failed();
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed();
  return {};
}

}  // namespace goldcrest::board::program
