// SPDX-License-Identifier: MIT
#include "tests/fuzz/differential/iphc_decoder.hpp"

#include <algorithm>

namespace iphc {
namespace {

struct Refused {};

constexpr std::size_t longest_datagram = 1280;
constexpr unsigned udp_protocol = 17;
constexpr unsigned ipv6_protocol = 41;

class Bits {
 public:
  explicit Bits(std::span<const std::uint8_t> octets) : octets_(octets) {}

  unsigned take(unsigned count) {
    unsigned value = 0;
    for (; count > 0; --count, ++position_) {
      if (position_ / 8 >= octets_.size()) throw Refused{};
      value = value << 1 | (octets_[position_ / 8] >> (7 - position_ % 8) & 1u);
    }
    return value;
  }
  Octets octets(std::size_t count) {
    Octets result;
    for (; count > 0; --count) result.push_back(static_cast<std::uint8_t>(take(8)));
    return result;
  }
  Octets rest() { return octets(octets_.size() - position_ / 8); }

 private:
  std::span<const std::uint8_t> octets_;
  std::size_t position_ = 0;
};

enum class Kind { ipv6, extension, udp };

// A header as the wire has it, but for what depends on what comes behind it.
struct Header {
  Kind kind = Kind::ipv6;
  unsigned protocol = 0;            // its own number
  std::optional<unsigned> next;     // inline; else it is the next header's own number
  Octets octets;                    // complete, with zeros in the fields that are filled in later
  bool compute_checksum = false;    // UDP
  Address source{}, destination{};  // IPv6
};

class Reader {
 public:
  Reader(std::span<const std::uint8_t> payload, const std::vector<Context>& contexts)
      : bits_(payload), contexts_(contexts) {}

  std::vector<Header> headers(const Link& link) {
    bool more = ipv6(link.source, link.destination);
    unsigned depth = 1;
    while (more) {
      if (bits_.take(3) != 0b111) throw Refused{};
      if (bits_.take(1) == 1) {
        if (bits_.take(1) != 0) throw Refused{};
        udp();
        break;
      }
      const auto which = bits_.take(3);
      const bool next_compressed = bits_.take(1) == 1;
      if (which == 7) {
        if (next_compressed || ++depth > 2) throw Refused{};
        const auto& around = innermost_ipv6();
        more = ipv6(low_half(around.source), low_half(around.destination));
      } else {
        extension(which, next_compressed);
        more = next_compressed;
      }
    }
    return list_;
  }
  Octets rest() { return bits_.rest(); }

 private:
  static Identifier low_half(const Address& address) {
    Identifier result{};
    std::copy(address.begin() + 8, address.end(), result.begin());
    return result;
  }
  const Header& innermost_ipv6() const {
    return *std::find_if(list_.rbegin(), list_.rend(),
                         [](const Header& header) { return header.kind == Kind::ipv6; });
  }

  const Context& context(unsigned number) const {
    for (const auto& candidate : contexts_) {
      if (candidate.number == number) return candidate;
    }
    throw Refused{};
  }

  // Section 3.1.1; whether a compressed header follows.
  bool ipv6(const std::optional<Identifier>& source, const std::optional<Identifier>& destination) {
    if (bits_.take(3) != 0b011) throw Refused{};
    const auto tf = bits_.take(2);
    const bool next_compressed = bits_.take(1) == 1;
    const auto hop_mode = bits_.take(2);
    const bool extended = bits_.take(1) == 1;
    const bool sac = bits_.take(1) == 1;
    const auto sam = bits_.take(2);
    const bool multicast = bits_.take(1) == 1;
    const bool dac = bits_.take(1) == 1;
    const auto dam = bits_.take(2);
    const auto source_context = extended ? bits_.take(4) : 0;
    const auto destination_context = extended ? bits_.take(4) : 0;

    unsigned ecn = 0, dscp = 0, flow = 0;
    if (tf < 3) ecn = bits_.take(2);
    if (tf == 0 || tf == 2) dscp = bits_.take(6);
    if (tf == 0) (void)bits_.take(4);
    if (tf == 1) (void)bits_.take(2);
    if (tf < 2) flow = bits_.take(20);

    Header header{.kind = Kind::ipv6, .protocol = ipv6_protocol};
    if (!next_compressed) header.next = bits_.take(8);
    constexpr unsigned hops[] = {0, 1, 64, 255};
    const auto hop_limit = hop_mode == 0 ? bits_.take(8) : hops[hop_mode];
    header.source = sac && sam == 0 ? Address{} : unicast(sac, sam, source_context, source);
    if (multicast) {
      header.destination = group(dac, dam, destination_context);
    } else {
      if (dac && dam == 0) throw Refused{};
      header.destination = unicast(dac, dam, destination_context, destination);
    }
    const auto first = 6u << 28 | (dscp << 2 | ecn) << 20 | flow;
    for (unsigned shift = 32; shift > 0; shift -= 8) push(header, first >> (shift - 8));
    for (int zeros = 0; zeros < 3; ++zeros) push(header, 0);
    push(header, hop_limit);
    header.octets.insert(header.octets.end(), header.source.begin(), header.source.end());
    header.octets.insert(header.octets.end(), header.destination.begin(), header.destination.end());
    list_.push_back(header);
    return next_compressed;
  }

