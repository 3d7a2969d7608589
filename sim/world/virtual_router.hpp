// SPDX-License-Identifier: MIT
// `goldcrest router` in virtual time: the same border router and flow table, on the virtual air and
// the virtual internet. It can be switched off and on again, and then remembers nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/random.hpp"
#include "core/role/border_router.hpp"
#include "host/router/gateway.hpp"
#include "sim/world/frame_radio.hpp"
#include "sim/world/internet.hpp"

namespace goldcrest::sim {

class VirtualRouter final : private router::FlowPort {
 public:
  /// `address` is where the router's flows appear in the world.
  VirtualRouter(Air& air, Internet& internet, const role::BorderRouterConfig& config,
                const wire::Ipv6Address& address, std::uint64_t seed,
                role::BorderRouterEvents& events);
  ~VirtualRouter() override;

  void start(base::Instant now);
  void stop();
  bool running() const { return border_router_ != nullptr; }

  base::Instant next_event() const;
  void advance(base::Instant now);

  /// Null while stopped.
  const role::BorderRouter* border_router() const { return border_router_.get(); }
  StationId station() const { return radio_.station(); }

 private:
  void send(router::FlowId flow, const wire::Endpoint& remote, base::Bytes payload) override;
  void close(router::FlowId flow) override;

  Internet& internet_;
  role::BorderRouterConfig config_;
  wire::Ipv6Address address_;
  base::SeededRandom random_;
  role::BorderRouterEvents& events_;
  FrameRadio<role::BorderRouter> radio_;
  std::unique_ptr<role::BorderRouter> border_router_;
  std::unique_ptr<router::Gateway> gateway_;
  std::map<router::FlowId, wire::Endpoint> flows_;
  std::uint16_t next_port_ = 49152;
  base::Instant now_{};
};

}  // namespace goldcrest::sim
