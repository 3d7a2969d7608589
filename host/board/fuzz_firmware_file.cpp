// SPDX-License-Identifier: MIT
// Arbitrary bytes as a firmware file.
#include <cstdint>
#include <cstdlib>

#include "host/board/firmware_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = goldcrest::board::parse_firmware({data, size});
  if (image && (image->bytes.empty() || image->bytes.size() % 256 != 0)) std::abort();
  return 0;
}
