// SPDX-License-Identifier: MIT
// Prints frames in every form our 6LoWPAN encoder has, with what they stand for, for tshark_iphc to
// check with a decoder that is not ours. One frame a line, tab-separated:
//
//   frame in hex, case, source, destination, hop limit, traffic class, flow label, source port,
//   destination port, UDP payload in hex
//
// Later fragments have "-" for everything but the frame and the case: what the whole datagram
// stands for is in the line of its last fragment, where a decoder reports it, and the first one has
// "-" too.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/wire/ieee802154.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/sixlowpan.hpp"
#include "core/wire/udp.hpp"

namespace {

using namespace goldcrest;
using Octets = std::vector<std::uint8_t>;

constexpr wire::Eui64 node{{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}};
constexpr wire::Eui64 root{{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}};
const char* const node_local = "fe80::3736:3938:41a3:6985";
const char* const root_local = "fe80::8a77:6655:4433:2211";
const char* const node_global = "aaaa::3736:3938:41a3:6985";
const char* const root_global = "aaaa::8a77:6655:4433:2211";

enum class Form { iphc, iphc_contexts, iphc_extensions, uncompressed };

struct Case {
  std::string name;
  std::string source = node_local;
  std::string destination = root_local;
  std::uint8_t hop_limit = 64;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;
  std::uint16_t source_port = 5683;
  std::uint16_t destination_port = 5683;
  Form form = Form::iphc;
  bool rpl_option = false;
  bool short_addresses = false;
  std::size_t payload_bytes = 5;
};

[[noreturn]] void fail(const char* what, const std::string& name) {
  std::fprintf(stderr, "iphc_frames: %s in case \"%s\"\n", what, name.c_str());
  std::exit(1);
}

wire::Ipv6Address parse_address(const std::string& text) {
  const auto parsed = wire::Ipv6Address::parse(text);
  if (!parsed) fail("bad address", text);
  return *parsed;
}

std::string hex(base::Bytes bytes) {
  std::string text;
  for (const auto byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

Octets payload_of(const Case& test) {
  Octets payload(test.payload_bytes);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i * 7);
  return payload;
}

Octets datagram_of(const Case& test) {
  const wire::Ipv6Header header{.traffic_class = test.traffic_class,
                                .flow_label = test.flow_label,
                                .next_header = wire::next_header::udp,
                                .hop_limit = test.hop_limit,
                                .source = parse_address(test.source),
                                .destination = parse_address(test.destination)};
  const auto payload = payload_of(test);
  const wire::UdpDatagram udp{.source_port = test.source_port,
                              .destination_port = test.destination_port,
                              .payload = payload};
  Octets plain(1280);
  base::ByteWriter writer(plain);
  wire::emit_ipv6(writer, header,
                  [&](base::ByteWriter& out) { udp.emit(out, header.source, header.destination); });
  plain.resize(writer.size());
  if (!test.rpl_option) return plain;
  Octets with(1280);
  base::ByteWriter inserted(with);
  if (!wire::insert_rpl_option(plain, {.instance = 30, .sender_rank = 299}, inserted)) {
    fail("no RPL option", test.name);
  }
  with.resize(inserted.size());
  return with;
}

std::vector<wire::AddressContext> contexts() {
  return {{.identifier = 0, .prefix = parse_address("aaaa::"), .prefix_length = 64},
          {.identifier = 3, .prefix = parse_address("2001:db8:3::"), .prefix_length = 48},
          {.identifier = 9, .prefix = parse_address("2001:db8:9::1"), .prefix_length = 128}};
}

class Printer {
 public:
  void print(const Case& test) {
    const auto datagram = datagram_of(test);
    const wire::LinkAddresses link = link_of(test);
    Octets buffer(1400);
    base::ByteWriter writer(buffer);
    std::size_t covered = 0;
    if (test.form == Form::uncompressed) {
      writer.u8(0x41);
    } else {
      const auto known = contexts();
      const wire::Compression compression{.contexts = test.form == Form::iphc_contexts
                                                          ? wire::AddressContexts(known)
                                                          : wire::AddressContexts(),
                                          .extension_headers = test.form == Form::iphc_extensions};
      const auto result = wire::compress_header(datagram, link, compression, writer);
      if (!result) fail(std::string(wire::describe(result.error())).c_str(), test.name);
      covered = *result;
    }
    const auto rest = base::Bytes(datagram).subspan(covered);
    constexpr std::size_t room = 96 - 21;
    if (writer.size() + rest.size() <= room) {
      writer.bytes(rest);
      line(test, link, writer.written(), true);
    } else {
      print_fragments(test, link, writer.written(), covered, datagram, room);
    }
  }

 private:
  static wire::LinkAddresses link_of(const Case& test) {
    if (test.short_addresses) {
      return {wire::MacAddress::from_short(0x1234), wire::MacAddress::from_short(0x0001)};
    }
    const bool multicast = parse_address(test.destination).multicast();
    return {wire::MacAddress::from(node),
            multicast ? wire::MacAddress::broadcast() : wire::MacAddress::from(root)};
  }

  void print_fragments(const Case& test, const wire::LinkAddresses& link, base::Bytes header,
                       std::size_t covered, base::Bytes datagram, std::size_t room) {
    ++tag_;
    const auto size = static_cast<std::uint16_t>(datagram.size());
    for (std::size_t offset = 0; offset < datagram.size();) {
      const bool first = offset == 0;
      const wire::FragmentHeader fragment{.first = first,
                                          .datagram_size = size,
                                          .datagram_tag = tag_,
                                          .datagram_offset = static_cast<std::uint16_t>(offset)};
      Octets buffer(200);
      base::ByteWriter writer(buffer);
      fragment.emit(writer);
      if (first) {
        writer.bytes(header);
        offset = covered;
      }
      auto end = (offset + room - writer.size()) / 8 * 8;
      if (end > datagram.size()) end = datagram.size();
      writer.bytes(datagram.subspan(offset, end - offset));
      offset = end;
      line(test, link, writer.written(), offset == datagram.size());
    }
  }

  void line(const Case& test, const wire::LinkAddresses& link, base::Bytes payload, bool whole) {
    const auto frame =
        wire::MacFrame::data(0xABCD, sequence_++, link.source, link.destination, payload);
    Octets buffer(200);
    base::ByteWriter writer(buffer);
    frame.emit(writer);
    if (!writer.ok()) fail("frame too long", test.name);
    const auto octets = hex(writer.written());
    if (!whole) {
      std::printf("%s\t%s\t-\t-\t-\t-\t-\t-\t-\t-\n", octets.c_str(), test.name.c_str());
      return;
    }
    std::printf("%s\t%s\t%s\t%s\t%u\t%u\t%u\t%u\t%u\t%s\n", octets.c_str(), test.name.c_str(),
                test.source.c_str(), test.destination.c_str(), unsigned{test.hop_limit},
                unsigned{test.traffic_class}, test.flow_label, unsigned{test.source_port},
                unsigned{test.destination_port}, hex(payload_of(test)).c_str());
  }

  std::uint8_t sequence_ = 0;
  std::uint16_t tag_ = 0;
};

std::vector<Case> address_cases() {
  return {
      {.name = "link-local, elided"},
      {.name = "link-local, 64 bits", .source = "fe80::1:2:3:4", .destination = "fe80::5:6:7:8"},
      {.name = "link-local, 16 bits",
       .source = "fe80::ff:fe00:abcd",
       .destination = "fe80::ff:fe00:2"},
      {.name = "link-local, short addresses elided",
       .source = "fe80::ff:fe00:1234",
       .destination = "fe80::ff:fe00:1",
       .short_addresses = true},
      {.name = "global, inline", .source = node_global, .destination = "::ffff:192.168.1.64"},
      {.name = "unspecified source", .source = "::", .destination = "ff02::1"},
      {.name = "multicast, 8 bits", .destination = "ff02::1a"},
      {.name = "multicast, 32 bits", .destination = "ff05::1:3"},
      {.name = "multicast, 48 bits", .destination = "ff02::1:ff41:a369"},
      {.name = "multicast, inline", .destination = "ff02:1::1"},
      {.name = "context 0, elided",
       .source = node_global,
       .destination = root_global,
       .form = Form::iphc_contexts},
      {.name = "context 0, 64 and 16 bits",
       .source = "aaaa::1:2:3:4",
       .destination = "aaaa::ff:fe00:7",
       .form = Form::iphc_contexts},
      {.name = "context 0 and link-local",
       .source = "aaaa::ff:fe00:1234",
       .destination = "fe80::ff:fe00:1",
       .form = Form::iphc_contexts,
       .short_addresses = true},
      {.name = "contexts 3 and 0",
       .source = "2001:db8:3::3736:3938:41a3:6985",
       .destination = root_global,
       .form = Form::iphc_contexts},
      {.name = "contexts 3 and 9",
       .source = "2001:db8:3::ff:fe00:9",
       .destination = "2001:db8:9::1",
       .form = Form::iphc_contexts},
      {.name = "multicast, context 0",
       .source = node_global,
       .destination = "ff3e:40:aaaa::1234",
       .form = Form::iphc_contexts},
      {.name = "multicast, context 3",
       .destination = "ff3e:130:2001:db8:3::1",
       .form = Form::iphc_contexts},
  };
}

std::vector<Case> header_cases() {
  return {
      {.name = "hop limit 1", .hop_limit = 1},
      {.name = "hop limit 255", .hop_limit = 255},
      {.name = "hop limit inline", .hop_limit = 63},
      {.name = "traffic class only", .traffic_class = 0xB9},
      {.name = "ECN and flow label", .traffic_class = 0x01, .flow_label = 0x12345},
      {.name = "traffic class and flow label", .traffic_class = 0xB9, .flow_label = 0xABCDE},
      {.name = "ports, destination short", .destination_port = 0xF0B1},
      {.name = "ports, source short", .source_port = 0xF001},
      {.name = "ports, nibbles", .source_port = 0xF0B2, .destination_port = 0xF0BF},
      {.name = "no payload", .payload_bytes = 0},
      {.name = "uncompressed IPv6", .form = Form::uncompressed},
      {.name = "hop-by-hop inline", .source = node_global, .rpl_option = true},
      {.name = "hop-by-hop compressed",
       .source = node_global,
       .form = Form::iphc_extensions,
       .rpl_option = true},
      {.name = "two fragments", .payload_bytes = 90},
      {.name = "fragments, hop-by-hop inline",
       .source = node_global,
       .destination = "::ffff:192.168.1.64",
       .rpl_option = true,
       .payload_bytes = 44},
      {.name = "fragments, everything compressed",
       .source = node_global,
       .destination = root_global,
       .form = Form::iphc_contexts,
       .payload_bytes = 300},
      {.name = "fragments, uncompressed IPv6", .form = Form::uncompressed, .payload_bytes = 100},
      {.name = "as many fragments as fit", .payload_bytes = 1280 - 48},
  };
}

}  // namespace

int main() {
  Printer printer;
  for (const auto& test : address_cases()) printer.print(test);
  for (const auto& test : header_cases()) printer.print(test);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
