// SPDX-License-Identifier: MIT
// A mesh in memory for tests: nodes, a border router and scripted devices share a channel in
// virtual time. It has air time, carrier sensing, half duplex, collisions, and, as asked for, loss,
// duplicates and late frames; all of it follows from one seed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/transmission.hpp"
#include "core/net/udp_application.hpp"
#include "core/role/border_router.hpp"
#include "core/role/node.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::role::testing {

using namespace std::chrono_literals;
using Frame = std::vector<std::uint8_t>;

/// Whatever has a radio.
class Station {
 public:
  virtual ~Station() = default;
  virtual void receive(base::Instant now, base::Bytes frame, int rssi_dbm) = 0;
  virtual void advance(base::Instant now) = 0;
  virtual std::optional<net::Transmission> next_transmission(base::Instant now) = 0;
  virtual void transmission_done(base::Instant now, net::TransmitResult result) = 0;
  virtual base::Instant next_deadline() const = 0;
};

/// An application that sends what the test gives it and keeps what it gets.
class TestApplication final : public net::UdpApplication {
 public:
  struct Datagram {
    wire::Endpoint peer;
    Frame payload;
  };

  void send(const wire::Endpoint& to, Frame payload) { outgoing.push_back({to, payload}); }

  void receive(base::Instant, const wire::Endpoint& from, base::Bytes payload) override {
    incoming.push_back({from, Frame(payload.begin(), payload.end())});
  }
  void advance(base::Instant) override {}
  std::optional<net::UdpTransmission> next_transmission(base::Instant) override {
    if (outgoing.empty()) return std::nullopt;
    current_ = outgoing.front();
    outgoing.pop_front();
    return net::UdpTransmission{current_.peer, 5683, current_.payload};
  }
  base::Instant next_deadline() const override {
    return outgoing.empty() ? base::never : base::Instant{};
  }

  std::deque<Datagram> outgoing;
  std::vector<Datagram> incoming;

 private:
  Datagram current_;
};

/// Events as lines of text, so that a test reads like a console.
class RecordedEvents final : public NodeEvents {
 public:
  void instance_started(base::Instant, std::uint8_t) override { ++instances; }
  void dodag_joined(base::Instant, const DodagInfo&, const wire::Ipv6Address&,
                    std::uint16_t) override {
    ++joins;
  }
  void version_changed(base::Instant, std::uint8_t, std::uint8_t) override { ++versions; }
  void dodag_refused(base::Instant, const DodagInfo&, std::string_view why) override {
    refusals.emplace_back(why);
  }
  void address_added(base::Instant, const wire::Ipv6Address&, unsigned,
                     const wire::Ipv6Address& address) override {
    addresses.push_back(address);
  }
  void parent_changed(base::Instant, const std::optional<wire::Ipv6Address>&,
                      const std::optional<wire::Ipv6Address>& to, std::uint16_t) override {
    parents.push_back(to);
  }
  void parent_lost(base::Instant, const wire::Ipv6Address&) override { ++lost_parents; }
  void local_repair(base::Instant, std::string_view) override { ++repairs; }
  void route_confirmed(base::Instant, const wire::Ipv6Address&) override { ++confirmations; }

  int instances = 0, joins = 0, versions = 0, lost_parents = 0, repairs = 0, confirmations = 0;
  std::vector<std::string> refusals;
  std::vector<wire::Ipv6Address> addresses;
  std::vector<std::optional<wire::Ipv6Address>> parents;
};

class RecordedRootEvents final : public BorderRouterEvents {
 public:
  void dodag_started(base::Instant, const net::DodagInfo& info) override { started = info; }
  void version_changed(base::Instant, std::uint8_t, std::uint8_t, std::string_view) override {
    ++versions;
  }
  void route_added(base::Instant, const wire::Ipv6Address& node, const wire::Ipv6Address& parent,
                   const net::Neighbour*) override {
    parents[node] = parent;
  }
  void route_removed(base::Instant, const wire::Ipv6Address& node, std::string_view why) override {
    parents.erase(node);
    removals.emplace_back(why);
  }
  void dao_refused(base::Instant, const wire::Ipv6Address&, std::string_view why) override {
    refusals.emplace_back(why);
  }

