// SPDX-License-Identifier: MIT
// libFuzzer target: RPL messages; byte 0 is the code. What parses emits to bytes that parse and
// emit to the same bytes.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/wire/rpl.hpp"

namespace {

using namespace goldcrest;

template <typename Body>
void check(const wire::Icmpv6Message& message) {
  const auto body = Body::parse(message);
  if (!body) return;
  std::array<std::uint8_t, 2048> first{};
  std::array<std::uint8_t, 2048> second{};
  base::ByteWriter writer(first);
  body->emit(writer);
  const auto again =
      Body::parse({.type = message.type, .code = message.code, .body = writer.written()});
  if (!writer.ok() || !again) std::abort();
  base::ByteWriter rewriter(second);
  again->emit(rewriter);
  if (first != second) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 1280) return 0;
  const wire::Icmpv6Message message{
      .type = wire::icmpv6_type::rpl_control, .code = data[0], .body = {data + 1, size - 1}};
  check<wire::Dis>(message);
  check<wire::Dio>(message);
  check<wire::Dao>(message);
  check<wire::DaoAck>(message);
  if (const auto dao = wire::Dao::parse(message)) {
    auto routes = dao->routes();
    std::size_t count = 0;
    while (routes.next()) ++count;
    // At most all targets with all transit informations.
    if (count > size * size) std::abort();
  }
  return 0;
}
