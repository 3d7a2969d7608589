// SPDX-License-Identifier: MIT
#include "host/router/dodag_log.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/system/udp_socket.hpp"

namespace goldcrest::router {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint16_t infinite_rank = 0xFFFF;
constexpr double etx_unit = 128.0;

Json event(base::Instant now, std::string_view name) {
  return {{"time_s", static_cast<double>(now.time_since_epoch().count()) / 1e6}, {"event", name}};
}

/// A neighbour that has sent a DAO and no DIO yet has told no rank.
std::string rank_text(std::uint16_t rank) {
  return rank == infinite_rank ? "not known yet" : fmt::format("{}", rank);
}

std::string etx_text(std::uint16_t etx) {
  return fmt::format("{:.2f}", etx / etx_unit);
}

}  // namespace

void DodagLog::dodag_started(base::Instant now, const net::DodagInfo& dodag) {
  if (json_) {
    auto line = event(now, "dodag_started");
    line["dodag"] = system::format(dodag.dodag_id);
    line["instance"] = dodag.instance_id;
    line["version"] = dodag.version;
    return sink_(line.dump());
  }
  sink_(fmt::format("DODAG {} started: instance {}, version {}", system::format(dodag.dodag_id),
                    dodag.instance_id, dodag.version));
}

void DodagLog::version_changed(base::Instant now, std::uint8_t from, std::uint8_t to,
                               std::string_view why) {
  if (json_) {
    auto line = event(now, "version_changed");
    line["from"] = from;
    line["to"] = to;
    line["why"] = why;
    return sink_(line.dump());
  }
  sink_(fmt::format("DODAG version {} -> {}: {}", from, to, why));
}

void DodagLog::route_added(base::Instant now, const wire::Ipv6Address& node,
                           const wire::Ipv6Address& parent, const net::Neighbour* neighbour) {
  if (json_) {
    auto line = event(now, "route_added");
    line["node"] = system::format(node);
    line["parent"] = system::format(parent);
    if (neighbour != nullptr) {
      line["via"] = system::format(wire::Ipv6Address::link_local_from(neighbour->eui64));
      line["rank"] = neighbour->rank == infinite_rank ? Json() : Json(neighbour->rank);
      line["etx"] = neighbour->etx.value() / etx_unit;
    }
    return sink_(line.dump());
  }
  const auto through = neighbour == nullptr
                           ? std::string()
                           : fmt::format(", first hop rank {}, ETX {}", rank_text(neighbour->rank),
                                         etx_text(neighbour->etx.value()));
  sink_(
      fmt::format("{} joined, parent {}{}", system::format(node), system::format(parent), through));
}

void DodagLog::route_removed(base::Instant now, const wire::Ipv6Address& node,
                             std::string_view why) {
  if (json_) {
    auto line = event(now, "route_removed");
    line["node"] = system::format(node);
    line["why"] = why;
    return sink_(line.dump());
  }
  sink_(fmt::format("{} gone: {}", system::format(node), why));
}

void DodagLog::dao_refused(base::Instant now, const wire::Ipv6Address& from, std::string_view why) {
  if (json_) {
    auto line = event(now, "dao_refused");
    line["from"] = system::format(from);
    line["why"] = why;
    return sink_(line.dump());
  }
  sink_(fmt::format("refused a DAO from {}: {}", system::format(from), why));
}

void DodagLog::neighbour_rank(base::Instant now, const wire::Ipv6Address& neighbour,
                              std::uint16_t rank, std::uint16_t etx) {
  if (json_) {
    auto line = event(now, "neighbour_rank");
    line["neighbour"] = system::format(neighbour);
    line["rank"] = rank;
    line["etx"] = etx / etx_unit;
    return sink_(line.dump());
  }
  if (rank == infinite_rank) {
    sink_(fmt::format("neighbour {} left the DODAG", system::format(neighbour)));
  } else {
    sink_(fmt::format("neighbour {} has rank {}, ETX {}", system::format(neighbour), rank,
                      etx_text(etx)));
  }
}

}  // namespace goldcrest::router
