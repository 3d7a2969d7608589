// SPDX-License-Identifier: MIT
// A ProtectedEngine with its files: the contexts, read again when they change, and beside them the
// server's sequence numbers (docs/formats/oscore.md).
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/oscore/context_file.hpp"
#include "host/oscore/sequence_file.hpp"
#include "host/server/protected_engine.hpp"

namespace goldcrest::server {

/// The files, open; to be made before anything is served.
struct OscoreFiles {
  std::filesystem::path path;
  oscore::SequenceFile sequence;
  std::vector<oscore::SharedContext> contexts;
  std::filesystem::file_time_type modified;

  /// Fails with one line.
  [[nodiscard]] static std::expected<OscoreFiles, std::string> open(
      const std::filesystem::path& path);
};

class OscoreFront {
 public:
  /// `engine` and `log` (or nullptr) must outlive this object.
  OscoreFront(OscoreFiles files, Engine& engine, OscorePolicy policy, RequestLog* log);
  OscoreFront(const OscoreFront&) = delete;
  OscoreFront& operator=(const OscoreFront&) = delete;

  std::optional<base::Bytes> receive(base::Instant now, const wire::Endpoint& from,
                                     base::Bytes datagram) {
    return engine_.receive(now, from, datagram);
  }

  /// Looks whether the file has changed, and reads it then: true. Fails with one line; what was
  /// read before stays in force.
  [[nodiscard]] std::expected<bool, std::string> reload();
  std::size_t contexts() const { return sessions_.size(); }

 private:
  class SystemRandom final : public SecretRandom {
   public:
    void fill(base::MutableBytes out) override;
  };

  std::filesystem::path path_;
  std::filesystem::file_time_type modified_;
  ContextSessions sessions_;
  oscore::SequenceFile sequence_file_;
  oscore::SenderSequence sequence_;
  SystemRandom random_;
  ProtectedEngine engine_;
};

}  // namespace goldcrest::server
