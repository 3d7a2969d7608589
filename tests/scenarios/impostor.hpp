// SPDX-License-Identifier: MIT
// An attacker at the update server's address: everything the devices ask comes to him, and what he
// answers looks like the server's answers. He speaks both protocols, and says what a test wants.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/wire/coap.hpp"
#include "core/wire/update_protocol.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {

class Impostor {
 public:
  /// What he serves, and how. As it is, he serves nothing, in an orderly way.
  struct Behaviour {
    File file{};
    /// His answer to an ask; without one he has nothing newer.
    std::optional<wire::Offer> offer{};
    std::uint32_t retry_after_s = 3600;
    /// He resets asks, so that devices go on with the classic protocol, which tells no digest.
    bool classic_only = false;
    /// Behind the end of the file he goes on with noise, and tells no size.
    bool endless = false;
    std::uint8_t max_size_exponent = wire::coap::size_exponent_for(limits::coap_block_bytes);
    /// Whether the request for the bytes from `offset` on is answered at all.
    std::function<bool(std::uint32_t offset)> answers{};
    /// Changes what he is about to send.
    std::function<void(std::uint32_t offset, base::MutableBytes block)> changes{};
  };

  explicit Impostor(Scenario& scenario);
  /// The server has its address back.
  ~Impostor() { leaves(); }
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;

  /// An offer with all that is true of `file`, under a version that is always newer.
  static Behaviour offering(File file);
  void behaves(Behaviour behaviour) { behaviour_ = std::move(behaviour); }
  Behaviour& behaviour() { return behaviour_; }
  void leaves();

  std::size_t asked() const { return asked_; }
  /// Offsets of the blocks he has sent.
  const std::vector<std::uint32_t>& sent() const { return sent_; }

 private:
  void receive(base::Instant now, const wire::Endpoint& from, base::Bytes datagram);
  std::optional<File> answer(base::Bytes datagram);
  File answer_ask(const wire::coap::Message& request);
  std::optional<File> answer_get(const wire::coap::Message& request);

  Scenario& scenario_;
  Behaviour behaviour_;
  bool present_ = true;
  std::size_t asked_ = 0;
  std::vector<std::uint32_t> sent_;
};

}  // namespace goldcrest::scenario
