// SPDX-License-Identifier: MIT
// Any datagram: parsed views lie within it, and what parses is emitted back to an equal message.
#include <cstdlib>
#include <vector>

#include "core/wire/coap.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace coap = wire::coap;
  const base::Bytes bytes(data, size);
  const auto message = coap::parse(bytes);
  if (!message) return 0;
  std::vector<std::uint8_t> buffer(size + 16);
  coap::MessageWriter writer(buffer, message->type, message->code, message->message_id,
                             message->token);
  for (const auto& option : message->options) {
    if (option.value.data() < data || option.value.data() + option.value.size() > data + size) {
      std::abort();
    }
    (void)coap::Block::parse(option.value);
    writer.option(option.number, option.value);
  }
  writer.payload(message->payload);
  const auto again = writer.finish();
  // Emission is the shortest form, so it never needs more room than the input had.
  if (!again || again->size() > size || !coap::parse(*again)) std::abort();
  return 0;
}
