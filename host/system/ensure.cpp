// SPDX-License-Identifier: MIT
// The host's answer to a broken invariant: say where and abort, for a core dump or a sanitizer.
#include "core/base/ensure.hpp"

#include <cstdio>
#include <cstdlib>

void goldcrest::base::ensure_failed(const char* file, std::uint32_t line) {
  std::fprintf(stderr, "goldcrest: internal error at %s:%u\n", file, static_cast<unsigned>(line));
  std::abort();
}
