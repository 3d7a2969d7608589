// SPDX-License-Identifier: MIT
// The functions inside libunicorn that definitions of ours stand in front of, see
// store_shortcut.hpp and translation_buffer.hpp.
#pragma once

#include <dlfcn.h>

#include "core/base/ensure.hpp"

namespace goldcrest::board {

/// The function of this name in libunicorn.
template <typename Function>
Function* unicorn_function(const char* name) {
  void* const address = dlsym(RTLD_NEXT, name);
  base::ensure(address != nullptr);
  return reinterpret_cast<Function*>(address);
}

}  // namespace goldcrest::board
