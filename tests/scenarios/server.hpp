// SPDX-License-Identifier: MIT
// The update server of a scenario: the real engine and store on the virtual internet, with a record
// of what it was asked and what it sent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/server/engine.hpp"
#include "host/server/store.hpp"
#include "sim/world/world.hpp"
#include "tests/scenarios/inputs.hpp"
#include "tests/scenarios/protection.hpp"

namespace goldcrest::scenario {

/// A piece of a file that was sent.
struct Served {
  base::Instant time;
  wire::Endpoint to;
  bool classic = false;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

/// A device's question, as far as scenarios look at it.
struct Asked {
  base::Instant time;
  wire::Eui64 device;
  base::Version running;
  wire::UpdateResult last_result = wire::UpdateResult::none;
  std::size_t rejected = 0;  ///< digests that the device will not have again
  bool offered = false;
};

class Server final : private server::RequestLog {
 public:
  /// `checks_signatures`: as with --public-key; otherwise it serves what is well formed.
  Server(sim::World& world, bool checks_signatures);

  void publishes(std::string_view version);
  /// False when the store refuses it.
  bool publishes(const std::string& name, File bytes);
  void withdraws(const std::string& name);

  /// At its address, which somebody else may have taken.
  void listens();
  /// On the way to it: sees each of its answers with the request, and says what arrives instead.
  using OnPath = std::function<std::vector<File>(const wire::Endpoint& client, base::Bytes request,
                                                 base::Bytes answer)>;
  void is_tapped(OnPath attacker) { on_path_ = std::move(attacker); }

  void goes_away() { world_.internet().set_down(endpoint_, true); }
  void comes_back() { world_.internet().set_down(endpoint_, false); }
  /// From now on everything but the classic GET of /updates is answered with RST, as field servers
  /// do.
  void speaks_classic_only() { classic_only_ = true; }
  /// From now on it answers nobody but whoever shares this context.
  void protects_conversations(const oscore::SharedContext& shared);
  /// Stops, and starts again: it remembers how far it has counted, and no protected conversation.
  void starts_again();

  const std::vector<Served>& served() const { return served_; }
  const std::vector<Asked>& asked() const { return asked_; }
  std::size_t classic_requests() const { return classic_requests_; }
  /// How often a file was begun again: its first block was sent after a later one. For scenarios
  /// with one node and one update.
  unsigned restarts() const;
  std::uint64_t bytes_served() const;
  /// How many lines of its log contain this.
  std::size_t lines_with(std::string_view text) const;
  /// The last lines of its log.
  std::string last_lines(std::size_t count) const;

 private:
  void request(const server::RequestRecord& record) override;
  void receive(base::Instant now, const wire::Endpoint& from, base::Bytes datagram);

  sim::World& world_;
  wire::Endpoint endpoint_;
  server::Store store_;
  server::Engine engine_;
  std::optional<Protection> protection_;
  bool classic_only_ = false;
  OnPath on_path_;
  std::vector<Served> served_;
  std::vector<Asked> asked_;
  std::vector<std::string> log_;
  std::size_t classic_requests_ = 0;
};

}  // namespace goldcrest::scenario
