// SPDX-License-Identifier: MIT
// What the fuzz targets of the mesh share: turning fuzzer input into frames that get past the outer
// layers, driving a device, and checking what must hold afterwards.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/route_table.hpp"
#include "core/net/transmission.hpp"
#include "core/wire/icmpv6.hpp"
#include "core/wire/ieee802154.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/rpl.hpp"
#include "core/wire/sixlowpan.hpp"

namespace goldcrest::role::fuzzing {

inline constexpr wire::Eui64 own{{2, 0, 0, 0, 0, 0, 0, 1}};

struct FuzzedFrame {
  base::Duration pause{};
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> datagram;  ///< what is inside, where it is an IPv6 datagram
};

class Frames {
 public:
  explicit Frames(base::Bytes input) : input_(input) {}

  /// Where the next frame is read from, for what an input holds besides frames.
  base::ByteReader& input() { return input_; }

  /// A frame to us with the whole datagram, which may be longer than a radio would send.
  std::vector<std::uint8_t> carrying(const wire::Eui64& sender, base::Bytes datagram) {
    return mac_frame(sender, false, compressed(sender, 0, datagram));
  }

  std::optional<FuzzedFrame> next() {
    const auto how = input_.u8();
    const auto pause = input_.u8();
    const auto length = std::min<std::size_t>(input_.u8(), input_.remaining());
    const auto body = input_.bytes(length);
    if (!input_.ok()) return std::nullopt;
    FuzzedFrame frame;
    // Quadratic, up to about four minutes, so that every timer can be reached.
    frame.pause = base::Duration(std::int64_t{pause} * pause * 4'000);
    const wire::Eui64 sender{{2, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(2 + how % 4)}};
    switch (how / 4 % 4) {
      case 0:
        frame.bytes.assign(body.begin(), body.end());
        frame.datagram = frame.bytes;
        break;
      case 1:
        frame.bytes = mac_frame(sender, (how & 0x80) != 0, body);
        break;
      default:
        frame.datagram = rpl_or_raw(sender, how, body);
        frame.bytes = mac_frame(sender, (how & 0x80) != 0, compressed(sender, how, frame.datagram));
        break;
    }
    return frame;
  }

 private:
  std::vector<std::uint8_t> mac_frame(const wire::Eui64& sender, bool broadcast,
                                      base::Bytes payload) {
    std::vector<std::uint8_t> bytes(payload.size() + 32);
    base::ByteWriter writer(bytes);
    wire::MacFrame::data(0xABCD, ++sequence_, wire::MacAddress::from(sender),
                         broadcast ? wire::MacAddress::broadcast() : wire::MacAddress::from(own),
                         payload)
        .emit(writer);
    bytes.resize(writer.size());
    return bytes;
  }

  static wire::Ipv6Address address(std::uint8_t selector, const wire::Eui64& eui64) {
    if (selector % 2 == 0) return wire::Ipv6Address::link_local_from(eui64);
    return wire::Ipv6Address::from_prefix({{0xAA, 0xAA}}, eui64);
  }

  /// Body: a RPL message (code and content) from a neighbour, or an IPv6 payload by first byte.
  static std::vector<std::uint8_t> rpl_or_raw(const wire::Eui64& sender, std::uint8_t how,
                                              base::Bytes body) {
    std::vector<std::uint8_t> bytes(body.size() + 60);
    base::ByteWriter writer(bytes);
    const bool rpl = how / 4 % 4 == 2;
    const std::uint8_t selector = body.empty() ? std::uint8_t{0} : body[0];
    const auto rest = body.empty() ? body : body.subspan(1);
    const auto source = address(rpl ? std::uint8_t{0} : selector, sender);
    const auto destination = (how & 0x80) != 0 ? wire::all_rpl_nodes
                             : (selector & 0x10) != 0
                                 ? address(1, {{2, 0, 0, 0, 0, 0, 0, 9}})
                                 : address(rpl ? std::uint8_t{0} : selector, own);
    const std::uint8_t protocol = rpl                      ? wire::next_header::icmpv6
                                  : (selector & 0x20) != 0 ? wire::next_header::hop_by_hop
                                                           : wire::next_header::udp;
    wire::emit_ipv6(writer, {.next_header = protocol, .source = source, .destination = destination},
                    [&](base::ByteWriter& out) {
                      if (rpl) {
                        const wire::Icmpv6Message message{
                            .type = wire::icmpv6_type::rpl_control,
                            .code = static_cast<std::uint8_t>(selector & 3),
                            .body = rest};
                        wire::emit_icmpv6(out, source, destination, message);
                      } else {
                        out.bytes(rest);
                      }
                    });
    bytes.resize(writer.size());
    return bytes;
  }

  static std::vector<std::uint8_t> compressed(const wire::Eui64& sender, std::uint8_t how,
                                              base::Bytes datagram) {
    std::vector<std::uint8_t> bytes(datagram.size() + wire::max_compressed_header);
    base::ByteWriter writer(bytes);
    const wire::LinkAddresses link{
        wire::MacAddress::from(sender),
        (how & 0x80) != 0 ? wire::MacAddress::broadcast() : wire::MacAddress::from(own)};
    if (const auto covered = wire::compress_header(datagram, link, {}, writer)) {
      writer.bytes(datagram.subspan(*covered));
    }
    bytes.resize(writer.size());
    return bytes;
  }

  base::ByteReader input_;
  std::uint8_t sequence_ = 0;
};

/// Runs a device until it rests at `now`, sending what it has; a device that does not come to rest
/// is a finding.
template <typename Device>
void drive(Device& device, base::Instant& now) {
  for (int step = 0;; ++step) {
    if (step > 2000) std::abort();
    if (device.next_deadline() <= now) device.advance(now);
    if (const auto out = device.next_transmission(now)) {
      if (out->frame.empty() || out->frame.size() > limits::frame_bytes) std::abort();
      now += base::Duration(2'000);
      device.transmission_done(
          now, step % 7 == 3 ? net::TransmitResult::channel_busy : net::TransmitResult::sent);
    } else if (device.next_deadline() > now) {
      return;
    }
  }
}

/// Every live route's next hop is a known neighbour that counts it.
inline void check_routes(std::span<const net::Neighbour> neighbours,
                         std::span<const net::Route> routes) {
  for (const auto& neighbour : neighbours) {
    if (!neighbour.used) continue;
    const auto count = std::ranges::count_if(routes, [&](const net::Route& route) {
      return route.used && !route.withdrawn && !route.source_routed &&
             route.next_hop == neighbour.eui64;
    });
    if (count != neighbour.routes) std::abort();
  }
}

}  // namespace goldcrest::role::fuzzing
