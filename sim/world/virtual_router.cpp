// SPDX-License-Identifier: MIT
#include "sim/world/virtual_router.hpp"

#include <algorithm>

namespace goldcrest::sim {

VirtualRouter::VirtualRouter(Air& air, Internet& internet, const role::BorderRouterConfig& config,
                             const wire::Ipv6Address& address, std::uint64_t seed,
                             role::BorderRouterEvents& events)
    : internet_(internet),
      config_(config),
      address_(address),
      random_(seed),
      events_(events),
      radio_(air) {}

VirtualRouter::~VirtualRouter() {
  stop();
}

void VirtualRouter::start(base::Instant now) {
  now_ = now;
  border_router_ = std::make_unique<role::BorderRouter>(config_, random_, events_);
  router::FlowPort& port = *this;
  gateway_ = std::make_unique<router::Gateway>(*border_router_, port);
  border_router_->start(now);
  radio_.set_role(border_router_.get());
}

void VirtualRouter::stop() {
  radio_.set_role(nullptr);
  gateway_.reset();
  border_router_.reset();
  for (const auto& [flow, endpoint] : flows_) internet_.close(endpoint);
  flows_.clear();
}

base::Instant VirtualRouter::next_event() const {
  if (!running()) return base::never;
  return std::min(radio_.next_event(), gateway_->next_deadline());
}

void VirtualRouter::advance(base::Instant now) {
  now_ = now;
  if (!running()) return;
  radio_.advance(now);
  gateway_->pump(now);
}

void VirtualRouter::send(router::FlowId flow, const wire::Endpoint& remote, base::Bytes payload) {
  auto [entry, opened] = flows_.try_emplace(flow);
  if (opened) {
    entry->second = {address_, next_port_};
    next_port_ = static_cast<std::uint16_t>(next_port_ == 65535 ? 49152 : next_port_ + 1);
    internet_.listen(
        entry->second,
        [this, flow, remote](base::Instant now, const wire::Endpoint& from, base::Bytes answer) {
          if (from == remote) gateway_->receive(now, flow, answer);
        });
  }
  internet_.send(now_, entry->second, remote, payload);
}

void VirtualRouter::close(router::FlowId flow) {
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return;
  internet_.close(found->second);
  flows_.erase(found);
}

}  // namespace goldcrest::sim
