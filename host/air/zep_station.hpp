// SPDX-License-Identifier: MIT
// A station of the air process: sends and receives frames as ZEP datagrams, and says hello now and
// then so that the air knows it (also an air that was restarted). The one place where programs meet
// the air: the border router and the virtual board use it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "host/air/zep.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::air {

class ZepStation {
 public:
  static constexpr base::Duration hello_interval = std::chrono::seconds(10);

  /// Opens a socket towards the air process at `air`.
  [[nodiscard]] static std::expected<ZepStation, std::string> open(const wire::Endpoint& air,
                                                                   std::uint16_t device_id);

  /// Sends a MAC frame; false when it is too long or the kernel does not take it.
  bool send(base::Bytes frame);
  /// Calls `heard` with the frames that wait, so many at most as belong to a turn; anything but ZEP
  /// from the air is ignored.
  void receive(const std::function<void(base::Bytes frame)>& heard);
  /// Says hello when it is time to.
  void advance(base::Instant now);
  base::Instant next_deadline() const { return next_hello_; }
  int descriptor() const { return socket_.descriptor(); }

 private:
  ZepStation(system::UdpSocket socket, const wire::Endpoint& air, std::uint16_t device_id)
      : socket_(std::move(socket)), air_(air), device_id_(device_id) {}

  bool emit(const ZepPacket& packet);

  system::UdpSocket socket_;
  wire::Endpoint air_;
  std::uint16_t device_id_;
  std::uint32_t sequence_ = 0;
  base::Instant next_hello_{};
};

}  // namespace goldcrest::air
