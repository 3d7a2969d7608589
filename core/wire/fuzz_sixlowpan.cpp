// SPDX-License-Identifier: MIT
// libFuzzer target: any payload is survived, as a whole and as a first fragment; a datagram that
// comes out goes through compress_header() and decompress() unchanged. Byte 0 chooses link
// addresses and compression.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/wire/ipv6.hpp"
#include "core/wire/sixlowpan.hpp"

namespace {

using namespace goldcrest;

constexpr std::array<wire::AddressContext, 2> contexts{{
    {.identifier = 0, .prefix = {{0xAA, 0xAA}}, .prefix_length = 64},
    {.identifier = 7, .prefix = {{0x20, 0x01, 0x0D, 0xB8}}, .prefix_length = 100},
}};

void check_round_trip(base::Bytes datagram, const wire::LinkAddresses& link,
                      const wire::Compression& compression) {
  std::array<std::uint8_t, wire::max_compressed_header + 1280> payload{};
  std::array<std::uint8_t, 1280> out{};
  base::ByteWriter writer(payload);
  const auto covered = wire::compress_header(datagram, link, compression, writer);
  if (!covered) {
    const auto header = wire::Ipv6Header::parse(datagram);
    const bool whole = header && wire::Ipv6Header::size + header->payload_length == datagram.size();
    if (whole) std::abort();
    return;
  }
  if (writer.size() > wire::max_compressed_header) std::abort();
  writer.bytes(datagram.subspan(*covered));
  const auto size = wire::decompress(writer.written(), link, contexts, out);
  if (!size || !std::equal(datagram.begin(), datagram.end(), out.begin(),
                           out.begin() + static_cast<std::ptrdiff_t>(*size))) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const unsigned choice = data[0];
  const auto datagram_size = base::load_be16(data + 1);
  const base::Bytes payload(data + 3, size - 3);
  const auto eui64 = wire::MacAddress::from({{1, 2, 3, 4, 5, 6, 7, 8}});
  const wire::LinkAddresses link{(choice & 1) != 0 ? eui64 : wire::MacAddress::from_short(0x1234),
                                 (choice & 2) != 0 ? eui64 : wire::MacAddress::broadcast()};
  std::array<std::uint8_t, 1280> out{};
  if (const auto header = wire::FragmentHeader::parse(payload)) {
    if (header->size() > payload.size()) std::abort();
  }
  const auto part = wire::decompress_first_fragment(payload, datagram_size, link, contexts, out);
  if (part && *part > datagram_size) std::abort();
  const auto whole = wire::decompress(payload, link, contexts, out);
  if (!whole) return 0;
  const wire::Compression compression{
      .contexts = (choice & 4) != 0 ? wire::AddressContexts(contexts) : wire::AddressContexts(),
      .extension_headers = (choice & 8) != 0};
  check_round_trip(base::Bytes(out).first(*whole), link, compression);
  return 0;
}
