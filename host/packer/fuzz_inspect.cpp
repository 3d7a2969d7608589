// SPDX-License-Identifier: MIT
// Any bytes as a file to inspect, without keys and with keys that the fuzzer knows; and, since a
// MAN image is longer than what a fuzzer makes, the same bytes laid where such an image is looked
// at.
#include <algorithm>

#include "core/image/manifest.hpp"
#include "core/image/slot.hpp"
#include "host/packer/inspect.hpp"
#include "host/packer/man.hpp"

namespace {

using namespace goldcrest;

void inspect_all(base::Bytes file) {
  if (const auto inspection = packer::inspect(file, "fuzz", {})) (void)inspection->text();
  packer::InspectionKeys keys;
  keys.content_key = packer::ContentKey();
  std::vector<std::uint8_t> public_key(48);
  public_key[3] = 10;  // LMS_SHA256_M24_H5
  public_key[7] = 7;   // LMOTS_SHA256_N24_W4
  keys.public_keys.push_back({image::SignatureType::lms, 0, public_key});
  if (const auto inspection = packer::inspect(file, "P_1_0_0_APP_0x00000000.fmu", keys)) {
    if (inspection->json().dump().empty()) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Bytes rest(data, size);
  inspect_all(rest);

  std::vector<std::uint8_t> man(packer::man_extent.size);
  const auto lay = [&](image::Address address, std::size_t count) {
    count = std::min(count, rest.size());
    std::ranges::copy(rest.first(count), man.begin() + (address - packer::man_extent.base));
    rest = rest.subspan(count);
  };
  lay(image::factory_section.base, image::factory_section.size);
  lay(image::boot_section.base + image::info_offset, image::info_size);
  lay(image::app1_section.base + image::manifest_offset, image::manifest_size);
  lay(image::app1_section.base + image::state_offset, image::page_size);
  lay(image::mta_section.base + image::info_offset, image::info_size);
  lay(image::app1_section.base, rest.size());
  inspect_all(man);
  return 0;
}