  std::optional<net::DodagInfo> started;
  int versions = 0;
  std::map<wire::Ipv6Address, wire::Ipv6Address> parents;
  std::vector<std::string> removals, refusals;
};

template <typename Device>
class DeviceStation : public Station {
 public:
  explicit DeviceStation(Device& device) : device_(device) {}
  void receive(base::Instant now, base::Bytes frame, int rssi_dbm) override {
    device_.receive(now, frame, rssi_dbm);
  }
  void advance(base::Instant now) override { device_.advance(now); }
  std::optional<net::Transmission> next_transmission(base::Instant now) override {
    return device_.next_transmission(now);
  }
  void transmission_done(base::Instant now, net::TransmitResult result) override {
    device_.transmission_done(now, result);
  }
  base::Instant next_deadline() const override { return device_.next_deadline(); }

 private:
  Device& device_;
};

inline wire::Eui64 eui64(unsigned number) {
  return {{0x02, 0x80, 0xE1, 0x00, 0x00, 0x00, static_cast<std::uint8_t>(number >> 8),
           static_cast<std::uint8_t>(number)}};
}

/// A node with all that belongs to it.
struct TestNode {
  TestNode(unsigned number, std::uint64_t seed, NodeKind kind, net::LinkAckPolicy acks)
      : random(seed),
        node({.eui64 = eui64(number), .link_acks = acks, .kind = kind}, random, application,
             events),
        station(node) {}

  base::SeededRandom random;
  TestApplication application;
  RecordedEvents events;
  Node node;
  DeviceStation<Node> station;

  wire::Ipv6Address address() const { return node.global_address().value(); }
};

struct TestRoot {
  TestRoot(const BorderRouterConfig& config, std::uint64_t seed)
      : random(seed),
        router(std::make_unique<BorderRouter>(config, random, events)),
        station(*router) {}

  base::SeededRandom random;
  RecordedRootEvents events;
  std::unique_ptr<BorderRouter> router;
  DeviceStation<BorderRouter> station;
};

struct Disturbance {
  double loss = 0;        ///< of each frame at each receiver
  double duplicates = 0;  ///< a frame arrives twice, the second time late
  double late = 0;        ///< a frame arrives late, behind its successors
};

class Channel {
 public:
  explicit Channel(std::uint64_t seed) : random_(seed) {}

  Disturbance disturbance;
  /// Every frame that went on air, for tests that look at the bytes.
  std::function<void(std::size_t sender, const Frame&)> tap;

  std::size_t add(Station& station) {
    stations_.push_back({.station = &station, .alive = true, .on_air_until = {}});
    return stations_.size() - 1;
  }
  void connect(std::size_t a, std::size_t b, int rssi_dbm = -70) {
    links_[{std::min(a, b), std::max(a, b)}] = rssi_dbm;
  }
  void disconnect(std::size_t a, std::size_t b) { links_.erase({std::min(a, b), std::max(a, b)}); }
  /// Loss on one link alone, instead of the channel's.
  void set_loss(std::size_t a, std::size_t b, double loss) {
    losses_[{std::min(a, b), std::max(a, b)}] = loss;
  }
  void silence(std::size_t station) { stations_[station].alive = false; }
  void revive(std::size_t station, Station& with) {
    stations_[station].station = &with;
    stations_[station].alive = true;
  }

  base::Instant now() const { return now_; }
  std::uint64_t frames_on_air() const { return frames_on_air_; }

  void run(base::Duration duration) {
    run_until([] { return false; }, duration);
  }

  /// True when `done` held within `limit`.
  bool run_until(const std::function<bool()>& done, base::Duration limit) {
    const auto end = now_ + limit;
    unsigned same_time = 0;
    while (!done()) {
      poll_stations();
      const auto next = next_event();
      if (next > end) {
        now_ = end;
        return done();
      }
      same_time = next > now_ ? 0 : same_time + 1;
      if (same_time > 20'000) {
        ADD_FAILURE() << "time stands still: a deadline in the past that nothing serves";
        return false;
      }
      now_ = std::max(now_, next);
      finish_frames();
      deliver();
    }
    return true;
  }

