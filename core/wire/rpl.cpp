// SPDX-License-Identifier: MIT
#include "core/wire/rpl.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::wire {
namespace {

namespace option_type {
constexpr std::uint8_t pad1 = 0;
constexpr std::uint8_t metric_container = 2;
constexpr std::uint8_t dodag_configuration = 4;
constexpr std::uint8_t target = 5;
constexpr std::uint8_t transit_information = 6;
constexpr std::uint8_t solicited_information = 7;
constexpr std::uint8_t prefix_information = 8;
}  // namespace option_type

constexpr std::uint8_t secured_bit = 0x80;  // of the code
constexpr std::size_t address_bits = 128;

std::size_t prefix_bytes(std::uint8_t prefix_length) {
  return (prefix_length + 7u) / 8u;
}

void clear_host_bits(Ipv6Address& address, std::uint8_t prefix_length) {
  for (std::size_t bit = prefix_length; bit < address_bits; ++bit) {
    address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));
  }
}

struct Option {
  std::uint8_t type = option_type::pad1;
  base::Bytes data{};
};

/// One option; Pad1 has no data. On failure the reader is not ok.
Option read_option(base::ByteReader& reader) {
  Option option;
  option.type = reader.u8();
  if (option.type != option_type::pad1) option.data = reader.bytes(reader.u8());
  return option;
}

/// Hands every option to `take(type, data reader)`, which returns an error or nullopt.
template <typename Take>
std::optional<RplError> read_options(base::Bytes options, Take&& take) {
  base::ByteReader reader(options);
  while (reader.remaining() > 0) {
    const auto option = read_option(reader);
    if (!reader.ok()) return RplError::option;
    base::ByteReader data(option.data);
    if (const std::optional<RplError> error = take(option.type, data)) return error;
    if (!data.ok()) return RplError::option;
  }
  return std::nullopt;
}

/// The reader of the message's body, if it is RPL with `code`.
std::expected<base::ByteReader, RplError> open(const Icmpv6Message& message, std::uint8_t code) {
  if (message.type != icmpv6_type::rpl_control) return std::unexpected(RplError::type);
  if ((message.code & secured_bit) != 0) return std::unexpected(RplError::secured);
  if (message.code != code) return std::unexpected(RplError::type);
  return base::ByteReader(message.body);
}

Ipv6Address read_address(base::ByteReader& reader) {
  Ipv6Address address;
  reader.copy_to(address.bytes);
  return address;
}

// DAG metric container: objects of type (8) | reserved:5 P C O R A:3 precedence:4 (16) | length (8)

EtxMetric read_etx(std::uint16_t flags, base::Bytes body) {
  return {.etx = base::load_be16(body.data()),
          .partial = (flags & 0x0400) != 0,
          .constraint = (flags & 0x0200) != 0,
          .optional = (flags & 0x0100) != 0,
          .recorded = (flags & 0x0080) != 0,
          .aggregation = static_cast<std::uint8_t>(flags >> 4 & 7),
          .precedence = static_cast<std::uint8_t>(flags & 15)};
}

void read_metrics(base::ByteReader& reader, std::optional<EtxMetric>& etx) {
  constexpr std::size_t etx_size = 2;
  while (reader.ok() && reader.remaining() > 0) {
    const auto type = reader.u8();
    const auto flags = reader.be16();
    const auto body = reader.bytes(reader.u8());
    if (!reader.ok() || type != EtxMetric::object_type) continue;
    if (body.size() < etx_size) {
      reader.fail();
    } else if (!etx) {
      etx = read_etx(flags, body);
    }
  }
}

void emit_metric_container(base::ByteWriter& writer, const EtxMetric& metric) {
  base::ensure(metric.aggregation <= 7 && metric.precedence <= 15);
  unsigned flags = unsigned{metric.aggregation} << 4 | metric.precedence;
  if (metric.partial) flags |= 0x0400;
  if (metric.constraint) flags |= 0x0200;
  if (metric.optional) flags |= 0x0100;
  if (metric.recorded) flags |= 0x0080;
  constexpr std::uint8_t body_size = 2;
  constexpr std::uint8_t object_size = 4 + body_size;
  writer.u8(option_type::metric_container);
  writer.u8(object_size);
  writer.u8(EtxMetric::object_type);
  writer.be16(static_cast<std::uint16_t>(flags));
  writer.u8(body_size);
  writer.be16(metric.etx);
}

