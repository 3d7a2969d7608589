// SPDX-License-Identifier: MIT
// Prints frames with the payloads of a fuzzing corpus (tests/fuzz/differential, IPHC) and what our
// decoder makes of them, for tshark_iphc_corpus to compare with a decoder that is not ours. One
// frame a line, tab-separated:
//
//   frame in hex, file, source, destination, hop limit, traffic class, flow label, next header,
//   payload length
//
// or, where our decoder refuses it, the frame, the file and the reason.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/wire/ieee802154.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/sixlowpan.hpp"

namespace {

using namespace goldcrest;
using Octets = std::vector<std::uint8_t>;

/// Those of the fuzz target, and of tshark_iphc_corpus.
constexpr std::array<wire::AddressContext, 3> contexts{{
    {.identifier = 0, .prefix = {{0xAA, 0xAA}}, .prefix_length = 64},
    {.identifier = 3, .prefix = {{0x20, 0x01, 0x0D, 0xB8, 0, 3}}, .prefix_length = 48},
    {.identifier = 7,
     .prefix = {{0x20, 0x01, 0x0D, 0xB8, 0, 7, 0, 0, 0, 0, 0, 1, 0x50}},
     .prefix_length = 100},
}};

std::string hex(base::Bytes bytes) {
  std::string text;
  for (const auto byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

void print(const std::string& name, const Octets& input) {
  if (input.size() < 4) return;
  const base::Bytes payload = base::Bytes(input).subspan(3);
  const auto source = wire::MacAddress::from({{1, 2, 3, 4, 5, 6, 7, 8}});
  const auto destination = wire::MacAddress::from({{1, 2, 3, 4, 5, 6, 7, 9}});
  Octets frame(payload.size() + 32);
  base::ByteWriter writer(frame);
  wire::MacFrame::data(0xABCD, 1, source, destination, payload).emit(writer);
  frame.resize(writer.size());
  std::array<std::uint8_t, 1280> out{};
  const auto size = wire::decompress(payload, {source, destination}, contexts, out);
  const auto header = wire::Ipv6Header::parse(base::Bytes(out).first(size.value_or(0)));
  if (!header) {
    const auto reason = size ? "no IPv6 header" : std::string(wire::describe(size.error()));
    std::printf("%s\t%s\t%s\n", hex(frame).c_str(), name.c_str(), reason.c_str());
    return;
  }
  std::array<char, 64> from{}, to{};
  const std::string source_text(header->source.format(from));
  const std::string destination_text(header->destination.format(to));
  std::printf("%s\t%s\t%s\t%s\t%u\t%u\t%u\t%u\t%u\n", hex(frame).c_str(), name.c_str(),
              source_text.c_str(), destination_text.c_str(), header->hop_limit,
              header->traffic_class, static_cast<unsigned>(header->flow_label), header->next_header,
              header->payload_length);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: iphc_corpus FOLDER\n");
    return 2;
  }
  for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    print(entry.path().filename(),
          Octets((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
  }
  return 0;
}
