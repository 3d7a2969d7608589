// SPDX-License-Identifier: MIT
// The border router with its IP side, NAT or TUN as the input chooses, between a hostile mesh and a
// hostile world: frames of any kind, valid UDP of any flow, floods of flows, datagrams on flows
// that are open or were, IPv6 packets and ICMPv6 errors from the world, and time. One honest node,
// a real one, is in reach.
//
// Flows and their sockets stay the same set within the bound. What the world sends makes nothing go
// to anybody but to him who sent it, and not more than he sent. What leaves has its source in the
// mesh. Idle flows are closed in the end, and the honest node's request is answered again.
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "core/base/ensure.hpp"
#include "core/role/fuzz_frames.hpp"
#include "core/role/node.hpp"
#include "core/wire/udp.hpp"
#include "host/router/gateway.hpp"

using namespace goldcrest;

namespace {

constexpr wire::Eui64 honest_eui64{{2, 0, 0, 0, 0, 0, 0, 9}};
constexpr base::Duration recovery_limit = std::chrono::minutes(30);
constexpr std::string_view request = "what is new?";
constexpr std::string_view answer = "nothing";

base::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

wire::Ipv6Address outside(std::uint8_t number) {
  return number % 2 == 0 ? wire::Ipv6Address::from_ipv4({10, 0, 0, number})
                         : wire::Ipv6Address{{0x20, 0x01, 0x0D, 0xB8, number}};
}
const wire::Endpoint server{outside(0), 5683};

std::vector<std::uint8_t> udp_packet(const wire::Endpoint& from, const wire::Endpoint& to,
                                     base::Bytes payload) {
  std::vector<std::uint8_t> bytes(limits::ingress_bytes);
  base::ByteWriter writer(bytes);
  wire::emit_ipv6(
      writer,
      {.next_header = wire::next_header::udp, .source = from.address, .destination = to.address},
      [&](base::ByteWriter& out) {
        wire::UdpDatagram{from.port, to.port, payload}.emit(out, from.address, to.address);
      });
  bytes.resize(writer.ok() ? writer.size() : 0);
  return bytes;
}

/// Asks the server when told to, and counts what it answers.
class Asking final : public net::UdpApplication {
 public:
  void receive(base::Instant, const wire::Endpoint& from, base::Bytes payload) override {
    if (from == server && std::ranges::equal(payload, bytes_of(answer))) ++answers;
  }
  void advance(base::Instant) override {}
  std::optional<net::UdpTransmission> next_transmission(base::Instant) override {
    if (!std::exchange(due, false)) return std::nullopt;
    return net::UdpTransmission{server, 5683, bytes_of(request)};
  }
  base::Instant next_deadline() const override { return due ? base::Instant{} : base::never; }

  bool due = false;
  int answers = 0;
};

struct NoNodeEvents final : role::NodeEvents {};
struct NoRouterEvents final : role::BorderRouterEvents {};

class World final : private router::FlowPort {
 public:
  World(base::Bytes input, bool nat) : frames_(input), nat_mode_(nat) {
    router_->start(now_);
    node_.start(now_);
    base::ensure(asks_until_answered());
  }

  void run() {
    while (frames_.input().remaining() > 0) step();
    cause_ = Cause::nothing;
    application_.due = false;
    wait(std::chrono::minutes(1));
    now_ += router::Nat::flow_timeout;
    settle();
    base::ensure(sockets_.empty());
    base::ensure(asks_until_answered());
    role::fuzzing::check_routes(router_->neighbours(), router_->routes());
  }

 private:
  /// What the events since the last step follow from.
  enum class Cause : std::uint8_t { nothing, mesh, world };

  struct Socket {
    wire::Endpoint node;
    wire::Endpoint remote;
  };

  void step() {
    auto& input = frames_.input();
    switch (input.u8() % 9) {
      case 0:
      case 1:
        hostile_frame();
        break;
      case 2:
        hostile_flows(input.u8(), 1);
        break;
      case 3:
        hostile_flows(input.u8(), input.u8());
        break;
      case 4:
        from_world(1 + input.u8() % 4u);
        break;
      case 5:
        packet_from_world();
        break;
      case 6:
        cause_ = Cause::nothing;
        wait(std::chrono::milliseconds(4 * input.u8() * input.u8()));
        break;
      case 7:
        hostile_packet(input.u8(), input.u8());
        break;
      default:
        cause_ = Cause::nothing;
        application_.due = true;
        settle();
    }
  }

  static wire::Eui64 hostile_eui64(std::uint8_t number) {
    return {{2, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(2 + number % 4)}};
  }
  wire::Ipv6Address in_mesh(const wire::Eui64& eui64) const {
    return wire::Ipv6Address::from_prefix(router_->prefix(), eui64);
  }

