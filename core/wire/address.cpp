// SPDX-License-Identifier: MIT
// The text form of IPv6 addresses: RFC 4291 section 2.2 to read, RFC 5952 to write.
#include "core/wire/address.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/ensure.hpp"

namespace goldcrest::wire {
namespace {

constexpr std::size_t group_count = 8;
constexpr std::uint8_t universal_local_bit = 0x02;

/// substr() without its throwing check, which the firmware has no use for; size ≤ text.size().
std::string_view head(std::string_view text, std::size_t size) { return {text.data(), size}; }

std::optional<unsigned> digit_value(char c, unsigned base) {
  unsigned value = base;
  if (c >= '0' && c <= '9') value = static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') value = static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') value = static_cast<unsigned>(c - 'A') + 10;
  if (value >= base) return std::nullopt;
  return value;
}

std::optional<unsigned> parse_number(std::string_view text, unsigned base, std::size_t max_digits) {
  if (text.empty() || text.size() > max_digits) return std::nullopt;
  unsigned number = 0;
  for (const char c : text) {
    const auto digit = digit_value(c, base);
    if (!digit) return std::nullopt;
    number = number * base + *digit;
  }
  return number;
}

/// Four decimal bytes without leading zeros, which some readers would take for octal.
std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
  std::array<std::uint8_t, 4> ipv4{};
  for (std::size_t i = 0; i < ipv4.size(); ++i) {
    const auto dot = i + 1 < ipv4.size() ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto token = head(text, dot);
    if (token.size() > 1 && token.front() == '0') return std::nullopt;
    const auto number = parse_number(token, 10, 3);
    if (!number || *number > 255) return std::nullopt;
    ipv4[i] = static_cast<std::uint8_t>(*number);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return ipv4;
}

/// The groups read so far and where "::" stood among them.
struct Groups {
  std::array<std::uint16_t, group_count> values{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;

  bool add(unsigned value) {
    if (count == group_count) return false;
    values[count++] = static_cast<std::uint16_t>(value);
    return true;
  }
  bool add_token(std::string_view token) {
    const auto number = parse_number(token, 16, 4);
    return number && add(*number);
  }
  bool add_ipv4(std::string_view token) {
    const auto ipv4 = parse_ipv4(token);
    return ipv4 && add(base::load_be16(ipv4->data())) && add(base::load_be16(ipv4->data() + 2));
  }
  bool set_gap() {
    if (gap) return false;
    gap = count;
    return true;
  }
  /// "::" stands for at least one group of zeros.
  std::optional<Ipv6Address> address() const {
    if (gap ? count >= group_count : count != group_count) return std::nullopt;
    Ipv6Address result;
    for (std::size_t i = 0; i < count; ++i) {
      const auto place = gap && i >= *gap ? i + group_count - count : i;
      base::store_be16(result.bytes.data() + 2 * place, values[i]);
    }
    return result;
  }
};

bool parse_groups(std::string_view text, Groups& groups) {
  if (text.starts_with("::")) {
    groups.set_gap();
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const auto token = head(text, std::min(text.find(':'), text.size()));
    const bool last = token.size() == text.size();
    if (token.find('.') != std::string_view::npos) return last && groups.add_ipv4(token);
    if (!groups.add_token(token)) return false;
    if (last) return true;
    text.remove_prefix(token.size() + 1);
    if (text.empty()) return false;  // a single colon at the end
    if (text.front() == ':') {
      if (!groups.set_gap()) return false;
      text.remove_prefix(1);
    }
  }
  return true;
}

class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) : out_(out) {}

  void put(char c) {
    base::ensure(size_ < out_.size());
    out_[size_++] = c;
  }
  void put(std::string_view text) {
    for (const char c : text) put(c);
  }
  /// Lower case, without leading zeros.
  void put_number(unsigned number, unsigned base) {
    if (number >= base) put_number(number / base, base);
    put("0123456789abcdef"[number % base]);
  }
  std::string_view view() const { return {out_.data(), size_}; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

struct Run {
  std::size_t begin = 0;
  std::size_t length = 0;
};

/// RFC 5952 section 4.2: the longest run of zero groups, the first of equals, at least two long.
Run longest_zero_run(const std::array<std::uint16_t, group_count>& groups) {
  Run best;
  Run run;
  for (std::size_t i = 0; i < group_count; ++i) {
    if (groups[i] != 0) {
      run = {.begin = i + 1, .length = 0};
    } else if (++run.length > best.length) {
      best = run;
    }
  }
  return best.length >= 2 ? best : Run{.begin = group_count, .length = 0};
}

}  // namespace

bool Ipv6Address::ipv4_mapped() const {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](auto byte) { return byte == 0; }) &&
         bytes[10] == 0xFF && bytes[11] == 0xFF;
}

bool Ipv6Address::same_prefix64(const Ipv6Address& other) const {
  return std::equal(bytes.begin(), bytes.begin() + 8, other.bytes.begin());
}

Ipv6Address Ipv6Address::link_local_from(const Eui64& eui64) {
  Ipv6Address prefix;
  prefix.bytes[0] = 0xFE;
  prefix.bytes[1] = 0x80;
  return from_prefix(prefix, eui64);
}

Ipv6Address Ipv6Address::from_prefix(const Ipv6Address& prefix, const Eui64& eui64) {
  Ipv6Address address = prefix;
  std::copy(eui64.bytes.begin(), eui64.bytes.end(), address.bytes.begin() + 8);
  address.bytes[8] ^= universal_local_bit;
  return address;
}

Ipv6Address Ipv6Address::from_ipv4(std::array<std::uint8_t, 4> ipv4) {
  Ipv6Address address;
  address.bytes[10] = 0xFF;
  address.bytes[11] = 0xFF;
  std::copy(ipv4.begin(), ipv4.end(), address.bytes.begin() + 12);
  return address;
}

std::optional<Ipv6Address> Ipv6Address::parse(std::string_view text) {
  if (const auto ipv4 = parse_ipv4(text)) return from_ipv4(*ipv4);
  Groups groups;
  if (!parse_groups(text, groups)) return std::nullopt;
  return groups.address();
}

std::string_view Ipv6Address::format(std::span<char> out) const {
  TextWriter writer(out);
  if (ipv4_mapped()) {
    writer.put("::ffff");
    for (std::size_t i = 12; i < bytes.size(); ++i) {
      writer.put(i == 12 ? ':' : '.');
      writer.put_number(bytes[i], 10);
    }
    return writer.view();
  }
  std::array<std::uint16_t, group_count> groups{};
  for (std::size_t i = 0; i < group_count; ++i) groups[i] = base::load_be16(bytes.data() + 2 * i);
  const auto zeros = longest_zero_run(groups);
  for (std::size_t i = 0; i < group_count;) {
    if (i == zeros.begin) {
      writer.put("::");
      i += zeros.length;
      continue;
    }
    if (i > 0 && i != zeros.begin + zeros.length) writer.put(':');
    writer.put_number(groups[i++], 16);
  }
  return writer.view();
}

Eui64 eui64_of(const Ipv6Address& address) {
  Eui64 eui64;
  std::copy(address.bytes.begin() + 8, address.bytes.end(), eui64.bytes.begin());
  eui64.bytes[0] ^= universal_local_bit;
  return eui64;
}

}  // namespace goldcrest::wire
