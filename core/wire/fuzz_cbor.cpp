// SPDX-License-Identifier: MIT
// Any bytes: skipping ends, stays inside, and typed reads never return more than there is.
#include <cstdlib>

#include "core/wire/cbor.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes bytes(data, size);
  wire::cbor::Reader skipping(bytes);
  while (skipping.next_major()) skipping.skip();

  wire::cbor::Reader reader(bytes);
  while (const auto major = reader.next_major()) {
    switch (*major) {
      case wire::cbor::Major::unsigned_integer:
        (void)reader.unsigned_integer();
        break;
      case wire::cbor::Major::byte_string:
        if (reader.byte_string().size() > size) std::abort();
        break;
      case wire::cbor::Major::text_string:
        if (reader.text_string().size() > size) std::abort();
        break;
      case wire::cbor::Major::array:
        if (reader.array() > size) std::abort();
        break;
      case wire::cbor::Major::map:
        if (reader.map() > size) std::abort();
        break;
      default:
        reader.skip();
    }
  }
  return 0;
}
