// SPDX-License-Identifier: MIT
// The client half of CoAP's messaging and request/response layers (RFC 7252 sections 4 and 5):
// message ids and tokens, retransmission of confirmable requests, matching of ACK, RST, piggybacked
// and separate responses, duplicates, and a bound on outstanding requests (NSTART).
//
// A server that answers 4.01 with an Echo option wants to see that our address is ours (RFC 9175
// section 2.3): the request is repeated with the option, once, and later ones carry it too.
//
// Invariants: a started exchange ends exactly once, by one outcome or by cancel(); what does not
// belong to a live exchange with the one server is dropped, or reset if it was confirmable.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/wire/address.hpp"
#include "core/wire/coap.hpp"

namespace goldcrest::net {

/// RFC 7252 section 4.8, with its defaults.
struct CoapTransmissionParameters {
  base::Duration ack_timeout = std::chrono::seconds(2);
  std::uint32_t ack_random_percent = 150;  ///< ACK_RANDOM_FACTOR × 100; ≥ 100
  unsigned max_retransmit = 4;
  /// How long a separate response may take after the empty ACK.
  base::Duration response_timeout = std::chrono::seconds(93);
};

/// What to ask for. The views need to live only during the call they are passed to.
struct CoapRequest {
  wire::coap::Code method = wire::coap::Code::get;
  std::string_view host = {};   ///< Uri-Host, when the URI has a name; else empty
  std::string_view path = {};   ///< segments separated by '/'; a leading '/' is skipped
  std::string_view query = {};  ///< arguments separated by '&'; may be empty
  std::optional<std::uint16_t> content_format = {};
  std::optional<std::uint16_t> accept = {};
  std::optional<wire::coap::Block> block2 = {};
  base::Bytes payload = {};
};

/// Names one exchange for as long as it lives.
struct ExchangeHandle {
  std::uint32_t token = 0;
  friend constexpr bool operator==(const ExchangeHandle&, const ExchangeHandle&) = default;
};

/// How an exchange ended.
struct CoapOutcome {
  enum class Kind : std::uint8_t {
    response,  ///< `message` is the response; it points into the received datagram
    reset,     ///< the server answered RST
    timeout,   ///< no ACK after the last retransmission, or no response after the ACK
  };
  Kind kind = Kind::timeout;
  ExchangeHandle exchange;
  wire::coap::Message message;
  base::Duration round_trip{0};  ///< since the first transmission
  bool retransmitted = false;    ///< then round_trip says nothing about the path (Karn)
};

class CoapExchanges {
 public:
  CoapExchanges(base::Random& random, const wire::Endpoint& server)
      : random_(random),
        server_(server),
        next_message_id_(static_cast<std::uint16_t>(random.next())) {}

  const wire::Endpoint& server() const { return server_; }
  /// Ends all exchanges without an outcome and talks to another server from now on.
  void set_server(const wire::Endpoint& server);

  /// Starts a confirmable request; it leaves with next_transmission(). Nothing when
  /// limits::coap_exchanges are outstanding or when the request is longer than
  /// limits::coap_request_bytes.
  std::optional<ExchangeHandle> start(base::Instant now, const CoapRequest& request,
                                      const CoapTransmissionParameters& parameters = {});
  /// Forgets an exchange; a late response to it is dropped.
  void cancel(ExchangeHandle exchange);
  void cancel_all() { exchanges_.clear(); }
  std::size_t outstanding() const { return exchanges_.size(); }
  bool full() const { return exchanges_.full(); }

  /// A datagram from anyone. The outcome's message points into it.
  std::optional<CoapOutcome> receive(base::Instant now, const wire::Endpoint& from,
                                     base::Bytes datagram);
  /// Time-outs, one a call: to be called until it returns nothing.
  std::optional<CoapOutcome> advance(base::Instant now);
  /// Where to, and what: valid until the next call that is not const.
  struct Transmission {
    wire::Endpoint destination;
    base::Bytes message;
  };
  std::optional<Transmission> next_transmission(base::Instant now);
  base::Instant next_deadline() const;

 private:
  struct Exchange {
    std::uint32_t token = 0;
    std::uint16_t message_id = 0;
    std::uint16_t length = 0;
    std::array<std::uint8_t, limits::coap_request_bytes> message{};
    base::Instant first_sent{};
    base::Instant deadline{};  // of the next (re)transmission, of the time-out, or of the response
    base::Duration timeout{0};
    base::Duration response_timeout{0};
    std::uint8_t transmissions = 0;
    std::uint8_t max_transmissions = 1;
    bool acknowledged = false;
    bool challenged = false;

    bool wants_transmission(base::Instant now) const {
      return !acknowledged && transmissions < max_transmissions && deadline <= now;
    }
  };
  struct EmptyMessage {
    wire::Endpoint destination;
    wire::coap::Type type = wire::coap::Type::reset;
    std::uint16_t message_id = 0;
  };

  void send_empty(const wire::Endpoint& destination, wire::coap::Type type, std::uint16_t id);
  std::optional<CoapOutcome> receive_empty(base::Instant now, const wire::coap::Message& message);
  std::optional<CoapOutcome> receive_response(base::Instant now,
                                              const wire::coap::Message& message);
  bool repeat_with_echo(base::Instant now, Exchange& exchange, const wire::coap::Message& message);
  CoapOutcome finish(base::Instant now, std::size_t index, CoapOutcome::Kind kind);
  bool acknowledged_before(std::uint16_t message_id) const;
  std::uint32_t unused_token();

  base::Random& random_;
  wire::Endpoint server_;
  std::uint16_t next_message_id_;
  base::FixedVector<Exchange, limits::coap_exchanges> exchanges_;
  base::FixedVector<EmptyMessage, 4> empty_messages_;
  std::array<std::uint8_t, 4> empty_buffer_{};
  base::FixedVector<std::uint8_t, wire::coap::longest_echo_bytes> echo_;  ///< empty: none asked for
  // Message ids of separate responses we have acknowledged, for their duplicates.
  base::FixedVector<std::uint16_t, 4> acknowledged_ids_;
};

}  // namespace goldcrest::net
