// SPDX-License-Identifier: MIT
// The OSCORE option: what is read is written again as the same bytes, where it is within our
// bounds.
#include <algorithm>
#include <cstdlib>

#include "core/oscore/option.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes value(data, size);
  const auto parsed = oscore::parse_option(value);
  if (!parsed) return 0;
  const auto kid = parsed->kid.value_or(base::Bytes());
  const auto kid_context = parsed->kid_context.value_or(base::Bytes());
  if (kid.size() > oscore::identifier_bytes || kid_context.size() > oscore::id_context_bytes) {
    return 0;
  }
  std::array<std::uint8_t, oscore::option_value_bytes> out;
  if (!std::ranges::equal(oscore::emit_option(*parsed, out), value)) std::abort();
  if (parsed->partial_iv && parsed->partial_iv->sequence() >= oscore::sequence_limit) std::abort();
  return 0;
}
