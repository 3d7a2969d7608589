// SPDX-License-Identifier: MIT
// libFuzzer target: whatever parses as a MAC frame comes out of emit() and parses to the same
// again.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/wire/ieee802154.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  std::array<std::uint8_t, 4096> buffer{};
  if (size > buffer.size()) return 0;
  const auto frame = wire::MacFrame::parse({data, size});
  if (!frame) return 0;
  base::ByteWriter writer(buffer);
  frame->emit(writer);
  if (!writer.ok() || writer.size() != size) std::abort();
  if (frame->header_size() + frame->payload.size() != size) std::abort();
  // Behind the frame control field, which may hold reserved bits, nothing may change.
  if (!std::equal(buffer.begin() + 2, buffer.begin() + static_cast<std::ptrdiff_t>(size),
                  data + 2)) {
    std::abort();
  }
  const auto again = wire::MacFrame::parse(writer.written());
  if (!again || again->source != frame->source || again->destination != frame->destination) {
    std::abort();
  }
  return 0;
}
