// SPDX-License-Identifier: MIT
// Any datagram to the server's engine: every answer is a well-formed CoAP message, a confirmable
// one gets one, and asking twice gives the same bytes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"
#include "host/server/engine.hpp"
#include "host/server/log.hpp"

using namespace goldcrest;

namespace {

class Formatting final : public server::RequestLog {
 public:
  void request(const server::RequestRecord& record) override {
    const auto text = server::to_text(record);
    if (!std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; })) std::abort();
  }
};

server::Store make_store() {
  server::Store store;
  const auto file = image::testing::make_image({.version = {1, 1, 31}, .image_size = 3000}).file();
  const auto name =
      fmt::format("OTA-STM32L1-SPIRIT1_1_1_31_APP_0x{:08X}.fmu", crypto::Crc32::of(file));
  if (!store.add(name, file)) std::abort();
  return store;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const server::Store store = make_store();
  static Formatting log;
  static server::Engine engine(store, {}, &log);
  const wire::Endpoint from{wire::Ipv6Address::from_ipv4({10, 0, 0, 1}), 5683};
  const base::Bytes datagram(data, size);

  const auto first = engine.receive(base::Instant{}, from, datagram);
  if (!first) {
    const auto header = wire::coap::peek_header(datagram);
    if (header && header->type == wire::coap::Type::confirmable) std::abort();
    return 0;
  }
  if (!wire::coap::parse(*first)) std::abort();
  const std::vector<std::uint8_t> copy(first->begin(), first->end());
  const auto second = engine.receive(base::Instant{}, from, datagram);
  if (!second || !std::ranges::equal(copy, *second)) std::abort();
  return 0;
}
