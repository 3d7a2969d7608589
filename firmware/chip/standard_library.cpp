// SPDX-License-Identifier: MIT
// What libstdc++ calls where it would throw: without exceptions that is a failed check of ours. Its
// own version would bring in abort(), and with it the C library's signals and heap.

#include "core/base/ensure.hpp"

namespace std {

/// std::string_view::substr() and the like, with a position beyond the end.
[[noreturn]] void __throw_out_of_range_fmt(const char*, ...);

void __throw_out_of_range_fmt(const char*, ...) {
  goldcrest::base::ensure_failed(__builtin_FILE(), __builtin_LINE());
}

}  // namespace std
