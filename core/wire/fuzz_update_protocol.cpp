// SPDX-License-Identifier: MIT
// Any payload: what parses is emitted again, and parses to the same bytes.
#include <algorithm>
#include <cstdlib>

#include "core/wire/update_protocol.hpp"

using namespace goldcrest;

namespace {

template <typename Parse>
void round_trip(base::Bytes payload, Parse parse) {
  const auto value = parse(payload);
  if (!value) return;
  std::array<std::uint8_t, 512> first{};
  std::array<std::uint8_t, 512> second{};
  const auto once = wire::emit(*value, first);
  if (!once) std::abort();
  const auto parsed = parse(*once);
  if (!parsed) std::abort();
  const auto twice = wire::emit(*parsed, second);
  if (!twice || !std::ranges::equal(*once, *twice)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes payload(data, size);
  round_trip(payload, wire::parse_classic_request);
  round_trip(payload, wire::parse_ask);
  round_trip(payload, wire::parse_answer);
  return 0;
}
