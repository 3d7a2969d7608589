// SPDX-License-Identifier: MIT
// Which types of signature this build checks, as CMake says. Firmware knows the one that its option
// GOLDCREST_SIGNATURE names (firmware/CMakeLists.txt) and carries no code for the other; programs
// of the host know both (core/image/CMakeLists.txt).
#pragma once

namespace goldcrest::image {

inline constexpr bool checks_lms = GOLDCREST_SIGNATURE_LMS != 0;
inline constexpr bool checks_ecdsa_p256 = GOLDCREST_SIGNATURE_P256 != 0;
static_assert(checks_lms || checks_ecdsa_p256);

}  // namespace goldcrest::image
