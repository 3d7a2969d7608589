// SPDX-License-Identifier: MIT
#include "core/wire/ipv6.hpp"

#include <algorithm>

namespace goldcrest::wire {
namespace {

constexpr std::uint8_t option_pad1 = 0;
constexpr std::uint8_t option_padn = 1;

// ICMPv6 parameter problem codes (RFC 4443 section 3.4).
constexpr std::uint8_t code_field = 0;
constexpr std::uint8_t code_next_header = 1;
constexpr std::uint8_t code_option = 2;

ExtensionProblem silent(Ipv6Error error) {
  return {.error = error};
}

/// The bytes of one datagram that belong to it, and the reports it may cause.
class Datagram {
 public:
  static std::expected<Datagram, Ipv6Error> parse(base::Bytes bytes) {
    const auto header = Ipv6Header::parse(bytes);
    if (!header) return std::unexpected(header.error());
    return Datagram(bytes.first(Ipv6Header::size + header->payload_length), *header);
  }

  base::Bytes bytes() const { return bytes_; }
  const Ipv6Header& header() const { return header_; }

  ExtensionProblem problem(Ipv6Error error, std::uint8_t code, std::size_t pointer) const {
    return {.error = error,
            .report = !header_.destination.multicast(),
            .code = code,
            .pointer = static_cast<std::uint32_t>(pointer)};
  }

  /// RFC 8200 section 4.2: the two highest bits of an option type say what to do without it.
  std::optional<ExtensionProblem> unknown_option(std::size_t offset) const {
    enum : unsigned { skip = 0, drop = 1, report_always = 2, report_unicast = 3 };
    const unsigned action = bytes_[offset] >> 6;
    if (action == skip) return std::nullopt;
    auto result = problem(Ipv6Error::unknown_option, code_option, offset);
    if (action == drop) result.report = false;
    if (action == report_always) result.report = true;
    return result;
  }

  /// Length in bytes of the extension header at `offset`, once that many bytes are known to be
  /// there.
  std::expected<std::size_t, ExtensionProblem> extension_size(std::size_t offset) const {
    if (bytes_.size() < offset + 8) return std::unexpected(silent(Ipv6Error::extension_length));
    const std::size_t size = 8u * (bytes_[offset + 1] + 1u);
    if (bytes_.size() - offset < size) return std::unexpected(silent(Ipv6Error::extension_length));
    return size;
  }

 private:
  Datagram(base::Bytes bytes, const Ipv6Header& header) : bytes_(bytes), header_(header) {}

  base::Bytes bytes_;
  Ipv6Header header_;
};

bool is_rpl_option(std::uint8_t type) {
  return type == RplOption::type_rfc6553 || type == RplOption::type_rfc9008;
}

/// What the options of one header held.
struct Options {
  std::optional<RplOptionPlace> rpl{};
  bool others = false;  ///< anything but padding and the RPL option
};

/// Reads the options in [begin, end). The RPL option has a meaning in hop-by-hop headers only.
std::expected<Options, ExtensionProblem> read_options(const Datagram& datagram, std::size_t begin,
                                                      std::size_t end, bool hop_by_hop) {
  Options options;
  const auto bytes = datagram.bytes();
  for (std::size_t offset = begin; offset < end;) {
    const auto type = bytes[offset];
    if (type == option_pad1) {
      ++offset;
      continue;
    }
    if (end - offset < 2 || end - offset - 2 < bytes[offset + 1]) {
      return std::unexpected(datagram.problem(Ipv6Error::extension_length, code_field, offset));
    }
    const auto data = bytes.subspan(offset + 2, bytes[offset + 1]);
    if (hop_by_hop && is_rpl_option(type)) {
      if (data.size() < RplOption::size - 2) {
        return std::unexpected(
            datagram.problem(Ipv6Error::extension_length, code_field, offset + 1));
      }
      if (options.rpl) options.others = true;
      if (!options.rpl) options.rpl = {RplOption::from_data(type, data), offset};
    } else if (type != option_padn) {
      if (const auto problem = datagram.unknown_option(offset)) return std::unexpected(*problem);
      options.others = true;
    }
    offset += 2 + data.size();
  }
  return options;
}

struct FirstHeader {
  HopByHop header{};
  bool removable = false;  ///< nothing in it but a RPL option and padding
};

/// The hop-by-hop header, known to be there.
std::expected<FirstHeader, ExtensionProblem> read_hop_by_hop(const Datagram& datagram) {
  constexpr auto begin = Ipv6Header::size;
  const auto size = datagram.extension_size(begin);
  if (!size) return std::unexpected(size.error());
  const auto options = read_options(datagram, begin + 2, begin + *size, true);
  if (!options) return std::unexpected(options.error());
  return FirstHeader{{*size, datagram.bytes()[begin], options->rpl}, !options->others};
}

/// The chain of extension headers as far as it has been walked.
class ChainWalk {
 public:
  explicit ChainWalk(const Datagram& datagram)
      : datagram_(datagram), next_(datagram.header().next_header) {}

