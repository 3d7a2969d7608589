// SPDX-License-Identifier: MIT
// RPL control messages (RFC 6550 section 6) with the ETX metric of RFC 6551: bodies of ICMPv6
// messages of type 155. Secured variants (code bit 7) are refused.
//
//   DIS (0)      flags (8) | reserved (8) | options
//   DIO (1)      instance (8) | version (8) | rank (16)
//                G|0|MOP:3|Prf:3 (8) | DTSN (8) | flags (8) | reserved (8) | DODAG id (128) |
//                options
//   DAO (2)      instance (8) | K|D|flags:6 (8) | reserved (8) | sequence (8)
//                [DODAG id (128) if D] | options
//   DAO-ACK (3)  instance (8) | D|reserved:7 (8) | sequence (8) | status (8)
//                [DODAG id (128) if D] | options
//
//   options      Pad1: 0x00. All others: type (8) | length (8) | data
//     1 PadN     2 DAG metric container     4 DODAG configuration     5 RPL target
//     6 transit information     7 solicited information     8 prefix information
//
// Options not listed are skipped. An option of a known type that is too short refuses the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"
#include "core/wire/icmpv6.hpp"

namespace goldcrest::wire {

enum class RplError : std::uint8_t {
  truncated,  ///< shorter than the base object
  type,       ///< not RPL, or not the message that was asked for
  secured,    ///< a secured variant
  option,     ///< an option beyond the end or too short for its type
  order,      ///< transit information before any target, or a target without any
};
std::string_view describe(RplError error);

namespace rpl_code {
inline constexpr std::uint8_t dis = 0;
inline constexpr std::uint8_t dio = 1;
inline constexpr std::uint8_t dao = 2;
inline constexpr std::uint8_t dao_ack = 3;
}  // namespace rpl_code

/// An ETX metric object of a DAG metric container (RFC 6551 section 4.3.2).
struct EtxMetric {
  std::uint16_t etx = 0;         ///< expected transmissions × 128 along the path
  bool partial = false;          ///< P: some nodes could not record it
  bool constraint = false;       ///< C: a constraint, not a metric
  bool optional = false;         ///< O: a constraint that is only optional
  bool recorded = false;         ///< R: recorded hop by hop instead of aggregated
  std::uint8_t aggregation = 0;  ///< A: 0 additive, 1 maximum, 2 minimum, 3 multiplicative
  std::uint8_t precedence = 0;   ///< 0 is the highest

  static constexpr std::uint8_t object_type = 7;

  friend bool operator==(const EtxMetric&, const EtxMetric&) = default;
};

struct DodagConfiguration {
  bool authentication = false;          ///< A
  std::uint8_t path_control_size = 0;   ///< PCS, 3 bits
  std::uint8_t interval_doublings = 0;  ///< DIOIntervalDoublings
  std::uint8_t interval_min = 0;        ///< DIOIntervalMin: the shortest interval is 2^this ms
  std::uint8_t redundancy = 0;          ///< DIORedundancyConstant; 0 means never suppress
  std::uint16_t max_rank_increase = 0;
  std::uint16_t min_hop_rank_increase = 0;
  std::uint16_t objective_code_point = 0;  ///< 0: OF0 (RFC 6552), 1: MRHOF (RFC 6719)
  std::uint8_t default_lifetime = 0;       ///< in lifetime units; 0xFF is infinite
  std::uint16_t lifetime_unit_s = 0;

  friend bool operator==(const DodagConfiguration&, const DodagConfiguration&) = default;
};

/// The same as in router advertisements (RFC 4861 section 4.6.2) with RFC 6275's R flag.
struct PrefixInformation {
  std::uint8_t prefix_length = 0;  ///< 0–128
  bool on_link = false;            ///< L
  bool autonomous = false;         ///< A: nodes make addresses of it
  bool router_address = false;     ///< R: `prefix` is the sender's whole address
  std::uint32_t valid_lifetime_s = 0;
  std::uint32_t preferred_lifetime_s = 0;
  Ipv6Address prefix{};

  friend bool operator==(const PrefixInformation&, const PrefixInformation&) = default;
};

struct SolicitedInformation {
  std::uint8_t instance = 0;
  bool version_predicate = false;   ///< V: answer only if `version` matches
  bool instance_predicate = false;  ///< I: answer only if `instance` matches
  bool dodag_predicate = false;     ///< D: answer only if `dodag_id` matches
  Ipv6Address dodag_id{};
  std::uint8_t version = 0;

  friend bool operator==(const SolicitedInformation&, const SolicitedInformation&) = default;
};

struct RplTarget {
  std::uint8_t prefix_length = 128;  ///< 0–128
  Ipv6Address prefix{};              ///< bits beyond prefix_length are zero

