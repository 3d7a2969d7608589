// SPDX-License-Identifier: MIT
// For unit tests: an Output that keeps what was written.
#pragma once

#include <string>
#include <utility>

#include "firmware/text/printer.hpp"

namespace goldcrest::text {

class CapturedOutput final : public Output {
 public:
  void write(std::string_view text) override { written_ += text; }
  /// All since the last call.
  std::string take() { return std::exchange(written_, {}); }

 private:
  std::string written_;
};

}  // namespace goldcrest::text
