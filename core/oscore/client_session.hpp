// SPDX-License-Identifier: MIT
// A CoAP client's conversation under one OSCORE context, as a pair of translations between plain
// datagrams (of net::CoapExchanges, say) and those that travel.
//
// Invariants: a request that is repeated byte for byte travels as the same bytes; everything else
// takes a new sequence number, so that no nonce is used twice. Nothing comes in that the server did
// not seal in answer to a request of ours: unprotected responses, empty ACKs and RSTs, which anyone
// could have sent, are dropped, and the request is repeated until its sealed answer comes.
//
// A server that has lost its replay window asks for a fresh request with an Echo option (RFC 8613
// appendix B.1.2, RFC 9175 section 2.3). The next repetition then carries the option.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/oscore/context.hpp"
#include "core/oscore/message.hpp"
#include "core/oscore/sender_sequence.hpp"
#include "core/wire/coap.hpp"

namespace goldcrest::oscore {

/// Longest value of an Echo option (RFC 9175 section 2.2.1).
inline constexpr std::size_t echo_bytes = 40;

class ClientSession {
 public:
  /// Requests whose answers are understood at a time; the oldest is forgotten first.
  static constexpr std::size_t requests = 4;

  ClientSession(const Context& context, SenderSequence& sequence)
      : context_(context), sequence_(sequence) {}

  /// What is to be sent for a datagram of the layer above, in `out` (overhead_bytes longer). A
  /// request is protected, an empty message passes as it is.
  [[nodiscard]] std::expected<base::Bytes, Error> outgoing(base::Bytes datagram,
                                                           base::MutableBytes out);

  /// What the layer above is to see of a datagram from the server, in `out` (unprotect_slack_bytes
  /// longer) or `datagram` itself; nothing when it must not be seen.
  [[nodiscard]] std::optional<base::Bytes> incoming(base::Bytes datagram, base::MutableBytes out);

  /// The code of the last unprotected response, until a protected one comes. Anyone may have sent
  /// it: for people who look for a fault, not to act on.
  std::optional<wire::coap::Code> unprotected_answer() const { return unprotected_answer_; }

 private:
  struct Request {
    std::array<std::uint8_t, 16> digest{};  // of the plain datagram
    // Of the layer above, and as they travel; another Message ID once it has been sealed anew.
    wire::coap::Token token, sent_token;
    std::uint16_t message_id = 0, sent_message_id = 0;
    PartialIv partial_iv;
    std::uint32_t echo_version = 0;
    bool answered = false;  // as it was sealed last
  };

  void seal_under(Request& request, const PartialIv& partial_iv);
  std::expected<Request*, Error> request_for(base::Bytes datagram,
                                             const wire::coap::Message& message);
  RequestBinding binding_of(const Request& request) const;
  void set_echo(base::Bytes value);

  const Context& context_;
  SenderSequence& sequence_;
  base::FixedVector<Request, requests> requests_;
  base::FixedVector<std::uint8_t, echo_bytes> echo_;  // empty: the server wants none
  std::uint32_t echo_version_ = 0;                    // counts the changes of echo_
  std::optional<wire::coap::Code> unprotected_answer_;
};

}  // namespace goldcrest::oscore