// DODAG configuration: flags:4 A PCS:3 | doublings | min | redundancy | max rank increase (16) |
// min hop rank increase (16) | OCP (16) | reserved | default lifetime | lifetime unit (16)

DodagConfiguration read_configuration(base::ByteReader& reader) {
  DodagConfiguration configuration;
  const auto flags = reader.u8();
  configuration.authentication = (flags & 0x08) != 0;
  configuration.path_control_size = flags & 0x07;
  configuration.interval_doublings = reader.u8();
  configuration.interval_min = reader.u8();
  configuration.redundancy = reader.u8();
  configuration.max_rank_increase = reader.be16();
  configuration.min_hop_rank_increase = reader.be16();
  configuration.objective_code_point = reader.be16();
  reader.skip(1);
  configuration.default_lifetime = reader.u8();
  configuration.lifetime_unit_s = reader.be16();
  return configuration;
}

void emit_configuration(base::ByteWriter& writer, const DodagConfiguration& configuration) {
  base::ensure(configuration.path_control_size <= 7);
  constexpr std::uint8_t size = 14;
  writer.u8(option_type::dodag_configuration);
  writer.u8(size);
  writer.u8(static_cast<std::uint8_t>((configuration.authentication ? 0x08 : 0) |
                                      configuration.path_control_size));
  writer.u8(configuration.interval_doublings);
  writer.u8(configuration.interval_min);
  writer.u8(configuration.redundancy);
  writer.be16(configuration.max_rank_increase);
  writer.be16(configuration.min_hop_rank_increase);
  writer.be16(configuration.objective_code_point);
  writer.u8(0);
  writer.u8(configuration.default_lifetime);
  writer.be16(configuration.lifetime_unit_s);
}

// Prefix information: length | L A R 0:5 | valid (32) | preferred (32) | reserved (32) | prefix

PrefixInformation read_prefix(base::ByteReader& reader) {
  PrefixInformation information;
  information.prefix_length = reader.u8();
  const auto flags = reader.u8();
  information.on_link = (flags & 0x80) != 0;
  information.autonomous = (flags & 0x40) != 0;
  information.router_address = (flags & 0x20) != 0;
  information.valid_lifetime_s = reader.be32();
  information.preferred_lifetime_s = reader.be32();
  reader.skip(4);
  information.prefix = read_address(reader);
  if (information.prefix_length > address_bits) reader.fail();
  return information;
}

void emit_prefix(base::ByteWriter& writer, const PrefixInformation& information) {
  base::ensure(information.prefix_length <= address_bits);
  constexpr std::uint8_t size = 30;
  writer.u8(option_type::prefix_information);
  writer.u8(size);
  writer.u8(information.prefix_length);
  writer.u8(static_cast<std::uint8_t>((information.on_link ? 0x80 : 0) |
                                      (information.autonomous ? 0x40 : 0) |
                                      (information.router_address ? 0x20 : 0)));
  writer.be32(information.valid_lifetime_s);
  writer.be32(information.preferred_lifetime_s);
  writer.be32(0);
  writer.bytes(information.prefix.bytes);
}

// Solicited information: instance | V I D 0:5 | DODAG id | version

SolicitedInformation read_solicited(base::ByteReader& reader) {
  SolicitedInformation information;
  information.instance = reader.u8();
  const auto flags = reader.u8();
  information.version_predicate = (flags & 0x80) != 0;
  information.instance_predicate = (flags & 0x40) != 0;
  information.dodag_predicate = (flags & 0x20) != 0;
  information.dodag_id = read_address(reader);
  information.version = reader.u8();
  return information;
}

void emit_solicited(base::ByteWriter& writer, const SolicitedInformation& information) {
  constexpr std::uint8_t size = 19;
  writer.u8(option_type::solicited_information);
  writer.u8(size);
  writer.u8(information.instance);
  writer.u8(static_cast<std::uint8_t>((information.version_predicate ? 0x80 : 0) |
                                      (information.instance_predicate ? 0x40 : 0) |
                                      (information.dodag_predicate ? 0x20 : 0)));
  writer.bytes(information.dodag_id.bytes);
  writer.u8(information.version);
}

// Target: flags | prefix length | as many bytes of the prefix as that needs

