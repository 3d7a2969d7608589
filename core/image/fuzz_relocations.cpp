// SPDX-License-Identifier: MIT
// Whatever is accepted as a relocation table is ascending, inside the image, and the only form.
#include <array>
#include <cstdlib>

#include "core/base/fixed_vector.hpp"
#include "core/image/relocations.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  constexpr std::size_t table_max = 1024;
  constexpr std::uint32_t image_size = 0x2F000;
  base::ByteReader reader({data, size});
  const std::uint32_t count = reader.le16() % table_max;
  const auto table = reader.rest();
  if (!reader.ok() || table.size() > table_max) return 0;

  image::RelocationDecoder decoder(count, image_size);
  base::FixedVector<std::uint32_t, table_max> offsets;
  for (const auto byte : table) {
    const auto offset = decoder.push(byte);
    if (!offset) return 0;
    if (*offset && (**offset >= image_size || !offsets.push_back(**offset))) std::abort();
  }
  if (!decoder.finish()) return 0;
  std::array<std::uint8_t, table_max> out;
  const auto used = image::encode_relocations({offsets.data(), offsets.size()}, image_size, out);
  if (!used || *used != table.size()) std::abort();
  if (!std::equal(table.begin(), table.end(), out.begin())) std::abort();
  return 0;
}
