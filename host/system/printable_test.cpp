// SPDX-License-Identifier: MIT
#include "host/system/printable.hpp"

#include <gtest/gtest.h>

namespace goldcrest::system {
namespace {

TEST(Printable, lets_nothing_through_that_a_terminal_or_a_log_would_obey) {
  EXPECT_EQ(printable("refused a b~ \"c\""), "refused a b~ \"c\"");
  EXPECT_EQ(printable("a\n2026 forged"), "a\\x0a2026 forged");
  EXPECT_EQ(printable("\x1b]0;x\x07\r\x7f\x9b"), "\\x1b]0;x\\x07\\x0d\\x7f\\x9b");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
}

}  // namespace
}  // namespace goldcrest::system