  void hostile_frame() {
    const auto frame = frames_.next();
    if (!frame) {
      (void)frames_.input().bytes(frames_.input().remaining());
      return;
    }
    cause_ = Cause::nothing;
    wait(frame->pause);
    cause_ = Cause::mesh;
    router_->receive(now_, frame->bytes, -80);
    settle();
  }

  /// Valid UDP from a node that may not exist: `how` says who, whereto and how long.
  void hostile_flows(std::uint8_t how, unsigned count) {
    cause_ = Cause::mesh;
    const auto sender = hostile_eui64(how);
    const auto from = in_mesh(sender);
    const std::vector<std::uint8_t> payload(how / 64 * 8, how);
    for (; count > 0 && budget_ > 0; --count, --budget_) {
      const auto port = static_cast<std::uint16_t>(++ports_);
      const auto packet = udp_packet({from, port}, {outside(how / 4 % 16), 53}, payload);
      router_->receive(now_, frames_.carrying(sender, packet), -80);
      carry();
    }
    settle();
  }

  /// A packet from a node with somebody's source address: `who` says from whom and to whom.
  void hostile_packet(std::uint8_t who, std::uint8_t how) {
    cause_ = Cause::mesh;
    const auto anybody = [&](unsigned selector) {
      return selector % 4 == 0   ? router_->global_address()
             : selector % 4 == 1 ? in_mesh(honest_eui64)
             : selector % 4 == 2 ? in_mesh(hostile_eui64(how))
                                 : outside(selector / 4 % 4);
    };
    auto packet = udp_packet({anybody(who % 16u), 9}, {anybody(who / 16u), 9}, bytes_of(request));
    packet[wire::Ipv6Header::hop_limit_offset] = how / 4;
    router_->receive(now_, frames_.carrying(hostile_eui64(how), packet), -80);
    settle();
  }

  /// On a flow's socket, or on one that has been closed.
  void from_world(unsigned count) {
    auto& input = frames_.input();
    const auto which = input.u8();
    const std::vector<std::uint8_t> payload(input.u8() * 6u, which);
    cause_ = Cause::world;
    for (; nat_mode_ && count > 0; --count) {
      auto flow = sockets_.lower_bound(ports_ > which ? ports_ - which : which);
      if (flow == sockets_.end()) flow = sockets_.begin();
      gateway_.receive(now_, flow == sockets_.end() ? which : flow->first, payload);
    }
    settle();
  }

  /// Through the TUN interface: as it comes, or from one of a few to the honest node or to nobody.
  void packet_from_world() {
    auto& input = frames_.input();
    const auto how = input.u8();
    const auto body = input.bytes(std::min<std::size_t>(input.u8() * 6u, input.remaining()));
    std::vector<std::uint8_t> packet(body.begin(), body.end());
    const auto from = outside(how / 4 % 16);
    const auto to = how % 4 == 0   ? router_->global_address()
                    : how % 4 == 1 ? wire::Ipv6Address::from_prefix(router_->prefix(), honest_eui64)
                                   : wire::Ipv6Address::from_prefix(router_->prefix(), {});
    if (how % 4 != 3) {
      packet.resize(body.size() + wire::Ipv6Header::size + 8);
      base::ByteWriter writer(packet);
      const wire::Icmpv6Message message{.type = body.empty() ? std::uint8_t{1} : body[0],
                                        .code = 0,
                                        .body = body.empty() ? body : body.subspan(1)};
      const bool icmpv6 = how < 128;
      const auto protocol = icmpv6 ? wire::next_header::icmpv6 : wire::next_header::udp;
      wire::emit_ipv6(writer, {.next_header = protocol, .source = from, .destination = to},
                      [&](base::ByteWriter& out) {
                        if (icmpv6) {
                          wire::emit_icmpv6(out, from, to, message);
                        } else {
                          wire::UdpDatagram{53, 5683, body}.emit(out, from, to);
                        }
                      });
      packet.resize(writer.size());
    }
    if (nat_mode_) return;
    cause_ = Cause::world;
    put_into_tunnel(packet);
    settle();
  }

  bool asks_until_answered() {
    const auto before = application_.answers;
    const auto end = now_ + recovery_limit;
    while (now_ < end && application_.answers == before) {
      application_.due = true;
      wait(std::chrono::seconds(10));
    }
    return application_.answers > before;
  }

  void wait(base::Duration duration) {
    const auto end = now_ + duration;
    for (settle(); now_ < end; settle()) {
      now_ = std::min({end, router_->next_deadline(), node_.next_deadline(),
                       nat_mode_ ? gateway_.next_deadline() : base::never});
    }
  }