 private:
  struct Entry {
    Station* station = nullptr;
    bool alive = true;
    base::Instant on_air_until{};
  };
  struct OnAir {
    std::size_t sender = 0;
    base::Instant begin{}, end{};
    Frame frame;
    bool finished = false;
  };
  struct Delivery {
    base::Instant when{};
    std::size_t receiver = 0;
    int rssi_dbm = 0;
    Frame frame;
  };

  bool chance(double probability) {
    return probability > 0 && random_.below(1'000'000) < probability * 1'000'000;
  }
  std::optional<int> hears(std::size_t a, std::size_t b) const {
    const auto found = links_.find({std::min(a, b), std::max(a, b)});
    return found == links_.end() ? std::nullopt : std::optional(found->second);
  }
  bool carrier(std::size_t at) const {
    return std::ranges::any_of(on_air_, [&](const OnAir& other) {
      return !other.finished && other.sender != at && hears(other.sender, at);
    });
  }

  void poll_stations() {
    for (std::size_t index = 0; index < stations_.size(); ++index) {
      auto& entry = stations_[index];
      if (!entry.alive) continue;
      if (entry.station->next_deadline() <= now_) entry.station->advance(now_);
      if (entry.on_air_until > now_) continue;
      const auto transmission = entry.station->next_transmission(now_);
      if (!transmission) continue;
      if (!transmission->immediate && carrier(index)) {
        entry.station->transmission_done(now_, net::TransmitResult::channel_busy);
        continue;
      }
      const auto bytes = static_cast<std::int64_t>(transmission->frame.size()) + 10;
      entry.on_air_until = now_ + base::Duration(bytes * 8 * 1'000'000 / 38'400);
      on_air_.push_back({.sender = index,
                         .begin = now_,
                         .end = entry.on_air_until,
                         .frame = Frame(transmission->frame.begin(), transmission->frame.end())});
      ++frames_on_air_;
      if (tap) tap(index, on_air_.back().frame);
    }
  }

  base::Instant next_event() const {
    auto next = base::never;
    for (const auto& entry : stations_) {
      if (entry.alive && entry.on_air_until <= now_) {
        next = std::min(next, entry.station->next_deadline());
      } else if (entry.alive) {
        next = std::min(next, std::max(entry.on_air_until, now_));
      }
    }
    for (const auto& frame : on_air_) {
      if (!frame.finished) next = std::min(next, frame.end);
    }
    for (const auto& delivery : deliveries_) next = std::min(next, delivery.when);
    return std::max(next, now_);
  }

  bool collides(const OnAir& frame, std::size_t receiver) const {
    return std::ranges::any_of(on_air_, [&](const OnAir& other) {
      return &other != &frame && other.begin < frame.end && frame.begin < other.end &&
             (other.sender == receiver || hears(other.sender, receiver));
    });
  }

  void finish_frames() {
    for (std::size_t index = 0; index < on_air_.size(); ++index) {
      auto& frame = on_air_[index];
      if (frame.finished || frame.end > now_) continue;
      frame.finished = true;
      for (std::size_t receiver = 0; receiver < stations_.size(); ++receiver) {
        const auto rssi = hears(frame.sender, receiver);
        if (receiver == frame.sender || !rssi || collides(frame, receiver)) continue;
        const auto special =
            losses_.find({std::min(frame.sender, receiver), std::max(frame.sender, receiver)});
        if (chance(special == losses_.end() ? disturbance.loss : special->second)) continue;
        const auto prompt = now_ + 300us;
        const auto late = prompt + base::Duration(10'000 + random_.below(80'000));
        deliveries_.push_back(
            {chance(disturbance.late) ? late : prompt, receiver, *rssi, frame.frame});
        if (chance(disturbance.duplicates)) {
          deliveries_.push_back({late, receiver, *rssi, frame.frame});
        }
      }
      auto& sender = stations_[frame.sender];
      if (sender.alive) sender.station->transmission_done(now_, net::TransmitResult::sent);
    }
    // A frame is kept while it can still collide with one that has not ended.
    std::erase_if(on_air_, [&](const OnAir& frame) {
      return frame.finished && std::ranges::none_of(on_air_, [&](const OnAir& other) {
               return !other.finished && other.begin < frame.end;
             });
    });
  }

