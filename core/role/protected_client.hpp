// SPDX-License-Identifier: MIT
// Puts OSCORE (RFC 8613) between a CoAP client, such as UpdateClient, and the network stack. The
// client speaks plain CoAP and notices nothing; what leaves is sealed, and what comes in without
// the server's seal is dropped, so that nobody else can answer, refuse, reset or change anything.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/limits.hpp"
#include "core/net/udp_application.hpp"
#include "core/oscore/client_session.hpp"

namespace goldcrest::role {

class ProtectedClient final : public net::UdpApplication {
 public:
  /// All three must outlive this object. `client` must speak CoAP with one server.
  ProtectedClient(net::UdpApplication& client, const oscore::Context& context,
                  oscore::SenderSequence& sequence)
      : client_(client), session_(context, sequence) {}
  ProtectedClient(const ProtectedClient&) = delete;
  ProtectedClient& operator=(const ProtectedClient&) = delete;

  /// See oscore::ClientSession: for diagnosis only.
  std::optional<wire::coap::Code> unprotected_answer() const {
    return session_.unprotected_answer();
  }

  void receive(base::Instant now, const wire::Endpoint& from, base::Bytes payload) override {
    if (const auto plain = session_.incoming(payload, buffer_)) {
      client_.receive(now, from, *plain);
    }
  }
  void advance(base::Instant now) override { client_.advance(now); }
  std::optional<net::UdpTransmission> next_transmission(base::Instant now) override {
    // What cannot be sealed is lost, as datagrams may be; the client repeats it.
    while (auto transmission = client_.next_transmission(now)) {
      const auto sealed = session_.outgoing(transmission->payload, buffer_);
      if (!sealed) continue;
      transmission->payload = *sealed;
      return transmission;
    }
    return std::nullopt;
  }
  base::Instant next_deadline() const override { return client_.next_deadline(); }

 private:
  net::UdpApplication& client_;
  oscore::ClientSession session_;
  // One message at a time, on its way out or in.
  std::array<std::uint8_t, limits::coap_message_bytes + oscore::overhead_bytes> buffer_{};
};

}  // namespace goldcrest::role
