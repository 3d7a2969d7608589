// SPDX-License-Identifier: MIT
// Any text as an IPv6 or IPv4 address, against the C library's inet_pton(); what is formatted is
// parsed the same.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/base/ensure.hpp"
#include "core/wire/address.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto ours = wire::Ipv6Address::parse(text);
  const bool c_string = text.find('\0') == std::string::npos;
  std::array<std::uint8_t, 16> ipv6{};
  std::array<std::uint8_t, 4> ipv4{};
  if (c_string && inet_pton(AF_INET6, text.c_str(), ipv6.data()) == 1) {
    base::ensure(ours && std::ranges::equal(ours->bytes, ipv6));
  } else if (c_string && inet_pton(AF_INET, text.c_str(), ipv4.data()) == 1) {
    base::ensure(ours == wire::Ipv6Address::from_ipv4(ipv4));
  } else {
    base::ensure(!ours);
  }
  if (!ours) return 0;
  std::array<char, 64> buffer{};
  base::ensure(wire::Ipv6Address::parse(ours->format(buffer)) == ours);
  return 0;
}
