// SPDX-License-Identifier: MIT
// Any contents of the DATA section can be opened, written and read back.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/update/records.hpp"
#include "core/update/settings.hpp"
#include "sim/flash/flash.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  static sim::SimulatedFlash flash;
  std::vector<std::uint8_t> section(image::data_section.size);
  std::copy_n(data, std::min(size, section.size()), section.begin());
  flash.load(image::data_section.base, section);
  update::Records records(flash);
  if (!records.open()) std::abort();
  (void)update::load_settings(records);
  (void)update::load_rejected_digests(records);
  const std::array<std::uint8_t, 5> value{1, 2, 3, 4, 5};
  if (!records.write(update::RecordKey::update_result, value)) return 0;  // full
  update::Records again(flash);
  if (!again.open()) std::abort();
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto read = again.read(update::RecordKey::update_result, buffer);
  if (!read || !*read || !std::ranges::equal(**read, value)) std::abort();
  return 0;
}
