// SPDX-License-Identifier: MIT
// The border router's log: what happens to the DODAG, one line an event, as text or as JSON.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/role/border_router.hpp"

namespace goldcrest::router {

class DodagLog final : public role::BorderRouterEvents {
 public:
  /// `sink` gets whole lines without line end.
  explicit DodagLog(std::function<void(std::string_view line)> sink, bool json = false)
      : sink_(std::move(sink)), json_(json) {}

  void dodag_started(base::Instant now, const net::DodagInfo& dodag) override;
  void version_changed(base::Instant now, std::uint8_t from, std::uint8_t to,
                       std::string_view why) override;
  void route_added(base::Instant now, const wire::Ipv6Address& node,
                   const wire::Ipv6Address& parent, const net::Neighbour* neighbour) override;
  void route_removed(base::Instant now, const wire::Ipv6Address& node,
                     std::string_view why) override;
  void dao_refused(base::Instant now, const wire::Ipv6Address& from, std::string_view why) override;
  void neighbour_rank(base::Instant now, const wire::Ipv6Address& neighbour, std::uint16_t rank,
                      std::uint16_t etx) override;

 private:
  std::function<void(std::string_view)> sink_;
  bool json_;
};

}  // namespace goldcrest::router
