// SPDX-License-Identifier: MIT
#include "firmware/text/printer.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "firmware/text/test_output.hpp"

namespace goldcrest::text {
namespace {

TEST(Printer, Numbers) {
  CapturedOutput output;
  Printer(output).number(0).text(" ").number(4'294'967'295u).text(" ").number(1000).line();
  EXPECT_EQ(output.take(), "0 4294967295 1000\n");
  Printer(output).signed_number(-98).text(" ").signed_number(7).text(" ");
  Printer(output).signed_number(std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(output.take(), "-98 7 -2147483648");
}

TEST(Printer, Versions) {
  CapturedOutput output;
  Printer(output).version({1, 0, 31}).text(" ").version({}).text(" ").version({255, 255, 65535});
  EXPECT_EQ(output.take(), "1.0.31 0.0.0 255.255.65535");
}

TEST(Printer, Addresses) {
  CapturedOutput output;
  Printer(output).address(*wire::Ipv6Address::parse("aaaa::12")).text(" ");
  Printer(output).address(*wire::Ipv6Address::parse("::ffff:192.0.2.10")).text(" ");
  Printer(output).address(*wire::Ipv6Address::parse("192.0.2.255"));
  EXPECT_EQ(output.take(), "aaaa::12 192.0.2.10 192.0.2.255");
}

}  // namespace
}  // namespace goldcrest::text