  static void push(Header& header, unsigned value) {
    header.octets.push_back(static_cast<std::uint8_t>(value & 0xFF));
  }

  // The context's bits win, also over an identifier that reaches into them.
  Address unicast(bool stateful, unsigned mode, unsigned number,
                  const std::optional<Identifier>& elided) {
    Address address{};
    if (!stateful) address = {0xFE, 0x80};
    const std::size_t carried = std::array<std::size_t, 4>{16, 8, 2, 0}[mode];
    if (mode == 2) {
      address[11] = 0xFF;
      address[12] = 0xFE;
    }
    if (mode == 3) {
      if (!elided) throw Refused{};
      std::copy(elided->begin(), elided->end(), address.begin() + 8);
    }
    const auto octets = bits_.octets(carried);
    std::copy(octets.rbegin(), octets.rend(), address.rbegin());
    if (!stateful) return address;
    const auto& known = context(number);
    for (unsigned bit = 0; bit < known.bits; ++bit) {
      const auto mask = static_cast<std::uint8_t>(0x80u >> bit % 8);
      address[bit / 8] =
          static_cast<std::uint8_t>((address[bit / 8] & ~mask) | (known.prefix[bit / 8] & mask));
    }
    return address;
  }

  Address group(bool stateful, unsigned mode, unsigned number) {
    Address address{0xFF};
    if (stateful) {
      if (mode != 0) throw Refused{};
      const auto& known = context(number);
      if (known.bits > 64) throw Refused{};
      address[1] = static_cast<std::uint8_t>(bits_.take(8));
      address[2] = static_cast<std::uint8_t>(bits_.take(8));
      address[3] = static_cast<std::uint8_t>(known.bits);
      for (unsigned bit = 0; bit < known.bits; ++bit) {
        address[4 + bit / 8] = static_cast<std::uint8_t>(
            address[4 + bit / 8] | (known.prefix[bit / 8] & 0x80u >> bit % 8));
      }
      tail(address, 4);
      return address;
    }
    if (mode == 0) {
      tail(address, 16);
    } else if (mode == 3) {
      address[1] = 2;
      tail(address, 1);
    } else {
      address[1] = static_cast<std::uint8_t>(bits_.take(8));
      tail(address, mode == 1 ? 5 : 3);
    }
    return address;
  }
  void tail(Address& address, std::size_t count) {
    const auto octets = bits_.octets(count);
    std::copy(octets.rbegin(), octets.rend(), address.rbegin());
  }

  // Section 4.2.
  void extension(unsigned which, bool next_compressed) {
    constexpr unsigned protocols[] = {0, 43, 44, 60, 135};
    if (which > 4) throw Refused{};
    Header header{.kind = Kind::extension, .protocol = protocols[which]};
    if (!next_compressed) header.next = bits_.take(8);
    const bool is_fragment = which == 2;
    const auto length = bits_.take(8);
    header.octets = {0, 0};
    const auto data = bits_.octets(is_fragment ? 6 : length);
    header.octets.insert(header.octets.end(), data.begin(), data.end());
    const auto missing = (8 - header.octets.size() % 8) % 8;
    const bool has_options = which == 0 || which == 3;
    if (missing > 0 && !has_options) throw Refused{};
    if (missing == 1) header.octets.push_back(0);
    if (missing > 1) {
      header.octets.push_back(1);
      header.octets.push_back(static_cast<std::uint8_t>(missing - 2));
      header.octets.resize(header.octets.size() + missing - 2);
    }
    if (!is_fragment) header.octets[1] = static_cast<std::uint8_t>(header.octets.size() / 8 - 1);
    list_.push_back(header);
  }

