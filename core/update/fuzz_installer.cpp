// SPDX-License-Identifier: MIT
// The input changes an update file (u16 position, u8 exclusive-or, six times at most) and then cuts
// it into pieces of its own choice: the update is installed if and only if nothing changed, and the
// running slot is never touched.
#include <algorithm>
#include <cstdlib>

#include "core/update/test_device.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  using namespace update::testing;
  static const auto file = new_image().file();
  static auto flash = device();
  static const auto running = slot_bytes(flash, Slot::app1);
  base::ByteReader reader({data, size});
  auto changed = file;
  for (auto changes = reader.u8() % 6u; changes > 0 && reader.remaining() >= 3; --changes) {
    const auto position = reader.le16() % changed.size();
    changed[position] ^= reader.u8();
  }
  flash.load(section_of(Slot::app2).base, Buffer(section_of(Slot::app2).size));
  update::Installer installer(flash, factory(), *update::running_image(flash, Slot::app1), {});
  installer.begin();
  base::Bytes rest(changed);
  bool ok = true;
  while (ok && !rest.empty()) {
    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1u + reader.u8() * 3u));
    ok = installer.write(piece).has_value();
    rest = rest.subspan(piece.size());
  }
  ok = ok && installer.finish().has_value();
  if (ok != (changed == file) || slot_bytes(flash, Slot::app1) != running) std::abort();
  return 0;
}
