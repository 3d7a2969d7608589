// SPDX-License-Identifier: MIT
#include "host/router/command.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "host/air/zep.hpp"
#include "host/router/dodag_log.hpp"
#include "host/router/gateway.hpp"
#include "host/router/tun.hpp"
#include "host/router/zep_radio.hpp"
#include "host/system/log_limit.hpp"
#include "host/system/run.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::router {

namespace {

constexpr std::uint32_t log_burst = 5000;
constexpr std::uint32_t log_lines_per_s = 20;

struct Options {
  std::string air = "127.0.0.1:17754";
  std::uint16_t device_id = 1;
  std::string eui64 = "0200000000000001";
  std::string prefix = "aaaa::";
  std::string ip = "nat";
  std::string tun = "goldcrest0";
  std::string tun_address = "fd67:6f6c:6463::1";
  std::string link_acks = "learn";
  std::uint64_t seed = 0;
  bool json = false;
};

std::expected<wire::Eui64, std::string> parse_eui64(const std::string& text) {
  wire::Eui64 eui64;
  std::string digits;
  for (const char c : text) {
    if (c != ':' && c != '-') digits += c;
  }
  if (digits.size() != 2 * eui64.bytes.size() ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    return std::unexpected("--eui64 '" + text + "' is not an EUI-64: 16 hex digits");
  }
  for (std::size_t i = 0; i < eui64.bytes.size(); ++i) {
    eui64.bytes[i] = static_cast<std::uint8_t>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
  }
  return eui64;
}

std::expected<role::BorderRouterConfig, std::string> configure(const Options& options) {
  role::BorderRouterConfig config;
  const auto eui64 = parse_eui64(options.eui64);
  if (!eui64) return std::unexpected(eui64.error());
  config.eui64 = *eui64;
  const auto text = options.prefix.substr(0, options.prefix.find("/64"));
  const auto prefix = wire::Ipv6Address::parse(text);
  const bool lower_half_clear =
      prefix && std::all_of(prefix->bytes.begin() + 8, prefix->bytes.end(),
                            [](std::uint8_t byte) { return byte == 0; });
  if (!lower_half_clear || prefix->multicast() || prefix->link_local() || prefix->unspecified()) {
    return std::unexpected("--prefix '" + options.prefix + "' is not a unicast /64 prefix");
  }
  config.prefix = *prefix;
  config.link_acks = options.link_acks == "always"  ? net::LinkAckPolicy::always
                     : options.link_acks == "never" ? net::LinkAckPolicy::never
                                                    : net::LinkAckPolicy::learn;
  return config;
}

/// The sockets of the NAT flows.
class SocketFlows final : public FlowPort {
 public:
  void send(FlowId flow, const wire::Endpoint& remote, base::Bytes payload) override {
    auto entry = sockets_.find(flow);
    if (entry == sockets_.end()) {
      auto socket = system::UdpSocket::open({});
      if (!socket) {
        ++not_opened_;
        problem_ = socket.error();
        return;
      }
      entry = sockets_.emplace(flow, Entry{std::move(*socket), remote}).first;
    }
    (void)entry->second.socket.send(remote, payload);
  }
  void close(FlowId flow) override { sockets_.erase(flow); }

  void add_to(std::vector<pollfd>& waiting) const {
    for (const auto& [flow, entry] : sockets_) {
      waiting.push_back({entry.socket.descriptor(), POLLIN, 0});
    }
  }
  /// Hands what arrived from each flow's own remote endpoint to the gateway.
  void receive(base::Instant now, Gateway& gateway) {
    std::array<std::uint8_t, 2048> buffer{};
    for (auto& [flow, entry] : sockets_) {
      for (int taken = 0; taken < datagrams_in_turn; ++taken) {
        const auto received = entry.socket.receive(buffer);
        if (!received) break;
        if (received->from == entry.remote) gateway.receive(now, flow, received->payload);
      }
    }
  }
  /// Why sockets could not be opened since this was last asked; nothing when all could.
  std::optional<std::string> take_problem() {
    if (not_opened_ == 0) return std::nullopt;
    return fmt::format("{} datagrams lost: {}", std::exchange(not_opened_, 0), problem_);
  }

