// SPDX-License-Identifier: MIT
#include "host/server/oscore_front.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include "core/base/ensure.hpp"

namespace goldcrest::server {
namespace {

// One for each challenge; a device is challenged once after a start of the server.
constexpr std::uint32_t sequence_block = 4096;

std::expected<std::filesystem::file_time_type, std::string> time_of(
    const std::filesystem::path& path) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(path, error);
  if (error) {
    return std::unexpected(fmt::format("cannot read {}: {}", path.string(), error.message()));
  }
  return time;
}

}  // namespace

std::expected<OscoreFiles, std::string> OscoreFiles::open(const std::filesystem::path& path) {
  const auto modified = time_of(path);
  if (!modified) return std::unexpected(modified.error());
  auto contexts = oscore::read_contexts(path);
  if (!contexts) return std::unexpected(contexts.error());
  auto sequence = oscore::SequenceFile::open_beside(path, ".server-sequence");
  if (!sequence) return std::unexpected(sequence.error());
  return OscoreFiles{path, *std::move(sequence), *std::move(contexts), *modified};
}

OscoreFront::OscoreFront(OscoreFiles files, Engine& engine, OscorePolicy policy, RequestLog* log)
    : path_(std::move(files.path)),
      modified_(files.modified),
      sequence_file_(std::move(files.sequence)),
      sequence_(sequence_file_, sequence_file_.first(), sequence_block),
      engine_(engine, sessions_, sequence_, random_, policy, log) {
  sessions_.update(files.contexts);
}

std::expected<bool, std::string> OscoreFront::reload() {
  const auto modified = time_of(path_);
  if (!modified) return std::unexpected(modified.error());
  if (*modified == modified_) return false;
  const auto contexts = oscore::read_contexts(path_);
  if (!contexts) return std::unexpected(contexts.error());
  modified_ = *modified;
  sessions_.update(*contexts);
  return true;
}

void OscoreFront::SystemRandom::fill(base::MutableBytes out) {
  base::ensure(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

}  // namespace goldcrest::server
