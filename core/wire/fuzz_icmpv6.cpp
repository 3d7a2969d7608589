// SPDX-License-Identifier: MIT
// libFuzzer target: ICMPv6 bodies behind a checksum that is right. Byte 0 is the type, 1 the code.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/wire/icmpv6.hpp"

namespace {

using namespace goldcrest;

template <typename Body>
void check(const wire::Icmpv6Message& message) {
  const auto body = Body::parse(message);
  if (!body) return;
  std::array<std::uint8_t, 2048> buffer{};
  base::ByteWriter writer(buffer);
  const wire::Ipv6Address source{{0xFE, 0x80}};
  const wire::Ipv6Address destination{{0xFF, 0x02}};
  wire::emit_icmpv6(writer, source, destination, *body);
  const auto again = wire::Icmpv6Message::parse(writer.written(), source, destination);
  if (!writer.ok() || !again || again->type != message.type || !Body::parse(*again)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)wire::Icmpv6Message::parse({data, size}, {}, {});
  if (size < 2 || size > 1280) return 0;
  const wire::Icmpv6Message message{.type = data[0], .code = data[1], .body = {data + 2, size - 2}};
  check<wire::Echo>(message);
  check<wire::ErrorReport>(message);
  check<wire::NeighbourSolicitation>(message);
  check<wire::NeighbourAdvertisement>(message);
  return 0;
}
