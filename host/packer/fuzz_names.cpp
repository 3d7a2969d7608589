// SPDX-License-Identifier: MIT
// Any text as the name of an update or manufacturing file, as a version and as hexadecimal digits:
// what is understood is written the same again.
#include <algorithm>
#include <cctype>

#include "core/base/ensure.hpp"
#include "host/packer/file_name.hpp"
#include "host/packer/hex.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto name = packer::FileName::parse(text)) base::ensure(name->text() == text);
  if (const auto version = packer::parse_version(text)) {
    base::ensure(packer::parse_version(packer::version_text(*version)) == version);
  }
  if (const auto bytes = packer::from_hex(text)) {
    auto lower = text;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    base::ensure(packer::to_hex(*bytes) == lower);
  }
  return 0;
}
