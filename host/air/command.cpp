// SPDX-License-Identifier: MIT
#include "host/air/command.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "host/air/air_process.hpp"
#include "host/system/log_limit.hpp"
#include "host/system/run.hpp"
#include "sim/air/pcap.hpp"

namespace goldcrest::air {

namespace {

struct Options {
  std::string bind = "127.0.0.1:17754";
  sim::AirOptions air;
  std::string topology;
  std::string pcap;
};

std::expected<Topology, std::string> read_topology(const std::string& path) {
  if (path.empty()) return Topology{};
  if (std::error_code error; !std::filesystem::is_regular_file(path, error)) {
    return std::unexpected(path + " is not a file");
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file && !file.eof()) return std::unexpected("cannot read " + path);
  auto topology = parse_topology(text);
  if (!topology) return std::unexpected(path + ": " + topology.error());
  return topology;
}

std::expected<void, std::string> run(const Options& options) {
  const auto local = system::parse_endpoint(options.bind, zep_port);
  if (!local) return std::unexpected(local.error());
  auto topology = read_topology(options.topology);
  if (!topology) return std::unexpected(topology.error());
  auto socket = system::UdpSocket::open(*local);
  if (!socket) return std::unexpected(socket.error());
  std::optional<sim::PcapWriter> pcap;
  if (!options.pcap.empty()) {
    auto created = sim::PcapWriter::create(options.pcap);
    if (!created) return std::unexpected(created.error());
    pcap = std::move(*created);
  }

  AirProcess air(options.air, std::move(*topology),
                 [&socket](const wire::Endpoint& to, base::Bytes datagram) {
                   (void)socket->send(to, datagram);
                 });
  if (pcap) {
    air.observe([&pcap](base::Instant time, sim::StationId, base::Bytes frame) {
      (void)(pcap->frame(time, frame) && pcap->flush());
    });
  }
  fmt::print(stderr, "air: ZEP on {}, seed {}, loss {:.0f} %\n", system::format(socket->local()),
             options.air.seed, options.air.loss * 100);

  system::catch_stop_signals();
  system::LogLimit log_limit(1000, 10);
  std::array<std::uint8_t, 2048> buffer{};
  while (!system::stop_requested()) {
    pollfd waiting{socket->descriptor(), POLLIN, 0};
    (void)::poll(&waiting, 1,
                 system::poll_timeout_ms(system::monotonic_now(), air.next_deadline()));
    const auto now = system::monotonic_now();
    for (int count = 0; count < system::UdpSocket::turn; ++count) {
      const auto received = socket->receive(buffer);
      if (!received) break;
      const auto known = air.stations();
      const auto taken = air.receive(now, received->from, received->payload);
      const bool joined = air.stations() > known;
      if ((taken && !joined) || !log_limit.allows(now)) continue;
      if (!taken) {
        fmt::print(stderr, "air: ignored a datagram from {}: {}\n", system::format(received->from),
                   taken.error());
      } else {
        fmt::print(stderr, "air: station {} joined\n", system::format(received->from));
      }
    }
    if (const auto more = log_limit.take_suppressed(now); more > 0) {
      fmt::print(stderr, "air: {} lines more, too many to print\n", more);
    }
    air.advance(now);
  }
  const auto& totals = air.statistics();
  fmt::print(stderr, "air: {} frames, {} bytes, {} delivered, {} lost\n", totals.packets,
             totals.bytes, totals.delivered, totals.lost);
  return {};
}

}  // namespace

void add_air_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "air", "The radio channel between virtual boards and border router: ZEP v2 over UDP");
  command->add_option("--bind", options->bind, "address and port to listen on")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command->add_option("--loss", options->air.loss, "share of frames that are lost, 0 to 1")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1.0).description(""));
  command->add_option("--duplicate", options->air.duplicate, "share of frames heard twice, 0 to 1")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1.0).description(""));
  command->add_option("--reorder", options->air.reorder, "share of frames held back, 0 to 1")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1.0).description(""));
  command
      ->add_option("--topology", options->topology,
                   "file of `FROM TO LOSS` lines by device id; without it all hear all")
      ->type_name("FILE");
  command->add_option("--pcap", options->pcap, "write every frame to this file, for Wireshark")
      ->type_name("FILE");
  command->add_option("--seed", options->air.seed, "seed of all random decisions")
      ->capture_default_str();
  command->footer("Runs until SIGINT or SIGTERM. docs/network.md");
  command->callback([options, &exit_code] {
    if (const auto done = run(*options); !done) {
      system::print_error("air: " + done.error());
      exit_code = 1;
    }
  });
}

}  // namespace goldcrest::air
