// SPDX-License-Identifier: MIT
// What the compiler calls to copy, fill and compare memory. The C library's functions are unrolled
// for speed and take four times the room, which BOOT does not have. Words may lie at any address:
// the Cortex-M3 loads and stores them all the same (PM0056 3.3.5).
#include <cstddef>
#include <cstdint>

namespace {

struct [[gnu::packed, gnu::may_alias]] Word {
  std::uint32_t value;
};

}  // namespace

extern "C" {

// In ascending order, so that it serves memmove() too.
void* memcpy(void* to, const void* from, std::size_t size) {
  auto* out = static_cast<Word*>(to);
  const auto* in = static_cast<const Word*>(from);
  for (; size >= 16; size -= 16, out += 4, in += 4) {
    out[0] = in[0];
    out[1] = in[1];
    out[2] = in[2];
    out[3] = in[3];
  }
  for (; size >= 4; size -= 4) *out++ = *in++;
  auto* out_bytes = reinterpret_cast<std::uint8_t*>(out);
  const auto* in_bytes = reinterpret_cast<const std::uint8_t*>(in);
  while (size-- != 0) *out_bytes++ = *in_bytes++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
  if (to <= from) return memcpy(to, from, size);
  auto* out = static_cast<std::uint8_t*>(to);
  const auto* in = static_cast<const std::uint8_t*>(from);
  while (size-- != 0) out[size] = in[size];
  return to;
}

void* memset(void* to, int byte, std::size_t size) {
  auto* out = static_cast<Word*>(to);
  const std::uint32_t word = static_cast<std::uint8_t>(byte) * 0x01010101u;
  for (; size >= 4; size -= 4) (out++)->value = word;
  auto* out_bytes = reinterpret_cast<std::uint8_t*>(out);
  while (size-- != 0) *out_bytes++ = static_cast<std::uint8_t>(word);
  return to;
}

int memcmp(const void* left, const void* right, std::size_t size) {
  const auto* a = static_cast<const std::uint8_t*>(left);
  const auto* b = static_cast<const std::uint8_t*>(right);
  for (; size != 0; --size, ++a, ++b) {
    if (*a != *b) return *a - *b;
  }
  return 0;
}

}  // extern "C"
