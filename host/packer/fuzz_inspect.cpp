// SPDX-License-Identifier: MIT
// Any bytes as a file to inspect, without keys and with keys that the fuzzer knows.
#include "host/packer/inspect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  const base::Bytes file(data, size);
  if (const auto inspection = packer::inspect(file, "fuzz", {})) (void)inspection->text();
  packer::InspectionKeys keys;
  keys.content_key = packer::ContentKey();
  std::vector<std::uint8_t> public_key(48);
  public_key[3] = 10;  // LMS_SHA256_M24_H5
  public_key[7] = 7;   // LMOTS_SHA256_N24_W4
  keys.public_keys.push_back({1, 0, public_key});
  if (const auto inspection = packer::inspect(file, "P_1_0_0_APP_0x00000000.fmu", keys)) {
    if (inspection->json().dump().empty()) __builtin_trap();
  }
  return 0;
}
