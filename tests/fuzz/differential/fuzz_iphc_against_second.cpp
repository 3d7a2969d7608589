// SPDX-License-Identifier: MIT
// Any payload, to our decompressor and to a second one written from the RFC alone
// (iphc_decoder.hpp), as a whole datagram and as a first fragment: both refuse it, or both make the
// same bytes of it. What our compressor makes of the datagram is read by the second decoder as that
// datagram. Byte 0 chooses link addresses and compression, bytes 1 and 2 are a fragment's size.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/wire/sixlowpan.hpp"
#include "tests/fuzz/differential/iphc_decoder.hpp"

using namespace goldcrest;

namespace {

constexpr std::array<wire::AddressContext, 3> contexts{{
    {.identifier = 0, .prefix = {{0xAA, 0xAA}}, .prefix_length = 64},
    {.identifier = 3, .prefix = {{0x20, 0x01, 0x0D, 0xB8, 0, 3}}, .prefix_length = 48},
    {.identifier = 7,
     .prefix = {{0x20, 0x01, 0x0D, 0xB8, 0, 7, 0, 0, 0, 0, 0, 1, 0x50}},
     .prefix_length = 100},
}};
const std::vector<iphc::Context> second_contexts{
    {0, {0xAA, 0xAA}, 64},
    {3, {0x20, 0x01, 0x0D, 0xB8, 0, 3}, 48},
    {7, {0x20, 0x01, 0x0D, 0xB8, 0, 7, 0, 0, 0, 0, 0, 1, 0x50}, 100}};

// Appendix A of RFC 4291, and section 3.2.2 of RFC 6282.
constexpr iphc::Identifier of_eui64{3, 2, 3, 4, 5, 6, 7, 8};
constexpr iphc::Identifier of_short{0, 0, 0, 0xFF, 0xFE, 0, 0x12, 0x34};

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "the second decoder and ours differ in: %s\n", what);
  std::abort();
}

void compare(const std::expected<std::size_t, wire::SixlowpanError>& ours, base::Bytes bytes,
             const std::optional<iphc::Octets>& theirs) {
  if (!ours) return expect(!theirs, "acceptance: the second takes it");
  expect(theirs.has_value(), "acceptance: we take it");
  expect(std::ranges::equal(bytes.first(*ours), *theirs), "the datagram");
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
  const iphc::Link second_link{(choice & 1) != 0 ? of_eui64 : of_short,
                               (choice & 2) != 0 ? std::optional(of_eui64) : std::nullopt};

  std::array<std::uint8_t, 1280> out{};
  const auto part = wire::decompress_first_fragment(payload, datagram_size, link, contexts, out);
  compare(part, out, iphc::decode(payload, second_link, second_contexts, datagram_size));
  const auto whole = wire::decompress(payload, link, contexts, out);
  compare(whole, out, iphc::decode(payload, second_link, second_contexts));
  if (!whole) return 0;

  const auto datagram = base::Bytes(out).first(*whole);
  std::array<std::uint8_t, wire::max_compressed_header + 1280> compressed{};
  base::ByteWriter writer(compressed);
  const wire::Compression compression{
      .contexts = (choice & 4) != 0 ? wire::AddressContexts(contexts) : wire::AddressContexts(),
      .extension_headers = (choice & 8) != 0};
  const auto covered = wire::compress_header(datagram, link, compression, writer);
  if (!covered) return 0;
  writer.bytes(datagram.subspan(*covered));
  const auto again = iphc::decode(writer.written(), second_link, second_contexts);
  expect(again && std::ranges::equal(*again, datagram), "what our compressor makes");
  return 0;
}
