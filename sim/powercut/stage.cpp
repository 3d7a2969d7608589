// SPDX-License-Identifier: MIT
#include "sim/powercut/stage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/image/flash_map.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::sim {

using std::chrono::milliseconds;
using std::chrono::minutes;

namespace {

constexpr std::uint16_t coap_port = 5683;

AirOptions seeded(std::uint64_t seed) {
  AirOptions air;
  air.seed = seed;
  return air;
}

}  // namespace

Stage::Stage(std::uint64_t seed, std::uint64_t air_seed)
    : world_(seeded(air_seed)), engine_(store_, {}), dodag_log_([](std::string_view) {}) {
  router_ =
      &world_.add_router({.eui64 = {{0x02, 0, 0, 0, 0, 0, 0, 0x01}}},
                         wire::Ipv6Address::from_ipv4({192, 168, 1, 1}), air_seed + 1, dodag_log_);
  router_->start(world_.now());
  node_ = &world_.add_board({.seed = seed * 16});
}

bool Stage::advance(const std::function<bool()>& done, base::Duration limit) {
  return world_.run_until(
      [&] {
        if (ended()) return true;
        if (before_step_) before_step_();
        return done();
      },
      limit);
}

void Stage::programs(const File& man) {
  if (ended()) return;
  board().power(true);
  if (const auto done = board().program(image::flash_section.base, man); !done) {
    error_ = "the MAN image cannot be programmed: " + done.error();
  }
}

void Stage::serves_at(std::string_view address) {
  if (ended()) return;
  const auto host = wire::Ipv6Address::parse(address);
  if (!host) {
    error_ = fmt::format(
        "the node says \"Update server: {}\"; make the MAN image with `goldcrest man --server`",
        address);
    return;
  }
  const wire::Endpoint endpoint{*host, coap_port};
  world_.internet().listen(endpoint, [this, endpoint](base::Instant now, const wire::Endpoint& from,
                                                      base::Bytes datagram) {
    if (const auto answer = engine_.receive(now, from, datagram)) {
      world_.internet().send(now, endpoint, from, *answer);
    }
  });
}

void Stage::publishes(const std::string& name, const File& update) {
  if (ended()) return;
  if (const auto added = store_.add(name, update); !added) {
    error_ = fmt::format("the server refuses {}: {}", name, added.error());
  }
}

void Stage::presses_button() {
  if (ended()) return;
  board().set_button(true);
  waits(milliseconds(100));
  board().set_button(false);
  // Nobody presses again within the time in which the firmware takes it for bouncing.
  waits(milliseconds(250));
}

void Stage::resets(bool jumper) {
  if (ended()) return;
  board().set_jumper(jumper);
  mark_ = node_->console().size();
  board().reset();
}

void Stage::types_line(std::string_view line) {
  if (!ended()) board().type(std::string(line) + "\r");
}

void Stage::types_key(std::string_view key) {
  if (!ended()) board().type(key);
}

void Stage::waits(base::Duration duration) {
  (void)advance([] { return false; }, duration);
}

void Stage::sees(std::string_view text, base::Duration limit) {
  if (ended()) return;
  const auto& console = node_->console();
  // Searched only when there is something new, and only in what is new.
  std::size_t searched = mark_;
  std::size_t found = std::string::npos;
  const auto looks = [&] {
    if (console.size() == searched && searched > mark_) return false;
    const auto from = std::max(mark_, searched - std::min(searched, text.size()));
    found = console.find(text, from);
    searched = console.size();
    return found != std::string::npos;
  };
  const bool seen = advance(looks, limit);
  if (ended()) return;
  if (seen) {
    mark_ = found + text.size();
    return;
  }
  const auto last = console.substr(console.size() - std::min<std::size_t>(console.size(), 400));
  error_ = fmt::format("the node does not say \"{}\" within {} s; the end of its console:\n{}",
                       text, std::chrono::duration_cast<std::chrono::seconds>(limit).count(), last);
}

std::string Stage::reads(std::string_view label, base::Duration limit) {
  sees(label, limit);
  const auto begin = mark_;
  sees("\r", std::chrono::seconds(1));
  return ended() ? std::string() : node_->console().substr(begin, mark_ - 1 - begin);
}

void Stage::joins() {
  sees("[RPL: joined DODAG", minutes(3));
  sees("[RPL: route confirmed", minutes(3));
}

}  // namespace goldcrest::sim
