// SPDX-License-Identifier: MIT
#include "host/packer/index_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/crypto/crc32.hpp"
#include "host/packer/hex.hpp"

namespace goldcrest::packer {
namespace {

constexpr std::size_t journal_limit = 64u << 20;
constexpr std::size_t line_bytes = 18;  // 8 digits, space, 8 digits, newline

base::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string header_line(const LmsIdentifier& identifier) {
  return fmt::format("goldcrest signing journal 1 {}\n", to_hex(identifier));
}

std::string record_line(std::uint32_t next_index) {
  const auto digits = fmt::format("{:08x}", next_index);
  return fmt::format("{} {:08x}\n", digits, crypto::Crc32::of(bytes_of(digits)));
}

std::optional<std::uint32_t> parse_record(std::string_view line) {
  const auto bytes = from_hex(line.substr(0, 8));
  if (!bytes || bytes->size() != 4) return std::nullopt;
  const std::uint32_t next_index = base::load_be32(bytes->data());
  if (record_line(next_index) != line) return std::nullopt;
  return next_index;
}

}  // namespace

Result<IndexJournal> IndexJournal::create(const std::filesystem::path& path,
                                          const LmsIdentifier& identifier,
                                          std::uint32_t next_index) {
  const auto text = header_line(identifier) + record_line(next_index);
  auto staged = StagedFile::create(path, bytes_of(text), private_mode);
  if (!staged) return std::unexpected(staged.error());
  if (auto done = staged->commit_new(); !done) return std::unexpected(done.error());
  auto journal = open(path, identifier);
  if (!journal) return std::unexpected(journal.error());
  auto& found = *journal;
  if (!found) return problem(fmt::format("{} vanished as soon as it was made", path.string()));
  return std::move(*found);
}

Result<std::optional<IndexJournal>> IndexJournal::open(const std::filesystem::path& path,
                                                       const LmsIdentifier& identifier) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return std::optional<IndexJournal>();
  if (!file.valid() || ::flock(file.number(), LOCK_EX) != 0) {
    return problem(fmt::format("cannot open and lock {}: {}", path.string(), system_error_text()));
  }
  const auto bytes = read_file(path, journal_limit);
  if (!bytes) return std::unexpected(bytes.error());
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  const auto header = header_line(identifier);
  if (!text.starts_with(header)) {
    return problem(fmt::format("{} is not the journal of this signing key", path.string()));
  }
  IndexJournal journal(path, std::move(file));
  std::size_t at = header.size();
  for (; text.size() - at >= line_bytes; at += line_bytes) {
    const auto record = parse_record(text.substr(at, line_bytes));
    if (!record) {
      return problem(fmt::format(
          "{} is damaged at byte {}, so nobody can say which leaves have been used: make "
          "a new key, or, if you are sure which ones, remove the file and run "
          "`goldcrest key advance`",
          path.string(), at));
    }
    journal.next_index_ = std::max(journal.next_index_, *record);
  }
  if (at == header.size()) {
    return problem(fmt::format("{} holds no record; the key cannot be used safely", path.string()));
  }
  if (at < text.size() && ::ftruncate(journal.file_.number(), static_cast<off_t>(at)) != 0) {
    return problem(
        fmt::format("cannot repair the end of {}: {}", path.string(), system_error_text()));
  }
  return std::optional<IndexJournal>(std::move(journal));
}

Result<void> IndexJournal::append(std::uint32_t next_index) {
  const auto line = record_line(next_index);
  if (auto done = write_all(file_.number(), bytes_of(line), path_); !done) return done;
  if (::fsync(file_.number()) != 0) {
    return problem(fmt::format("cannot sync {} to disk: {}", path_.string(), system_error_text()));
  }
  next_index_ = next_index;
  return {};
}

}  // namespace goldcrest::packer
