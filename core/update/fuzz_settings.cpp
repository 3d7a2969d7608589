// SPDX-License-Identifier: MIT
// Any bytes as the records of settings and of the security context, and as the line that provisions
// one: what is understood comes out of emit and is understood the same.
#include <array>
#include <string>
#include <string_view>

#include "core/base/ensure.hpp"
#include "core/base/limits.hpp"
#include "core/crypto/crc32.hpp"
#include "core/update/secure_context.hpp"
#include "core/update/settings.hpp"

using namespace goldcrest;

namespace {

std::string text_of(const update::SecureContext& context) {
  std::array<char, update::secure_context_text_characters> text{};
  return std::string(update::emit_secure_context_text(context, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes bytes(data, size);
  std::array<std::uint8_t, limits::record_bytes> out{};
  if (const auto settings = update::parse_settings(bytes)) {
    const auto used = update::emit_settings(*settings, out);
    base::ensure(update::parse_settings(base::Bytes(out).first(used)) == settings);
  }
  if (const auto context = update::parse_secure_context(bytes)) {
    const auto used = update::emit_secure_context(*context, out);
    const auto again = update::parse_secure_context(base::Bytes(out).first(used));
    base::ensure(again && text_of(*again) == text_of(*context));
  }
  // With the right check at its end, which no fuzzer finds.
  std::string line(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view digits = "0123456789abcdef";
  const auto check = crypto::Crc32::of(bytes);
  line += '.';
  for (unsigned shift = 32; shift > 0; shift -= 4) line += digits[check >> (shift - 4) & 15];
  if (const auto context = update::parse_secure_context_text(line)) {
    const auto again = update::parse_secure_context_text(text_of(*context));
    base::ensure(again && text_of(*again) == text_of(*context));
  }
  return 0;
}
