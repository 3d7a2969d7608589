// SPDX-License-Identifier: MIT
// OSCORE in front of the server's engine (RFC 8613 section 8): opens protected requests, has the
// engine answer them, and seals the answers. Datagram in, at most one out, as with the engine.
//
// Requests from one context must all reach one server: its replay window is not shared.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/random.hpp"
#include "core/oscore/message.hpp"
#include "core/oscore/sender_sequence.hpp"
#include "host/server/context_sessions.hpp"
#include "host/server/engine.hpp"

namespace goldcrest::server {

enum class OscorePolicy : std::uint8_t {
  optional,  ///< devices without a context are served unprotected
  required,  ///< whatever is not protected gets 4.01
};

/// Port: randomness fit for Echo values, which nobody may guess.
class SecretRandom {
 public:
  virtual void fill(base::MutableBytes out) = 0;

 protected:
  ~SecretRandom() = default;
};

class ProtectedEngine {
 public:
  /// All but `policy` must outlive this object; `log` may be nullptr. `sequence` numbers the
  /// challenges, for all contexts together.
  ProtectedEngine(Engine& engine, ContextSessions& sessions, oscore::SenderSequence& sequence,
                  SecretRandom& random, OscorePolicy policy, RequestLog* log)
      : engine_(engine),
        sessions_(sessions),
        sequence_(sequence),
        random_(random),
        policy_(policy),
        log_(log) {}

  /// The answer, valid until the next call; nothing when the datagram deserves none.
  std::optional<base::Bytes> receive(base::Instant now, const wire::Endpoint& from,
                                     base::Bytes datagram);

 private:
  using Message = wire::coap::Message;
  /// One protected request on its way through.
  struct Exchange {
    base::Instant now;
    const wire::Endpoint& from;
    base::Bytes datagram;
    const Message& outer;
    oscore::RequestBinding binding;
    ContextSession& session;
  };
  struct Refusal {
    wire::coap::Code code;
    std::string_view reason;
  };

  std::optional<base::Bytes> receive_plain(base::Instant now, const wire::Endpoint& from,
                                           base::Bytes datagram, const Message& request);
  std::optional<base::Bytes> receive_protected(base::Instant now, const wire::Endpoint& from,
                                               base::Bytes datagram, const Message& outer);
  std::optional<base::Bytes> open(const Exchange& exchange);
  bool synchronise(const Exchange& exchange, const Message& request);
  std::optional<base::Bytes> challenge(const Exchange& exchange, const Message& request);
  std::optional<base::Bytes> answer(const Exchange& exchange, base::Bytes plain,
                                    const Message& request);
  std::optional<base::Bytes> seal(const Exchange& exchange, base::Bytes plain,
                                  const std::optional<oscore::PartialIv>& partial_iv);
  std::optional<base::Bytes> refuse(base::Instant now, const wire::Endpoint& from,
                                    const Message& request, const Refusal& refusal);
  base::Bytes plain_answer(const Message& request, wire::coap::Code code, base::Bytes echo,
                           std::string_view diagnostic);
  void note(base::Instant now, const wire::Endpoint& from, const Message& request,
            std::string_view context, const Refusal& refusal);

  Engine& engine_;
  ContextSessions& sessions_;
  oscore::SenderSequence& sequence_;
  SecretRandom& random_;
  OscorePolicy policy_;
  RequestLog* log_;
  std::array<std::uint8_t, 2048 + oscore::unprotect_slack_bytes> opened_{};
  std::array<std::uint8_t, 200> written_{};
  std::array<std::uint8_t, 1280 + oscore::overhead_bytes> sealed_{};
};

}  // namespace goldcrest::server