 private:
  // The mesh carries a few a second; nobody's flood is to fill its queue at once.
  static constexpr int datagrams_in_turn = 8;

  struct Entry {
    system::UdpSocket socket;
    wire::Endpoint remote;
  };
  std::map<FlowId, Entry> sockets_;
  std::uint64_t not_opened_ = 0;
  std::string problem_;
};

/// The IP side: either NAT or TUN.
class IpSide {
 public:
  IpSide(role::BorderRouter& border_router, std::optional<Tun> tun)
      : border_router_(border_router), tun_(std::move(tun)), gateway_(border_router, flows_) {}

  void add_to(std::vector<pollfd>& waiting) const {
    if (tun_) waiting.push_back({tun_->descriptor(), POLLIN, 0});
    flows_.add_to(waiting);
  }

  void advance(base::Instant now) {
    if (!tun_) {
      flows_.receive(now, gateway_);
      gateway_.pump(now);
      return;
    }
    std::array<std::uint8_t, 2048> buffer{};
    for (int taken = 0; taken < system::UdpSocket::turn; ++taken) {
      const auto packet = tun_->read(buffer);
      if (!packet) break;
      (void)border_router_.send_to_mesh(now, *packet);
    }
    while (const auto packet = border_router_.take_from_mesh()) (void)tun_->write(*packet);
  }

  /// Why there is no IP side any more.
  std::optional<std::string> failure() const {
    if (!tun_ || !tun_->gone()) return std::nullopt;
    return "the interface " + tun_->name() + " was deleted; start the router again";
  }
  std::optional<std::string> take_problem() { return flows_.take_problem(); }

  base::Instant next_deadline() const { return gateway_.next_deadline(); }
  const GatewayStatistics& statistics() const { return gateway_.statistics(); }