RplTarget read_target(base::ByteReader& reader) {
  RplTarget target;
  reader.skip(1);
  target.prefix_length = reader.u8();
  if (target.prefix_length > address_bits) reader.fail();
  if (!reader.ok()) return {};
  reader.copy_to(base::MutableBytes(target.prefix.bytes).first(prefix_bytes(target.prefix_length)));
  clear_host_bits(target.prefix, target.prefix_length);
  return target;
}

// Transit information: E flags:7 | path control | path sequence | path lifetime | [parent]

TransitInformation read_transit(base::ByteReader& reader) {
  constexpr std::size_t address_size = 16;
  TransitInformation transit;
  transit.external = (reader.u8() & 0x80) != 0;
  transit.path_control = reader.u8();
  transit.path_sequence = reader.u8();
  transit.path_lifetime = reader.u8();
  if (reader.remaining() >= address_size) transit.parent = read_address(reader);
  return transit;
}

/// Every transit information has targets before it and every target transit information behind.
std::optional<RplError> check_dao_options(base::Bytes options) {
  bool any_target = false;
  bool target_waits = false;
  const auto error = read_options(
      options, [&](std::uint8_t type, base::ByteReader& data) -> std::optional<RplError> {
        if (type == option_type::target) {
          (void)read_target(data);
          any_target = true;
          target_waits = true;
        } else if (type == option_type::transit_information) {
          (void)read_transit(data);
          if (!any_target) return RplError::order;
          target_waits = false;
        }
        return std::nullopt;
      });
  if (error) return error;
  if (target_waits) return RplError::order;
  return std::nullopt;
}

}  // namespace

std::string_view describe(RplError error) {
  switch (error) {
    case RplError::truncated:
      return "RPL message shorter than its base object";
    case RplError::type:
      return "not the RPL message expected";
    case RplError::secured:
      return "secured RPL message";
    case RplError::option:
      return "malformed RPL option";
    case RplError::order:
      return "RPL target and transit information not in pairs";
  }
  return "unknown error";
}

std::expected<Dis, RplError> Dis::parse(const Icmpv6Message& message) {
  auto reader = open(message, rpl_code::dis);
  if (!reader) return std::unexpected(reader.error());
  reader->skip(2);
  if (!reader->ok()) return std::unexpected(RplError::truncated);
  Dis dis;
  const auto error = read_options(
      reader->rest(), [&](std::uint8_t type, base::ByteReader& data) -> std::optional<RplError> {
        if (type == option_type::solicited_information) dis.solicited = read_solicited(data);
        return std::nullopt;
      });
  if (error) return std::unexpected(*error);
  return dis;
}

void Dis::emit(base::ByteWriter& writer) const {
  writer.be16(0);
  if (solicited) emit_solicited(writer, *solicited);
}

std::expected<Dio, RplError> Dio::parse(const Icmpv6Message& message) {
  auto reader = open(message, rpl_code::dio);
  if (!reader) return std::unexpected(reader.error());
  Dio dio;
  dio.instance = reader->u8();
  dio.version = reader->u8();
  dio.rank = reader->be16();
  const auto mode = reader->u8();
  dio.grounded = (mode & 0x80) != 0;
  dio.mode_of_operation = mode >> 3 & 7;
  dio.preference = mode & 7;
  dio.dtsn = reader->u8();
  reader->skip(2);
  dio.dodag_id = read_address(*reader);
  if (!reader->ok()) return std::unexpected(RplError::truncated);
  const auto error = read_options(
      reader->rest(), [&](std::uint8_t type, base::ByteReader& data) -> std::optional<RplError> {
        if (type == option_type::metric_container) read_metrics(data, dio.etx);
        if (type == option_type::dodag_configuration) dio.configuration = read_configuration(data);
        if (type == option_type::prefix_information) dio.prefix = read_prefix(data);
        return std::nullopt;
      });
  if (error) return std::unexpected(*error);
  return dio;
}

void Dio::emit(base::ByteWriter& writer) const {
  base::ensure(mode_of_operation <= 7 && preference <= 7);
  writer.u8(instance);
  writer.u8(version);
  writer.be16(rank);
  writer.u8(static_cast<std::uint8_t>((grounded ? 0x80 : 0) | mode_of_operation << 3 | preference));
  writer.u8(dtsn);
  writer.be16(0);
  writer.bytes(dodag_id.bytes);
  if (etx) emit_metric_container(writer, *etx);
  if (configuration) emit_configuration(writer, *configuration);
  if (prefix) emit_prefix(writer, *prefix);
}

