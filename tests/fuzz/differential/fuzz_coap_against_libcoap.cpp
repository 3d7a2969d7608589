// SPDX-License-Identifier: MIT
// Any datagram, to our CoAP parser and to libcoap's: both refuse it, or both take it and agree on
// type, code, message id, token, every option and the payload. What our encoder makes of it then is
// read by libcoap as the same message.
//
// Differences that are allowed, each no further than it goes:
// * libcoap refuses options of a length that their definition rules out, and with the option the
//   message. Ours leaves that to who uses the option, as a server has to tell critical options from
//   elective ones (RFC 7252 section 5.4.3).
// * With codes 7.xx, which are for TCP (RFC 8323), libcoap takes the numbers for other options.
// * libcoap 4.3.1 keeps the lower 16 bits of a delta, so that 65,536 + n, which no option number
// can
//   have, counts as n. Ours refuses it.
#include <coap3/coap.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/wire/coap.hpp"

using namespace goldcrest;

namespace {

namespace coap = wire::coap;

struct PduDelete {
  void operator()(coap_pdu_t* pdu) const { coap_delete_pdu(pdu); }
};
using Pdu = std::unique_ptr<coap_pdu_t, PduDelete>;

Pdu parse_with_libcoap(base::Bytes bytes) {
  Pdu pdu(coap_pdu_init(COAP_MESSAGE_CON, COAP_EMPTY_CODE, 0, bytes.size() + 8));
  if (!pdu || coap_pdu_parse(COAP_PROTO_UDP, bytes.data(), bytes.size(), pdu.get()) == 0) return {};
  return pdu;
}

// Lengths by the definitions: RFC 7252 table 4, RFC 7641, 7959, 7967, 8613, 8768, 9175; but libcoap
// 4.3.1 also refuses an empty Uri-Query, which RFC 7252 allows.
struct Lengths {
  std::uint16_t number;
  std::size_t least;
  std::size_t most;
};
constexpr Lengths defined[] = {{1, 0, 8},  {3, 1, 255},  {4, 1, 8},   {5, 0, 0},     {6, 0, 3},
                               {7, 0, 2},  {8, 0, 255},  {9, 0, 255}, {11, 0, 255},  {12, 0, 2},
                               {14, 0, 4}, {15, 1, 255}, {16, 1, 1},  {17, 0, 2},    {20, 0, 255},
                               {23, 0, 3}, {27, 0, 3},   {28, 0, 4},  {35, 1, 1034}, {39, 1, 255},
                               {60, 0, 4}, {252, 1, 40}, {258, 0, 1}, {292, 0, 8}};

bool ill_sized(const coap::Option& option) {
  const auto* known = std::ranges::find(defined, option.number, &Lengths::number);
  return known != std::end(defined) &&
         (option.value.size() < known->least || option.value.size() > known->most);
}

// Whether the options, as far as they can be read, have one with a delta of 65,536 and more.
bool has_impossible_delta(base::Bytes bytes) {
  base::ByteReader reader(bytes);
  reader.skip(4 + (bytes.empty() ? 0u : bytes[0] & 15u));
  while (reader.ok() && reader.remaining() > 0) {
    const unsigned first = reader.u8();
    if (first == 0xFF) return false;
    const auto extended = [&](unsigned nibble) -> unsigned {
      if (nibble == 13) return 13u + reader.u8();
      return nibble == 14 ? 269u + reader.be16() : nibble;
    };
    const auto delta = extended(first >> 4);
    const auto length = extended(first & 15);
    if (delta > 0xFFFF) return reader.ok();
    reader.skip(length);
  }
  return false;
}

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "libcoap and we differ in: %s\n", what);
  std::abort();
}

bool same(base::Bytes ours, const std::uint8_t* data, std::size_t size) {
  return std::ranges::equal(ours, base::Bytes(data, size));
}

void compare(const coap::Message& ours, const coap_pdu_t* theirs) {
  expect(static_cast<int>(ours.type) == static_cast<int>(coap_pdu_get_type(theirs)), "type");
  expect(static_cast<int>(ours.code) == static_cast<int>(coap_pdu_get_code(theirs)), "code");
  expect(ours.message_id == coap_pdu_get_mid(theirs), "message id");
  const auto token = coap_pdu_get_token(theirs);
  expect(same(ours.token.bytes(), token.s, token.length), "token");
  coap_opt_iterator_t iterator;
  coap_option_iterator_init(theirs, &iterator, COAP_OPT_ALL);
  for (const auto& option : ours.options) {
    const auto* other = coap_option_next(&iterator);
    expect(other != nullptr, "count of options: we have more");
    expect(option.number == iterator.number, "number of an option");
    expect(same(option.value, coap_opt_value(other), coap_opt_length(other)), "value of an option");
  }
  expect(coap_option_next(&iterator) == nullptr, "count of options: libcoap has more");
  std::size_t size = 0;
  const std::uint8_t* data = nullptr;
  const bool has_payload = coap_get_data(theirs, &size, &data) != 0;
  expect(has_payload == !ours.payload.empty(), "presence of a payload");
  if (has_payload) expect(same(ours.payload, data, size), "payload");
}

std::vector<std::uint8_t> encode(const coap::Message& message, std::size_t size) {
  std::vector<std::uint8_t> buffer(size + 16);
  coap::MessageWriter writer(buffer, message.type, message.code, message.message_id, message.token);
  for (const auto& option : message.options) writer.option(option.number, option.value);
  writer.payload(message.payload);
  const auto written = writer.finish();
  expect(written.has_value(), "room for what was parsed");
  return {written->begin(), written->end()};
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  coap_set_log_level(LOG_EMERG);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes bytes(data, size);
  const auto ours = coap::parse(bytes);
  const auto theirs = parse_with_libcoap(bytes);
  if (!ours) {
    expect(!theirs || has_impossible_delta(bytes), "acceptance: libcoap takes it");
    return 0;
  }
  if (!theirs) {
    const bool signalling = coap::code_class(ours->code) == 7;
    const bool has_options = ours->options.begin() != coap::Options::end();
    expect(std::ranges::any_of(ours->options, ill_sized) || (signalling && has_options),
           "acceptance: we take it");
    return 0;
  }
  compare(*ours, theirs.get());
  const auto again = encode(*ours, size);
  const auto reread = parse_with_libcoap(again);
  expect(reread != nullptr, "our encoding, which libcoap refuses");
  compare(*ours, reread.get());
  return 0;
}
