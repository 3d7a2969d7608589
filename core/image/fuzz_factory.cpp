// SPDX-License-Identifier: MIT
// The checksum is put right first, so that the fuzzer gets behind it.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/crypto/crc32.hpp"
#include "core/image/factory.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  std::array<std::uint8_t, image::factory_size> block{};
  std::copy_n(data, std::min(size, block.size()), block.begin());
  const auto checked = base::Bytes(block).first(image::factory_size - 4);
  base::store_le32(block.data() + checked.size(), crypto::Crc32::of(checked));
  const auto factory = image::parse_factory(block);
  if (!factory) return 0;
  std::array<std::uint8_t, image::factory_size> again;
  if (!image::emit_factory(*factory, again) || again != block) std::abort();
  return 0;
}
