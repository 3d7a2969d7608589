// SPDX-License-Identifier: MIT
// OSCORE for the client: a device's end of one context out of a file, with the sequence numbers
// beside it (docs/formats/oscore.md).
#pragma once

#include <array>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/oscore/client_session.hpp"
#include "host/oscore/context_file.hpp"
#include "host/oscore/sequence_file.hpp"

namespace goldcrest::client {

class Protection {
 public:
  /// `name` may be empty when the file has one context. Fails with one line.
  [[nodiscard]] static std::expected<std::unique_ptr<Protection>, std::string> open(
      const std::filesystem::path& contexts, const std::string& name);
  Protection(const Protection&) = delete;
  Protection& operator=(const Protection&) = delete;

  /// As oscore::ClientSession has them; the views are valid until the next call.
  std::optional<base::Bytes> outgoing(base::Bytes datagram);
  std::optional<base::Bytes> incoming(base::Bytes datagram);
  std::optional<wire::coap::Code> unprotected_answer() const {
    return session_.unprotected_answer();
  }
  /// Why nothing can be sent any more; empty while all is well.
  const std::string& problem() const { return problem_; }

 private:
  Protection(const oscore::SharedContext& shared, oscore::SequenceFile sequence_file);

  oscore::Context context_;
  oscore::SequenceFile sequence_file_;
  oscore::SenderSequence sequence_;
  oscore::ClientSession session_;
  std::array<std::uint8_t, 2048 + oscore::overhead_bytes> buffer_{};
  std::string problem_;
};

}  // namespace goldcrest::client