  void deliver() {
    for (std::size_t index = 0; index < deliveries_.size();) {
      if (deliveries_[index].when > now_) {
        ++index;
        continue;
      }
      const auto delivery = deliveries_[index];
      deliveries_.erase(deliveries_.begin() + static_cast<std::ptrdiff_t>(index));
      auto& entry = stations_[delivery.receiver];
      if (entry.alive) entry.station->receive(now_, delivery.frame, delivery.rssi_dbm);
    }
  }

  base::SeededRandom random_;
  base::Instant now_{};
  std::vector<Entry> stations_;
  std::map<std::pair<std::size_t, std::size_t>, int> links_;
  std::map<std::pair<std::size_t, std::size_t>, double> losses_;
  std::deque<OnAir> on_air_;
  std::vector<Delivery> deliveries_;
  std::uint64_t frames_on_air_ = 0;
};

/// A border router (station 0) and nodes (stations 1, 2, …), with a UDP peer in the world.
class TestNetwork {
 public:
  explicit TestNetwork(std::uint64_t seed = 1) : channel(seed), seed_(seed) {
    root = std::make_unique<TestRoot>(BorderRouterConfig{.eui64 = eui64(0x1000)}, seed * 977 + 5);
    channel.add(root->station);
    root->router->start(channel.now());
  }

  TestNode& add_node(NodeKind kind = NodeKind::router,
                     net::LinkAckPolicy acks = net::LinkAckPolicy::learn) {
    const auto number = static_cast<unsigned>(nodes.size() + 1);
    nodes.push_back(std::make_unique<TestNode>(number, seed_ * 131 + number, kind, acks));
    channel.add(nodes.back()->station);
    nodes.back()->node.start(channel.now());
    return *nodes.back();
  }
  /// The root, then `count` nodes, each in reach of its neighbours in the line only.
  void line(unsigned count) {
    for (unsigned i = 1; i <= count; ++i) {
      add_node();
      channel.connect(i - 1, i);
    }
  }
  TestNode& node(std::size_t number) { return *nodes.at(number - 1); }
  BorderRouter& router() { return *root->router; }

  bool all_reachable() {
    return std::ranges::all_of(nodes, [&](const auto& entry) {
      return entry->node.joined() && entry->node.global_address() &&
             std::ranges::any_of(router().routes(), [&](const net::Route& route) {
               return route.used && route.target == *entry->node.global_address();
             });
    });
  }
  bool form(base::Duration limit = 120s) {
    return channel.run_until([&] { return all_reachable(); }, limit);
  }

  bool ping_from_root(TestNode& target, base::Duration limit, std::size_t bytes = 8) {
    const auto before = router().echo_replies();
    if (!router().ping(channel.now(), target.address(), ++sequence_, bytes)) return false;
    return channel.run_until([&] { return router().echo_replies() > before; }, limit);
  }
  bool ping_root(TestNode& source, base::Duration limit, std::size_t bytes = 8) {
    const auto before = source.node.echo_replies();
    if (!source.node.ping(channel.now(), router().global_address(), ++sequence_, bytes)) {
      return false;
    }
    return channel.run_until([&] { return source.node.echo_replies() > before; }, limit);
  }

  /// Power goes off and comes back: all state is lost, the address stays.
  void restart_root() {
    root = std::make_unique<TestRoot>(BorderRouterConfig{.eui64 = eui64(0x1000)},
                                      seed_ * 977 + ++sequence_);
    channel.revive(0, root->station);
    root->router->start(channel.now());
  }

  std::unique_ptr<TestRoot> root;
  std::vector<std::unique_ptr<TestNode>> nodes;
  Channel channel;

 private:
  std::uint64_t seed_;
  std::uint16_t sequence_ = 0;
};

inline Frame udp_datagram(const wire::Endpoint& from, const wire::Endpoint& to,
                          const Frame& payload) {
  Frame bytes(wire::Ipv6Header::size + wire::UdpDatagram::header_size + payload.size());
  base::ByteWriter writer(bytes);
  wire::emit_ipv6(
      writer,
      {.next_header = wire::next_header::udp, .source = from.address, .destination = to.address},
      [&](base::ByteWriter& out) {
        wire::UdpDatagram{.source_port = from.port, .destination_port = to.port, .payload = payload}
            .emit(out, from.address, to.address);
      });
  EXPECT_TRUE(writer.ok());
  return bytes;
}

}  // namespace goldcrest::role::testing
