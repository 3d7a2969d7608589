// SPDX-License-Identifier: MIT
// The air fed datagrams from many peers, valid ZEP and not, over time, with a topology of the
// input's own. Peers are bounded, nobody hears himself or what was not said, a datagram makes at
// most one for each other peer, and the air comes to rest.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/base/ensure.hpp"
#include "host/air/air_process.hpp"

using namespace goldcrest;

namespace {

class World {
 public:
  explicit World(base::Bytes input) : input_(input), process_(options(), topology(), sink()) {}

  void run() {
    while (input_.remaining() > 0) step();
    for (int steps = 0; process_.next_deadline() != base::never; ++steps) {
      base::ensure(steps < 10'000 && process_.next_deadline() >= now_);
      now_ = process_.next_deadline();
      process_.advance(now_);
    }
    process_.advance(now_ + 2 * air::AirProcess::station_timeout);
    base::ensure(process_.stations() == 0);
  }

 private:
  sim::AirOptions options() {
    return {.seed = 1, .loss = input_.u8() / 512.0, .duplicate = input_.u8() / 512.0};
  }
  air::Topology topology() {
    std::string text;
    for (const auto c : input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining()))) {
      text += static_cast<char>(c);
    }
    return air::parse_topology(text).value_or(air::Topology{});
  }
  air::AirProcess::Send sink() {
    return [this](const wire::Endpoint& to, base::Bytes datagram) {
      base::ensure(air::parse_zep(datagram).has_value());
      base::ensure(to.port < 4096 && ++answers_ <= 2 * air::AirProcess::stations_max * frames_);
    };
  }

  void step() {
    const auto how = input_.u8();
    now_ += std::chrono::milliseconds(how / 16 * input_.u8());
    const wire::Endpoint from{wire::Ipv6Address::from_ipv4({127, 0, 0, 1}), input_.u8()};
    const auto body = input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining()));
    process_.advance(now_);
    if (how % 4 == 0) {
      (void)process_.receive(now_, from, body);
    } else if (how == 0xFF && !std::exchange(crowded_, true)) {
      for (std::uint16_t port = 300; port < 300 + air::AirProcess::stations_max; ++port) {
        say(air::ZepType::hello, {from.address, port}, {});
      }
    } else {
      say(how % 4 == 1 ? air::ZepType::data : air::ZepType::hello, from, body);
    }
    base::ensure(process_.stations() <= air::AirProcess::stations_max);
  }
  void say(air::ZepType type, const wire::Endpoint& from, base::Bytes frame) {
    std::array<std::uint8_t, air::zep_datagram_bytes_max> buffer{};
    base::ByteWriter writer(buffer);
    air::emit_zep({.type = type,
                   .device_id = static_cast<std::uint16_t>(from.port % 8),
                   .sequence = ++sequence_,
                   .frame = frame.first(std::min(frame.size(), air::zep_frame_bytes_max))},
                  writer);
    base::ensure(writer.ok());
    ++frames_;
    (void)process_.receive(now_, from, writer.written());
  }

  base::ByteReader input_;
  base::Instant now_{};
  std::uint32_t sequence_ = 0;
  std::size_t frames_ = 0;
  std::size_t answers_ = 0;
  bool crowded_ = false;
  air::AirProcess process_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World(base::Bytes(data, std::min<std::size_t>(size, 1024))).run();
  return 0;
}