std::optional<DaoRoute> DaoRoutes::next() {
  for (;;) {
    while (transit_ && target_ < targets_end_) {
      base::ByteReader reader(options_.subspan(target_));
      const auto option = read_option(reader);
      target_ += reader.position();
      if (option.type != option_type::target) continue;
      base::ByteReader data(option.data);
      return DaoRoute{.target = read_target(data), .transit = *transit_};
    }
    if (!find_transit()) return std::nullopt;
  }
}

/// Goes on to the next transit information; targets on the way there start a new group.
bool DaoRoutes::find_transit() {
  bool new_group = false;
  while (position_ < options_.size()) {
    const auto begin = position_;
    base::ByteReader reader(options_.subspan(begin));
    const auto option = read_option(reader);
    if (!reader.ok()) break;
    position_ += reader.position();
    if (option.type == option_type::target && !new_group) {
      new_group = true;
      targets_begin_ = begin;
    }
    if (option.type == option_type::transit_information) {
      base::ByteReader data(option.data);
      transit_ = read_transit(data);
      targets_end_ = begin;
      target_ = targets_begin_;
      return true;
    }
  }
  transit_.reset();
  position_ = options_.size();
  return false;
}

std::expected<Dao, RplError> Dao::parse(const Icmpv6Message& message) {
  auto reader = open(message, rpl_code::dao);
  if (!reader) return std::unexpected(reader.error());
  Dao dao;
  dao.instance = reader->u8();
  const auto flags = reader->u8();
  dao.ack_requested = (flags & 0x80) != 0;
  reader->skip(1);
  dao.sequence = reader->u8();
  if ((flags & 0x40) != 0) dao.dodag_id = read_address(*reader);
  if (!reader->ok()) return std::unexpected(RplError::truncated);
  dao.options = reader->rest();
  if (const auto error = check_dao_options(dao.options)) return std::unexpected(*error);
  return dao;
}

void Dao::emit(base::ByteWriter& writer) const {
  writer.u8(instance);
  writer.u8(static_cast<std::uint8_t>((ack_requested ? 0x80 : 0) | (dodag_id ? 0x40 : 0)));
  writer.u8(0);
  writer.u8(sequence);
  if (dodag_id) writer.bytes(dodag_id->bytes);
  writer.bytes(options);
}

void RplTarget::emit(base::ByteWriter& writer) const {
  base::ensure(prefix_length <= address_bits);
  const auto size = prefix_bytes(prefix_length);
  writer.u8(option_type::target);
  writer.u8(static_cast<std::uint8_t>(2 + size));
  writer.u8(0);
  writer.u8(prefix_length);
  writer.bytes(base::Bytes(prefix.bytes).first(size));
}

void TransitInformation::emit(base::ByteWriter& writer) const {
  constexpr std::uint8_t size = 4;
  constexpr std::uint8_t size_with_parent = 20;
  writer.u8(option_type::transit_information);
  writer.u8(parent ? size_with_parent : size);
  writer.u8(external ? 0x80 : 0);
  writer.u8(path_control);
  writer.u8(path_sequence);
  writer.u8(path_lifetime);
  if (parent) writer.bytes(parent->bytes);
}

void emit_route(base::ByteWriter& writer, const DaoRoute& route) {
  route.target.emit(writer);
  route.transit.emit(writer);
}

std::expected<DaoAck, RplError> DaoAck::parse(const Icmpv6Message& message) {
  auto reader = open(message, rpl_code::dao_ack);
  if (!reader) return std::unexpected(reader.error());
  DaoAck ack;
  ack.instance = reader->u8();
  const bool with_dodag = (reader->u8() & 0x80) != 0;
  ack.sequence = reader->u8();
  ack.status = reader->u8();
  if (with_dodag) ack.dodag_id = read_address(*reader);
  if (!reader->ok()) return std::unexpected(RplError::truncated);
  const auto error = read_options(
      reader->rest(),
      [](std::uint8_t, base::ByteReader&) -> std::optional<RplError> { return std::nullopt; });
  if (error) return std::unexpected(*error);
  return ack;
}

void DaoAck::emit(base::ByteWriter& writer) const {
  writer.u8(instance);
  writer.u8(dodag_id ? 0x80 : 0);
  writer.u8(sequence);
  writer.u8(status);
  if (dodag_id) writer.bytes(dodag_id->bytes);
}

}  // namespace goldcrest::wire