  // Section 4.3.3; the dispatch has been read.
  void udp() {
    const bool elided = bits_.take(1) == 1;
    const auto ports = bits_.take(2);
    unsigned source = 0, destination = 0;
    switch (ports) {
      case 0:
        source = bits_.take(16);
        destination = bits_.take(16);
        break;
      case 1:
        source = bits_.take(16);
        destination = 0xF000 + bits_.take(8);
        break;
      case 2:
        source = 0xF000 + bits_.take(8);
        destination = bits_.take(16);
        break;
      default:
        source = 0xF0B0 + bits_.take(4);
        destination = 0xF0B0 + bits_.take(4);
    }
    const auto checksum = elided ? 0 : bits_.take(16);
    Header header{.kind = Kind::udp, .protocol = udp_protocol, .compute_checksum = elided};
    for (const auto value : {source, destination, 0u, checksum}) {
      push(header, value >> 8);
      push(header, value);
    }
    list_.push_back(header);
  }

  Bits bits_;
  const std::vector<Context>& contexts_;
  std::vector<Header> list_;
};

// RFC 8200 section 8.1.
unsigned udp_checksum(const Header& ipv6, const Octets& segment) {
  Octets all(ipv6.source.begin(), ipv6.source.end());
  all.insert(all.end(), ipv6.destination.begin(), ipv6.destination.end());
  all.insert(all.end(), {0, 0, static_cast<std::uint8_t>(segment.size() >> 8),
                         static_cast<std::uint8_t>(segment.size()), 0, 0, 0, udp_protocol});
  all.insert(all.end(), segment.begin(), segment.end());
  if (all.size() % 2 != 0) all.push_back(0);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < all.size(); i += 2) sum += all[i] * 256u + all[i + 1];
  const auto checksum = static_cast<unsigned>((0xFFFF - sum % 0xFFFF) % 0xFFFF);
  return checksum == 0 ? 0xFFFF : checksum;
}

void store(Octets& octets, std::size_t at, std::size_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value);
}

// From the end to the beginning; `behind` counts what follows each header, to the datagram's end.
Octets write(const std::vector<Header>& headers, Octets tail, std::size_t behind, bool whole) {
  for (std::size_t index = headers.size(); index-- > 0;) {
    const auto& header = headers[index];
    auto octets = header.octets;
    const auto next = header.next                  ? *header.next
                      : index + 1 < headers.size() ? headers[index + 1].protocol
                                                   : 0u;
    if (header.kind == Kind::ipv6) {
      store(octets, 4, behind);
      octets[6] = static_cast<std::uint8_t>(next);
    } else if (header.kind == Kind::extension) {
      octets[0] = static_cast<std::uint8_t>(next);
    } else {
      store(octets, 4, behind + 8);
    }
    behind += octets.size();
    tail.insert(tail.begin(), octets.begin(), octets.end());
    if (!header.compute_checksum) continue;
    const bool hidden = std::ranges::any_of(headers, [](const Header& other) {
      return other.kind == Kind::extension && (other.protocol == 43 || other.protocol == 44);
    });
    if (!whole || hidden) throw Refused{};
    const auto around = std::find_if(headers.rbegin(), headers.rend(),
                                     [](const Header& other) { return other.kind == Kind::ipv6; });
    store(tail, 6, udp_checksum(*around, tail));
  }
  return tail;
}

}  // namespace

std::optional<Octets> decode(std::span<const std::uint8_t> payload, const Link& link,
                             const std::vector<Context>& contexts, std::optional<unsigned> size) {
  const auto limit = std::min<std::size_t>(size.value_or(longest_datagram), longest_datagram);
  if (!payload.empty() && payload[0] == 0x41) {
    if (payload.size() - 1 > limit) return std::nullopt;
    return Octets(payload.begin() + 1, payload.end());
  }
  try {
    Reader reader(payload, contexts);
    const auto headers = reader.headers(link);
    const auto tail = reader.rest();
    std::size_t before = 0;
    for (const auto& header : headers) before += header.octets.size();
    if (before + tail.size() > limit) return std::nullopt;
    return write(headers, tail, size ? *size - before : tail.size(), !size);
  } catch (const Refused&) {
    return std::nullopt;
  }
}

}  // namespace iphc
