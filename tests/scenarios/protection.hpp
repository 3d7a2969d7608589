// SPDX-License-Identifier: MIT
// The server's end of the protected conversation in a scenario: the real one, with one context and
// a memory that nothing cuts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>

#include "host/oscore/context_file.hpp"
#include "host/server/protected_engine.hpp"

namespace goldcrest::scenario {

class Protection final : private oscore::SequenceStore, private server::SecretRandom {
 public:
  /// `first_sequence`: where the one before it, if any, has left off; then it remembers no
  /// conversation, as a server that has been started again.
  Protection(server::Engine& engine, oscore::SharedContext shared, std::uint64_t seed,
             server::RequestLog* log, std::uint64_t first_sequence = 0)
      : shared_(std::move(shared)),
        reserved_(first_sequence),
        random_(seed + first_sequence),
        sequence_(*this, first_sequence, 16),
        engine_(engine, sessions_, sequence_, *this, server::OscorePolicy::required, log) {
    sessions_.update({shared_});
  }

  std::optional<base::Bytes> receive(base::Instant now, const wire::Endpoint& from,
                                     base::Bytes datagram) {
    return engine_.receive(now, from, datagram);
  }
  const oscore::SharedContext& shared() const { return shared_; }
  /// The end of the sequence numbers it may have used.
  std::uint64_t reserved() const { return reserved_; }

 private:
  bool reserve(std::uint64_t end) override {
    reserved_ = end;
    return true;
  }
  // The attackers of scenarios do not guess.
  void fill(base::MutableBytes out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random_());
  }

  oscore::SharedContext shared_;
  std::uint64_t reserved_;
  std::mt19937_64 random_;
  server::ContextSessions sessions_;
  oscore::SenderSequence sequence_;
  server::ProtectedEngine engine_;
};

}  // namespace goldcrest::scenario
