// SPDX-License-Identifier: MIT
// The host's answer to a broken invariant: say where and abort, for a core dump or a sanitizer.
#include "core/base/ensure.hpp"

#include <cstdio>
#include <cstdlib>

void goldcrest::base::ensure_failed(std::source_location where) {
  std::fprintf(stderr, "goldcrest: internal error at %s:%u in %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name());
  std::abort();
}
