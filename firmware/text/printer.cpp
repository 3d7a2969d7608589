// SPDX-License-Identifier: MIT
#include "firmware/text/printer.hpp"

#include <array>

namespace goldcrest::text {

Printer& Printer::text(std::string_view text) {
  output_.write(text);
  return *this;
}

Printer& Printer::number(std::uint32_t value) {
  std::array<char, 10> digits;
  auto first = digits.end();
  do {
    *--first = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return text({first, static_cast<std::size_t>(digits.end() - first)});
}

Printer& Printer::signed_number(std::int32_t value) {
  if (value < 0) text("-");
  const auto magnitude = static_cast<std::uint32_t>(value);
  return number(value < 0 ? 0u - magnitude : magnitude);
}

Printer& Printer::version(base::Version version) {
  return number(version.major).text(".").number(version.minor).text(".").number(version.build);
}

Printer& Printer::address(const wire::Ipv6Address& address) {
  if (address.ipv4_mapped()) {
    for (std::size_t i = 12; i < 16; ++i) {
      if (i > 12) text(".");
      number(address.bytes[i]);
    }
    return *this;
  }
  std::array<char, 46> buffer;
  return text(address.format(buffer));
}

}  // namespace goldcrest::text
