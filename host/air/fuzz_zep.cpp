// SPDX-License-Identifier: MIT
// libFuzzer target: whatever parses must come out of emit_zep() and parse to the same again.
#include <array>
#include <cstdlib>

#include "host/air/zep.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  const auto packet = air::parse_zep({data, size});
  if (!packet) return 0;
  std::array<std::uint8_t, air::zep_datagram_bytes_max> buffer{};
  base::ByteWriter writer(buffer);
  air::emit_zep(*packet, writer);
  const auto again = air::parse_zep(writer.written());
  if (!writer.ok() || !again || again->sequence != packet->sequence) std::abort();
  return 0;
}
