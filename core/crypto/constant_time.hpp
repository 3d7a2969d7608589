// SPDX-License-Identifier: MIT
// Comparison whose time tells nothing about where two strings differ.
#pragma once

#include "core/base/bytes.hpp"

namespace goldcrest::crypto {

/// True when both are of the same size and content. The time depends on the sizes only.
bool equal(base::Bytes a, base::Bytes b);

}  // namespace goldcrest::crypto