  /// True when a header was passed over, false when an upper layer is reached.
  std::expected<bool, ExtensionProblem> step() {
    switch (next_) {
      case next_header::hop_by_hop:
        return pass_options(true);
      case next_header::destination_options:
        return pass_options(false);
      case next_header::routing:
        return pass_routing();
      case next_header::fragment:
        return pass_fragment();
      default:
        return false;
    }
  }

  UpperLayer upper_layer() const {
    return {.protocol = next_,
            .payload = datagram_.bytes().subspan(offset_),
            .protocol_offset = next_offset_,
            .rpl = rpl_};
  }

 private:
  std::expected<bool, ExtensionProblem> pass_options(bool hop_by_hop) {
    if (hop_by_hop && offset_ != Ipv6Header::size) {
      return std::unexpected(
          datagram_.problem(Ipv6Error::unknown_next_header, code_next_header, next_offset_));
    }
    const auto size = datagram_.extension_size(offset_);
    if (!size) return std::unexpected(size.error());
    const auto options = read_options(datagram_, offset_ + 2, offset_ + *size, hop_by_hop);
    if (!options) return std::unexpected(options.error());
    if (options->rpl) rpl_ = options->rpl;
    return pass(*size);
  }

  std::expected<bool, ExtensionProblem> pass_routing() {
    const auto size = datagram_.extension_size(offset_);
    if (!size) return std::unexpected(size.error());
    const auto segments_left = datagram_.bytes()[offset_ + 3];
    if (segments_left != 0) {
      return std::unexpected(datagram_.problem(Ipv6Error::routing_header, code_field, offset_ + 2));
    }
    return pass(*size);
  }

  std::expected<bool, ExtensionProblem> pass_fragment() {
    constexpr std::size_t size = 8;
    const auto bytes = datagram_.bytes();
    if (bytes.size() - offset_ < size) {
      return std::unexpected(silent(Ipv6Error::extension_length));
    }
    constexpr unsigned reserved_bits = 0x0006;
    const unsigned offset_and_more = base::load_be16(bytes.data() + offset_ + 2) & ~reserved_bits;
    if (offset_and_more != 0) return std::unexpected(silent(Ipv6Error::fragmented));
    return pass(size);
  }

  bool pass(std::size_t size) {
    next_ = datagram_.bytes()[offset_];
    next_offset_ = offset_;
    offset_ += size;
    return true;
  }

