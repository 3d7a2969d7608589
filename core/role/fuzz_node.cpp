// SPDX-License-Identifier: MIT
// A node fed frames. The input is a list of (length, how, bytes): frames as they are, payloads put
// into a valid MAC frame from one of a few neighbours, or whole RPL messages and UDP packets with
// correct checksums, so that the fuzzer gets past the outer layers. In between time passes and what
// the node sends is taken. Nothing may crash, hang, or leave a deadline that nobody can serve.
#include <cstdlib>
#include <vector>

#include "core/role/fuzz_frames.hpp"
#include "core/role/node.hpp"

using namespace goldcrest;

namespace {

struct SilentApplication final : net::UdpApplication {
  void receive(base::Instant, const wire::Endpoint&, base::Bytes) override {}
  void advance(base::Instant) override {}
  std::optional<net::UdpTransmission> next_transmission(base::Instant) override {
    return std::nullopt;
  }
  base::Instant next_deadline() const override { return base::never; }
};

struct NoEvents final : role::NodeEvents {};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::SeededRandom random(1);
  SilentApplication application;
  NoEvents events;
  role::Node node({.eui64 = role::fuzzing::own}, random, application, events);
  base::Instant now{};
  node.start(now);
  role::fuzzing::Frames frames(base::Bytes(data, size));
  while (const auto frame = frames.next()) {
    now += frame->pause;
    role::fuzzing::drive(node, now);
    node.receive(now, frame->bytes, -80);
    role::fuzzing::drive(node, now);
  }
  if (node.joined() != (node.preferred_parent() != nullptr)) std::abort();
  if (node.joined() != (node.rank() != net::infinite_rank)) std::abort();
  role::fuzzing::check_routes(node.neighbours(), node.routes());
  return 0;
}
