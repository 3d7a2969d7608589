// SPDX-License-Identifier: MIT
// What the server remembers of each device it shares an OSCORE context with: the replay window, and
// the last answers, which a repeated request gets again. All of it is in memory: after a start, and
// for a new context, a device first has to show that it is alive (RFC 8613 appendix B.1.2).
//
// Invariant: memory is bounded by the number of contexts in the file, as nothing is kept for
// requests that do not verify.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/crypto/sha256.hpp"
#include "core/oscore/context.hpp"
#include "core/oscore/replay_window.hpp"
#include "core/wire/address.hpp"
#include "host/oscore/context_file.hpp"

namespace goldcrest::server {

class ContextSession {
 public:
  explicit ContextSession(const oscore::SharedContext& shared)
      : shared_(shared), context_(oscore::server_end(shared)) {}

  const oscore::SharedContext& shared() const { return shared_; }
  const oscore::Context& context() const { return context_; }

  /// The replay window is in force; without it requests are challenged.
  bool synchronised = false;
  oscore::ReplayWindow window;
  /// The Echo value that is waited for, and since when.
  std::array<std::uint8_t, 8> echo{};
  std::optional<base::Instant> echo_made;

  /// The answer given to these very bytes from there, within EXCHANGE_LIFETIME.
  std::optional<base::Bytes> earlier_answer(base::Instant now, const wire::Endpoint& from,
                                            base::Bytes datagram) const;
  void remember_answer(base::Instant now, const wire::Endpoint& from, base::Bytes datagram,
                       base::Bytes answer);

 private:
  struct Answer {
    crypto::Digest request{};
    wire::Endpoint from;
    base::Instant time{};
    std::vector<std::uint8_t> bytes;
  };

  oscore::SharedContext shared_;
  oscore::Context context_;
  // A device has two requests outstanding.
  std::array<Answer, 4> answers_;
  std::size_t next_answer_ = 0;
};

class ContextSessions {
 public:
  /// Takes the contexts of a file. What is in it as before keeps its session.
  void update(const std::vector<oscore::SharedContext>& contexts);

  ContextSession* find(base::Bytes kid, std::optional<base::Bytes> kid_context);
  /// True when some context is for this device.
  bool has_device(const wire::Eui64& device) const { return devices_.contains(device); }
  std::size_t size() const { return sessions_.size(); }

 private:
  using Key = std::pair<oscore::ByteString, std::optional<oscore::ByteString>>;

  std::map<Key, ContextSession> sessions_;
  std::map<wire::Eui64, std::string> devices_;
};

}  // namespace goldcrest::server
