// SPDX-License-Identifier: MIT
// Any bytes as a file in the server's folder, under its right name and under any. What is taken is
// found, offered to older versions only, and goes when it is removed.
#include "core/base/ensure.hpp"
#include "core/crypto/crc32.hpp"
#include "host/packer/file_name.hpp"
#include "host/server/store.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::vector<std::uint8_t> bytes(data + 4, data + size);
  server::Store store;
  const auto name =
      packer::FileName{
          .product = "P", .version = {data[0], data[1], data[2]}, .crc32 = crypto::Crc32::of(bytes)}
          .text();
  const auto taken = store.add(name, bytes);
  if (!taken) {
    base::ensure(!taken.error().empty() && store.updates().empty());
    return 0;
  }
  const auto& update = **taken;
  base::ensure(store.find(update.path) == &update);
  const base::Version running{data[0], data[1], data[3]};
  const auto* const offered =
      store.choose(update.product, static_cast<std::uint8_t>(image::ImageType::app), running, {});
  base::ensure(offered == nullptr || running < offered->manifest.version);
  base::ensure(store.remove(name) && store.find(update.path) == nullptr);
  return 0;
}