  /// Until both radios rest.
  void settle() {
    for (int steps = 0;; ++steps) {
      base::ensure(steps < 5'000);
      if (router_->next_deadline() <= now_) router_->advance(now_);
      if (node_.next_deadline() <= now_) node_.advance(now_);
      const bool sent = pass(*router_, node_) || pass(node_, *router_);
      carry();
      if (!sent && router_->next_deadline() > now_ && node_.next_deadline() > now_) return;
    }
  }
  template <typename From, typename To>
  bool pass(From& from, To& to) {
    const auto out = from.next_transmission(now_);
    if (!out) return false;
    base::ensure(!out->frame.empty() && out->frame.size() <= limits::frame_bytes);
    const std::vector<std::uint8_t> frame(out->frame.begin(), out->frame.end());
    now_ += std::chrono::milliseconds(2);
    from.transmission_done(now_, net::TransmitResult::sent);
    to.receive(now_, frame, -70);
    return true;
  }

  /// The IP side does what it does after every change.
  void carry() {
    if (!nat_mode_) {
      while (const auto packet = router_->take_from_mesh()) to_world(*packet);
      return;
    }
    gateway_.pump(now_);
    base::ensure(sockets_.size() <= router::Nat::flows_max);
    base::ensure(std::ranges::equal(
        sockets_, gateway_.nat().flows(), {}, [](const auto& socket) { return socket.first; },
        &router::Flow::id));
    if (std::exchange(asked_, false)) gateway_.receive(now_, asking_flow_, bytes_of(answer));
  }

  // FlowPort
  void send(router::FlowId flow, const wire::Endpoint& remote, base::Bytes payload) override {
    const auto& flows = gateway_.nat().flows();
    const auto found = std::ranges::find(flows, flow, &router::Flow::id);
    base::ensure(found != flows.end() && found->remote == remote);
    base::ensure(found->node.address.same_prefix64(router_->prefix()));
    const auto [socket, opened] = sockets_.try_emplace(flow, Socket{found->node, remote});
    base::ensure(socket->second.node == found->node && socket->second.remote == remote);
    const bool honest = remote == server && std::ranges::equal(payload, bytes_of(request));
    base::ensure(honest || cause_ == Cause::mesh);
    if (!honest) return;
    asked_ = true;
    asking_flow_ = flow;
  }
  void close(router::FlowId flow) override { sockets_.erase(flow); }

  void put_into_tunnel(base::Bytes packet) {
    if (const auto header = wire::Ipv6Header::parse(packet)) {
      credit_[header->source] += static_cast<std::int64_t>(packet.size()) + error_header_bytes;
    }
    (void)router_->send_to_mesh(now_, packet);
  }
  /// A packet that leaves through the TUN interface.
  void to_world(base::Bytes packet) {
    base::ensure(packet.size() <= limits::datagram_bytes);
    const auto header = wire::Ipv6Header::parse(packet);
    base::ensure(header && header->source.same_prefix64(router_->prefix()));
    const auto& to = header->destination;
    base::ensure(!to.same_prefix64(router_->prefix()) && !to.multicast() && !to.link_local());
    const auto upper = wire::upper_layer(packet);
    const auto udp = upper && upper->protocol == wire::next_header::udp
                         ? wire::UdpDatagram::parse(upper->payload, header->source, to)
                         : std::unexpected(wire::UdpError{});
    if (udp && to == server.address && std::ranges::equal(udp->payload, bytes_of(request))) {
      put_into_tunnel(udp_packet(server, {header->source, udp->source_port}, bytes_of(answer)));
      return;
    }
    const bool of_router = header->source == router_->global_address();
    if (cause_ == Cause::mesh && !of_router) return;
    credit_[to] -= static_cast<std::int64_t>(packet.size());
    base::ensure(credit_[to] >= 0);
  }

  /// What an ICMPv6 error adds to the packet that it is about.
  static constexpr std::int64_t error_header_bytes = wire::Ipv6Header::size + 8;

  role::fuzzing::Frames frames_;
  bool nat_mode_;
  base::Instant now_{};
  Cause cause_ = Cause::nothing;
  base::SeededRandom router_random_{1};
  base::SeededRandom node_random_{2};
  NoRouterEvents router_events_;
  NoNodeEvents node_events_;
  Asking application_;
  std::unique_ptr<role::BorderRouter> router_ = std::make_unique<role::BorderRouter>(
      role::BorderRouterConfig{.eui64 = role::fuzzing::own}, router_random_, router_events_);
  role::Node node_{{.eui64 = honest_eui64}, node_random_, application_, node_events_};
  router::Gateway gateway_{*router_, *this};
  std::map<router::FlowId, Socket> sockets_;
  std::map<wire::Ipv6Address, std::int64_t> credit_;  ///< bytes that may go to an address
  bool asked_ = false;
  router::FlowId asking_flow_ = 0;
  std::uint64_t ports_ = 0;
  unsigned budget_ = 1'100;  ///< datagrams of floods; more than flows
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  World(base::Bytes(data + 1, std::min<std::size_t>(size - 1, 2048)), data[0] % 2 == 0).run();
  return 0;
}
