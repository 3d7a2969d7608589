// SPDX-License-Identifier: MIT
#include "host/oscore/sequence_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

namespace goldcrest::oscore {
namespace {

using Failure = std::unexpected<std::string>;

constexpr std::string_view heading = "goldcrest oscore sequence 1 ";
constexpr std::size_t file_limit = 100;
constexpr unsigned numbers_a_second_exponent = 7;

std::uint64_t clock_floor() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
  if (seconds < 0) return 0;
  // A clock that is centuries ahead must not use all numbers up.
  const auto number = static_cast<std::uint64_t>(seconds) << numbers_a_second_exponent;
  return number < sequence_limit / 2 ? number : 0;
}

std::optional<std::uint64_t> parse(std::string_view text) {
  if (!text.starts_with(heading) || !text.ends_with('\n')) return std::nullopt;
  text.remove_prefix(heading.size());
  text.remove_suffix(1);
  std::uint64_t number = 0;
  const auto [stop, failure] = std::from_chars(text.begin(), text.end(), number);
  if (failure != std::errc() || stop != text.end() || number > sequence_limit) return std::nullopt;
  return number;
}

}  // namespace

std::expected<SequenceFile, std::string> SequenceFile::open(const std::filesystem::path& path) {
  // The file itself is replaced with every change, so the lock is on a neighbour that stays.
  const auto lock_path = path.string() + ".lock";
  packer::FileDescriptor lock(
      ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, packer::private_mode));
  if (!lock.valid()) {
    return Failure(fmt::format("cannot open {}: {}", lock_path, packer::system_error_text()));
  }
  if (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) {
    return Failure(fmt::format("{} is in use by another process; only one may count at a time",
                               path.string()));
  }
  std::uint64_t stored = 0;
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    const auto bytes = packer::read_file(path, file_limit);
    if (!bytes) return Failure(bytes.error().text);
    const auto number = parse({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    if (!number) {
      return Failure(
          fmt::format("{} is damaged; make new security contexts and remove it", path.string()));
    }
    stored = *number;
  }
  SequenceFile file(path, std::move(lock), std::max(stored, clock_floor()));
  // Shows now, and not in the middle of an exchange, whether the file can be written.
  if (!file.reserve(file.first_)) return Failure(file.problem_);
  return file;
}

std::expected<SequenceFile, std::string> SequenceFile::open_beside(
    const std::filesystem::path& contexts, std::string_view ending) {
  std::error_code error;
  const auto real = std::filesystem::canonical(contexts, error);
  if (error) return Failure(fmt::format("cannot find {}: {}", contexts.string(), error.message()));
  return open(real.string() + std::string(ending));
}

bool SequenceFile::reserve(std::uint64_t end) {
  const auto text = fmt::format("{}{}\n", heading, end);
  const auto written = packer::write_file(
      path_, base::Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()),
      packer::private_mode);
  if (!written) problem_ = written.error().text;
  return written.has_value();
}

}  // namespace goldcrest::oscore
