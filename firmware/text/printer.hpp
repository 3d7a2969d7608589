// SPDX-License-Identifier: MIT
// Words and numbers onto a console, without printf and without a buffer of its own.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/version.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::text {

/// Port: where text goes. "\n" ends a line.
class Output {
 public:
  virtual void write(std::string_view text) = 0;

 protected:
  ~Output() = default;
};

/// Every call writes at once and gives the printer back, so that a message reads as one line:
///   Printer(output).text("rank ").number(256).line();
class Printer {
 public:
  explicit Printer(Output& output) : output_(output) {}

  Printer& text(std::string_view text);
  Printer& number(std::uint32_t value);
  /// Decimal, with a sign when negative.
  Printer& signed_number(std::int32_t value);
  /// major.minor.build, decimal.
  Printer& version(base::Version version);
  /// RFC 5952; an IPv4-mapped address as dotted IPv4.
  Printer& address(const wire::Ipv6Address& address);
  /// The end of the line.
  void line() { output_.write("\n"); }

 private:
  Output& output_;
};

}  // namespace goldcrest::text
