// SPDX-License-Identifier: MIT
// Whatever is accepted as a manifest fits into a slot and is emitted again as the same bytes.
#include <algorithm>
#include <cstdlib>

#include "core/image/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  const auto manifest = image::parse_manifest({data, size});
  if (!manifest) return 0;
  const auto again = image::emit_manifest(*manifest);
  if (!std::equal(again.begin(), again.end(), data)) std::abort();
  if (manifest->image_size > image::relocation_table_offset(manifest->relocation_size))
    std::abort();
  return 0;
}
