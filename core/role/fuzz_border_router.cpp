// SPDX-License-Identifier: MIT
// A border router fed frames (see fuzz_node.cpp) on the radio side and the same bytes as datagrams
// on the IP side.
#include <cstdlib>
#include <memory>

#include "core/role/border_router.hpp"
#include "core/role/fuzz_frames.hpp"

using namespace goldcrest;

namespace {

struct NoEvents final : role::BorderRouterEvents {};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::SeededRandom random(1);
  NoEvents events;
  const auto router = std::make_unique<role::BorderRouter>(
      role::BorderRouterConfig{.eui64 = role::fuzzing::own}, random, events);
  base::Instant now{};
  router->start(now);
  role::fuzzing::Frames frames(base::Bytes(data, size));
  while (const auto frame = frames.next()) {
    now += frame->pause;
    role::fuzzing::drive(*router, now);
    router->receive(now, frame->bytes, -80);
    (void)router->send_to_mesh(now, frame->datagram);
    role::fuzzing::drive(*router, now);
    while (const auto taken = router->take_from_mesh()) {
      if (taken->size() < 40 || taken->size() > limits::datagram_bytes) std::abort();
    }
  }
  role::fuzzing::check_routes(router->neighbours(), router->routes());
  return 0;
}