 private:
  role::BorderRouter& border_router_;
  std::optional<Tun> tun_;
  SocketFlows flows_;
  Gateway gateway_;
};

std::expected<std::optional<Tun>, std::string> open_tun(const Options& options,
                                                        const wire::Ipv6Address& prefix) {
  if (options.ip != "tun") return std::optional<Tun>();
  const auto address = wire::Ipv6Address::parse(options.tun_address);
  if (!address || address->multicast() || address->link_local() || address->unspecified() ||
      address->ipv4_mapped()) {
    return std::unexpected("--tun-address '" + options.tun_address +
                           "' is not a unicast IPv6 address");
  }
  // The border router would look for an address of the prefix in the mesh.
  if (address->same_prefix64(prefix)) {
    return std::unexpected("--tun-address '" + options.tun_address +
                           "' lies in the mesh's prefix; give one outside of it");
  }
  auto tun = Tun::open(options.tun, *address, prefix);
  if (!tun) return std::unexpected(tun.error());
  fmt::print(stderr, "router: {} carries {}/64, this host is {}\n", options.tun,
             system::format(prefix), system::format(*address));
  return std::optional<Tun>(std::move(*tun));
}

constexpr base::Duration problem_interval = std::chrono::seconds(10);

std::expected<void, std::string> loop(ZepRadio& radio, IpSide& ip) {
  auto next_problem = system::monotonic_now();
  while (!system::stop_requested()) {
    std::vector<pollfd> waiting{{radio.descriptor(), POLLIN, 0}};
    ip.add_to(waiting);
    const auto deadline = std::min(radio.next_deadline(), ip.next_deadline());
    (void)::poll(waiting.data(), waiting.size(),
                 system::poll_timeout_ms(system::monotonic_now(), deadline));
    const auto now = system::monotonic_now();
    radio.advance(now);
    ip.advance(now);
    if (const auto failure = ip.failure()) return std::unexpected(*failure);
    if (now < next_problem) continue;
    if (const auto problem = ip.take_problem()) {
      fmt::print(stderr, "router: {}\n", *problem);
      next_problem = now + problem_interval;
    }
  }
  return {};
}

// Every flow has a socket: as many as there may be have to fit, and a few descriptors more.
void raise_descriptor_limit() {
  constexpr rlim_t wanted = Nat::flows_max + 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::expected<void, std::string> run(Options options) {
  const auto config = configure(options);
  if (!config) return std::unexpected(config.error());
  const auto air_endpoint = system::parse_endpoint(options.air, air::zep_port);
  if (!air_endpoint) return std::unexpected(air_endpoint.error());
  auto station = air::ZepStation::open(*air_endpoint, options.device_id);
  if (!station) return std::unexpected(station.error());
  auto tun = open_tun(options, config->prefix);
  if (!tun) return std::unexpected(tun.error());

  if (options.seed == 0) options.seed = std::random_device{}();
  base::SeededRandom random(options.seed);
  // Who forges routing messages can make as many lines as the radio carries frames.
  system::LogLimit log_limit(log_burst, log_lines_per_s);
  DodagLog log(
      [&options, &log_limit](std::string_view line) {
        const auto now = system::monotonic_now();
        if (!log_limit.allows(now)) return;
        const auto missing = log_limit.take_suppressed(now);
        if (missing > 0) fmt::print(stderr, "router: {} lines more, too many to print\n", missing);
        fmt::print("{}{}\n", options.json ? "" : "router: ", line);
        std::fflush(stdout);
      },
      options.json);
  const auto border_router = std::make_unique<role::BorderRouter>(*config, random, log);
  ZepRadio radio(std::move(*station), *border_router);
  IpSide ip(*border_router, std::move(*tun));
  system::catch_stop_signals();
  raise_descriptor_limit();
  border_router->start(system::monotonic_now());
  fmt::print(stderr, "router: {} on the air at {}, {} mode, seed {}\n",
             system::format(border_router->global_address()), system::format(*air_endpoint),
             options.ip, options.seed);
  if (const auto ended = loop(radio, ip); !ended) return ended;
  const auto& totals = ip.statistics();
  fmt::print(stderr, "router: {} datagrams to the world, {} to the mesh, {} refused, {} routes\n",
             totals.to_world, totals.to_mesh, totals.refused, border_router->route_count());
  return {};
}

}  // namespace

void add_router_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "router", "6LoWPAN border router: RPL root of the mesh, plain UDP/IP to the world");
  command->add_option("--air", options->air, "the air process")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command->add_option("--device-id", options->device_id, "ZEP device id, for the air's topology")
      ->type_name("NUMBER")
      ->capture_default_str();
  command->add_option("--eui64", options->eui64, "EUI-64 of the radio, 16 hex digits")
      ->type_name("EUI64")
      ->capture_default_str();
  command->add_option("--prefix", options->prefix, "the mesh's /64")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command
      ->add_option("--ip", options->ip,
                   "nat: a socket for every flow, no privilege; tun: packets unmodified through a "
                   "TUN interface, needs CAP_NET_ADMIN")
      ->check(CLI::IsMember({"nat", "tun"}))
      ->capture_default_str();
  command->add_option("--tun", options->tun, "name of the TUN interface")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--tun-address", options->tun_address,
                   "this host's address on the TUN interface, outside the prefix")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command
      ->add_option("--link-acks", options->link_acks,
                   "learn who acknowledges frames, always ask, or never")
      ->check(CLI::IsMember({"learn", "always", "never"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "seed of protocol randomness; 0: from the system")
      ->type_name("NUMBER");
  command->add_flag("--json", options->json, "log the DODAG as JSON lines");
  command->footer("Log of the mesh on stdout. Runs until SIGINT or SIGTERM. docs/network.md");
  command->callback([options, &exit_code] {
    if (const auto done = run(*options); !done) {
      system::print_error("router: " + done.error());
      exit_code = 1;
    }
  });
}

}  // namespace goldcrest::router
