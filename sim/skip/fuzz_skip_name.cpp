// SPDX-License-Identifier: MIT
// Any text as the name of a skip: what is understood is written and understood the same again.
#include "core/base/ensure.hpp"
#include "sim/skip/skipper.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto name = sim::parse_skip_name({reinterpret_cast<const char*>(data), size});
  if (!name) return 0;
  const auto text = sim::to_text(*name);
  const auto again = sim::parse_skip_name(text);
  base::ensure(again && sim::to_text(*again) == text);
  return 0;
}
