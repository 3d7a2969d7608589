// SPDX-License-Identifier: MIT
#include "host/router/zep_radio.hpp"

#include <algorithm>

#include "sim/air/air.hpp"

namespace goldcrest::router {

namespace {
/// ZEP carries no signal strength worth the name; what a near neighbour has.
constexpr int assumed_rssi_dbm = -60;
}  // namespace

base::Instant ZepRadio::next_deadline() const {
  // While a frame is out the border router may want to send the next one at once: that has to wait.
  return std::min(sending_until_.value_or(border_router_.next_deadline()),
                  station_.next_deadline());
}

void ZepRadio::advance(base::Instant now) {
  station_.advance(now);
  station_.receive(
      [&](base::Bytes frame) { border_router_.receive(now, frame, assumed_rssi_dbm); });
  if (sending_until_ && *sending_until_ <= now) {
    sending_until_.reset();
    border_router_.transmission_done(now, net::TransmitResult::sent);
  }
  border_router_.advance(now);
  if (sending_until_) return;
  const auto transmission = border_router_.next_transmission(now);
  if (!transmission) return;
  sending_until_ = now + sim::air_time(transmission->frame.size(), sim::default_radio_settings());
  if (!station_.send(transmission->frame)) {
    sending_until_.reset();
    border_router_.transmission_done(now, net::TransmitResult::failed);
  }
}

}  // namespace goldcrest::router