  void emit(base::ByteWriter& writer) const;
  friend bool operator==(const RplTarget&, const RplTarget&) = default;
};

struct TransitInformation {
  bool external = false;  ///< E
  std::uint8_t path_control = 0;
  std::uint8_t path_sequence = 0;
  std::uint8_t path_lifetime = 0;       ///< in lifetime units; 0 is "no path", 0xFF infinite
  std::optional<Ipv6Address> parent{};  ///< in non-storing mode

  static constexpr std::uint8_t no_path = 0;

  void emit(base::ByteWriter& writer) const;
  friend bool operator==(const TransitInformation&, const TransitInformation&) = default;
};

/// DODAG information solicitation.
struct Dis {
  std::optional<SolicitedInformation> solicited{};

  static std::expected<Dis, RplError> parse(const Icmpv6Message& message);
  constexpr std::uint8_t icmpv6_type() const { return icmpv6_type::rpl_control; }
  constexpr std::uint8_t icmpv6_code() const { return rpl_code::dis; }
  void emit(base::ByteWriter& writer) const;
};

/// Modes of operation, RFC 6550 section 20.3.
namespace rpl_mode {
inline constexpr std::uint8_t no_downward_routes = 0;
inline constexpr std::uint8_t non_storing = 1;
inline constexpr std::uint8_t storing = 2;
inline constexpr std::uint8_t storing_multicast = 3;
}  // namespace rpl_mode

/// DODAG information object. emit() writes the options in the order metric, configuration, prefix,
/// as Contiki does.
struct Dio {
  std::uint8_t instance = 0;
  std::uint8_t version = 0;
  std::uint16_t rank = 0;
  bool grounded = false;
  std::uint8_t mode_of_operation = rpl_mode::storing;  ///< 3 bits
  std::uint8_t preference = 0;                         ///< 3 bits, 7 is most preferred
  std::uint8_t dtsn = 0;                               ///< destination advertisement trigger
  Ipv6Address dodag_id{};
  std::optional<EtxMetric> etx{};  ///< the first ETX object of the first metric container
  std::optional<DodagConfiguration> configuration{};
  std::optional<PrefixInformation> prefix{};

  static constexpr std::uint16_t infinite_rank = 0xFFFF;

  static std::expected<Dio, RplError> parse(const Icmpv6Message& message);
  constexpr std::uint8_t icmpv6_type() const { return icmpv6_type::rpl_control; }
  constexpr std::uint8_t icmpv6_code() const { return rpl_code::dio; }
  void emit(base::ByteWriter& writer) const;
};

/// One target with one transit information that applies to it.
struct DaoRoute {
  RplTarget target{};
  TransitInformation transit{};

  friend bool operator==(const DaoRoute&, const DaoRoute&) = default;
};

/// Yields every (target, transit) pair of checked DAO options: targets in a row share the transit
/// informations that follow them (RFC 6550 section 6.7.8).
class DaoRoutes {
 public:
  explicit DaoRoutes(base::Bytes options) : options_(options) {}
  /// nullopt when there are no more.
  std::optional<DaoRoute> next();

 private:
  bool find_transit();

  base::Bytes options_;
  std::size_t position_ = 0;       // behind the transit information being paired
  std::size_t targets_begin_ = 0;  // where the targets it applies to are, maybe among others
  std::size_t targets_end_ = 0;
  std::size_t target_ = 0;  // the next of them
  std::optional<TransitInformation> transit_;
};

/// Destination advertisement object. `options` is a checked view; build it with RplTarget::emit and
/// TransitInformation::emit, or see DaoRoute's emit_route().
struct Dao {
  std::uint8_t instance = 0;
  bool ack_requested = false;  ///< K
  std::uint8_t sequence = 0;
  std::optional<Ipv6Address> dodag_id{};  ///< D; must be present for local instances
  base::Bytes options{};

  DaoRoutes routes() const { return DaoRoutes(options); }

  static std::expected<Dao, RplError> parse(const Icmpv6Message& message);
  constexpr std::uint8_t icmpv6_type() const { return icmpv6_type::rpl_control; }
  constexpr std::uint8_t icmpv6_code() const { return rpl_code::dao; }
  void emit(base::ByteWriter& writer) const;
};

/// Target and transit information, one after the other.
void emit_route(base::ByteWriter& writer, const DaoRoute& route);

struct DaoAck {
  std::uint8_t instance = 0;
  std::uint8_t sequence = 0;  ///< of the DAO
  std::uint8_t status = 0;    ///< 0 accepted, 1–127 accepted unwillingly, 128–255 rejected
  std::optional<Ipv6Address> dodag_id{};

  static std::expected<DaoAck, RplError> parse(const Icmpv6Message& message);
  constexpr bool rejected() const { return status >= 128; }
  constexpr std::uint8_t icmpv6_type() const { return icmpv6_type::rpl_control; }
  constexpr std::uint8_t icmpv6_code() const { return rpl_code::dao_ack; }
  void emit(base::ByteWriter& writer) const;
};

}  // namespace goldcrest::wire