  const Datagram& datagram_;
  std::uint8_t next_;
  std::size_t next_offset_ = Ipv6Header::next_header_offset;
  std::size_t offset_ = Ipv6Header::size;
  std::optional<RplOptionPlace> rpl_{};
};

void copy_with_rpl_option(const Datagram& datagram, const RplOption& option,
                          base::ByteWriter& out) {
  constexpr std::uint8_t length_in_units = RplOption::hop_by_hop_size / 8 - 1;
  auto header = datagram.header();
  const auto protocol = header.next_header;
  header.next_header = next_header::hop_by_hop;
  header.payload_length =
      static_cast<std::uint16_t>(header.payload_length + RplOption::hop_by_hop_size);
  header.emit(out);
  out.u8(protocol);
  out.u8(length_in_units);
  option.emit(out);
  out.bytes(datagram.bytes().subspan(Ipv6Header::size));
}

}  // namespace

std::string_view describe(Ipv6Error error) {
  switch (error) {
    case Ipv6Error::truncated:
      return "shorter than an IPv6 header or than its payload length says";
    case Ipv6Error::version:
      return "IP version other than 6";
    case Ipv6Error::extension_length:
      return "extension header or option beyond its end";
    case Ipv6Error::unknown_option:
      return "unknown option that demands the packet be dropped";
    case Ipv6Error::unknown_next_header:
      return "hop-by-hop options not directly after the header";
    case Ipv6Error::routing_header:
      return "unknown routing header with segments left";
    case Ipv6Error::fragmented:
      return "fragment of an IPv6 packet";
  }
  return "unknown error";
}

std::expected<Ipv6Header, Ipv6Error> Ipv6Header::parse(base::Bytes datagram) {
  base::ByteReader reader(datagram);
  const auto first = reader.be32();
  Ipv6Header header;
  header.traffic_class = static_cast<std::uint8_t>(first >> 20);
  header.flow_label = first & 0xFFFFF;
  header.payload_length = reader.be16();
  header.next_header = reader.u8();
  header.hop_limit = reader.u8();
  reader.copy_to(header.source.bytes);
  reader.copy_to(header.destination.bytes);
  if (!reader.ok()) return std::unexpected(Ipv6Error::truncated);
  if (first >> 28 != 6) return std::unexpected(Ipv6Error::version);
  if (reader.remaining() < header.payload_length) return std::unexpected(Ipv6Error::truncated);
  return header;
}

void Ipv6Header::emit(base::ByteWriter& writer) const {
  writer.be32(0x60000000u | std::uint32_t{traffic_class} << 20 | (flow_label & 0xFFFFF));
  writer.be16(payload_length);
  writer.u8(next_header);
  writer.u8(hop_limit);
  writer.bytes(source.bytes);
  writer.bytes(destination.bytes);
}

std::expected<std::optional<HopByHop>, ExtensionProblem> hop_by_hop(base::Bytes bytes) {
  const auto datagram = Datagram::parse(bytes);
  if (!datagram) return std::unexpected(silent(datagram.error()));
  if (datagram->header().next_header != next_header::hop_by_hop) return std::nullopt;
  const auto first = read_hop_by_hop(*datagram);
  if (!first) return std::unexpected(first.error());
  return first->header;
}

std::expected<UpperLayer, ExtensionProblem> upper_layer(base::Bytes bytes) {
  const auto datagram = Datagram::parse(bytes);
  if (!datagram) return std::unexpected(silent(datagram.error()));
  ChainWalk walk(*datagram);
  for (;;) {
    const auto passed = walk.step();
    if (!passed) return std::unexpected(passed.error());
    if (!*passed) return walk.upper_layer();
  }
}

bool insert_rpl_option(base::Bytes bytes, const RplOption& option, base::ByteWriter& out) {
  const auto datagram = Datagram::parse(bytes);
  if (!datagram) return false;
  if (datagram->header().next_header != next_header::hop_by_hop) {
    if (datagram->header().payload_length > 0xFFFF - RplOption::hop_by_hop_size) return false;
    if (out.remaining() < datagram->bytes().size() + RplOption::hop_by_hop_size) return false;
    copy_with_rpl_option(*datagram, option, out);
    return true;
  }
  const auto first = read_hop_by_hop(*datagram);
  if (!first || !first->header.rpl || out.remaining() < datagram->bytes().size()) return false;
  auto copy = out.reserve(datagram->bytes().size());
  std::copy(datagram->bytes().begin(), datagram->bytes().end(), copy.begin());
  option.store(copy.subspan(first->header.rpl->offset));
  return true;
}

bool remove_rpl_option(base::Bytes bytes, base::ByteWriter& out) {
  const auto datagram = Datagram::parse(bytes);
  if (!datagram || out.remaining() < datagram->bytes().size()) return false;
  if (datagram->header().next_header != next_header::hop_by_hop) {
    out.bytes(datagram->bytes());
    return true;
  }
  const auto first = read_hop_by_hop(*datagram);
  if (!first) return false;
  if (!first->removable) {
    out.bytes(datagram->bytes());
    return true;
  }
  auto header = datagram->header();
  header.next_header = first->header.next_header;
  header.payload_length = static_cast<std::uint16_t>(header.payload_length - first->header.size);
  header.emit(out);
  out.bytes(datagram->bytes().subspan(Ipv6Header::size + first->header.size));
  return true;
}

}  // namespace goldcrest::wire
