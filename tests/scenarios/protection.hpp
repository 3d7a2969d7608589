// SPDX-License-Identifier: MIT
// The server's end of the protected conversation in a scenario: the real one, with one context and
// a memory that nothing cuts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>

#include "host/oscore/context_file.hpp"
#include "host/server/protected_engine.hpp"

namespace goldcrest::scenario {

class Protection final : private oscore::SequenceStore, private server::SecretRandom {
 public:
  Protection(server::Engine& engine, const oscore::SharedContext& shared, std::uint64_t seed)
      : random_(seed),
        engine_(engine, sessions_, sequence_, *this, server::OscorePolicy::required, nullptr) {
    sessions_.update({shared});
  }

  std::optional<base::Bytes> receive(base::Instant now, const wire::Endpoint& from,
                                     base::Bytes datagram) {
    return engine_.receive(now, from, datagram);
  }

 private:
  bool reserve(std::uint64_t) override { return true; }
  // The attackers of scenarios do not guess.
  void fill(base::MutableBytes out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random_());
  }

  std::mt19937_64 random_;
  server::ContextSessions sessions_;
  oscore::SenderSequence sequence_{*this, 0, 16};
  server::ProtectedEngine engine_;
};

}  // namespace goldcrest::scenario
