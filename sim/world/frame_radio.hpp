// SPDX-License-Identifier: MIT
// Puts a role of core (role::Node, role::BorderRouter) on the virtual air: the five-line loop of
// the firmware, with an ideal radio that senses the carrier, sends one frame at a time, hears
// nothing while it sends, and locks on to the first of several packets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/transmission.hpp"
#include "sim/air/air.hpp"

namespace goldcrest::sim {

template <typename Role>
class FrameRadio final : public RadioReceiver {
 public:
  /// Carrier sense: a channel with a signal above this is busy.
  static constexpr int busy_threshold_dbm = -95;
  /// From the decision to send to the first preamble bit: what a SPIRIT1 needs from RX to TX.
  static constexpr base::Duration turnaround{300};

  explicit FrameRadio(Air& air, const RadioSettings& settings = default_radio_settings())
      : air_(air), settings_(settings), station_(air.add(*this)) {}

  /// The role that is on the air from now on; null switches the radio off.
  void set_role(Role* role) {
    role_ = role;
    sending_until_.reset();
    receiving_.reset();
  }
  StationId station() const { return station_; }

  base::Instant next_event() const {
    if (role_ == nullptr) return base::never;
    if (sending_until_) return std::min(*sending_until_, role_->next_deadline());
    return role_->next_deadline();
  }

  void advance(base::Instant now) {
    if (role_ == nullptr) return;
    if (sending_until_ && *sending_until_ <= now) {
      sending_until_.reset();
      role_->transmission_done(now, net::TransmitResult::sent);
    }
    role_->advance(now);
    send(now);
  }

  void packet_begin(std::uint64_t packet_id, base::Instant, base::Instant, int rssi_dbm,
                    const RadioSettings& settings) override {
    if (role_ == nullptr || sending_until_ || receiving_ || settings != settings_) return;
    receiving_ = packet_id;
    rssi_dbm_ = rssi_dbm;
  }

  void packet_end(std::uint64_t packet_id, base::Instant end, std::span<const std::uint8_t> payload,
                  bool corrupt) override {
    if (receiving_ != packet_id) return;
    receiving_.reset();
    if (role_ == nullptr || corrupt) return;
    role_->receive(end, payload, rssi_dbm_);
    send(end);
  }

 private:
  void send(base::Instant now) {
    if (sending_until_) return;
    const auto transmission = role_->next_transmission(now);
    if (!transmission) return;
    const bool busy =
        receiving_.has_value() || air_.rssi_dbm(station_, now, settings_) > busy_threshold_dbm;
    if (busy && !transmission->immediate) {
      role_->transmission_done(now, net::TransmitResult::channel_busy);
      return;
    }
    receiving_.reset();
    const auto begin = now + turnaround;
    sending_until_ = begin + air_time(transmission->frame.size(), settings_);
    air_.transmit(station_, begin, *sending_until_, transmission->frame, settings_);
  }

  Air& air_;
  RadioSettings settings_;
  StationId station_;
  Role* role_ = nullptr;
  std::optional<base::Instant> sending_until_;
  std::optional<std::uint64_t> receiving_;
  int rssi_dbm_ = 0;
};

}  // namespace goldcrest::sim
