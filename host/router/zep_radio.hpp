// SPDX-License-Identifier: MIT
// The border router's radio in real time: frames as ZEP datagrams, sent one at a time at the pace
// of the default radio profile, since the air tells nobody when a frame has left.
#pragma once

#include <optional>

#include "core/role/border_router.hpp"
#include "host/air/zep_station.hpp"

namespace goldcrest::router {

class ZepRadio {
 public:
  ZepRadio(air::ZepStation station, role::BorderRouter& border_router)
      : station_(std::move(station)), border_router_(border_router) {}

  int descriptor() const { return station_.descriptor(); }
  base::Instant next_deadline() const;
  /// Takes what arrived, runs the border router's timers, sends what is due.
  void advance(base::Instant now);

 private:
  air::ZepStation station_;
  role::BorderRouter& border_router_;
  std::optional<base::Instant> sending_until_;
};

}  // namespace goldcrest::router
