// SPDX-License-Identifier: MIT
#include "core/wire/sixlowpan_address.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::wire::sixlowpan {
namespace {

constexpr std::size_t identifier_offset = 8;
constexpr Ipv6Address link_local_prefix{{0xFE, 0x80}};
/// 0000:00ff:fe00:XXXX
constexpr InterfaceIdentifier short_identifier{0, 0, 0, 0xFF, 0xFE, 0, 0, 0};
constexpr std::uint8_t max_multicast_prefix_length = 64;

// Where the inline bytes of an address lie: a piece near the front (multicast only), and a tail.
struct Inline {
  std::size_t front = 0;  ///< bytes from offset 1 on
  std::size_t tail = 0;   ///< last bytes

  std::size_t size() const { return front + tail; }
};

Inline inline_of(const AddressMode& mode) {
  constexpr Inline unicast[] = {{0, 16}, {0, 8}, {0, 2}, {0, 0}};
  constexpr Inline multicast[] = {{0, 16}, {1, 5}, {1, 3}, {0, 1}};
  constexpr Inline prefix_multicast{2, 4};
  if (!mode.multicast) return mode.stateful && mode.mode == 0 ? Inline{} : unicast[mode.mode];
  return mode.stateful ? prefix_multicast : multicast[mode.mode];
}

bool read_inline(base::ByteReader& reader, const Inline& place, Ipv6Address& address) {
  base::MutableBytes bytes(address.bytes);
  reader.copy_to(bytes.subspan(1, place.front));
  reader.copy_to(bytes.last(place.tail));
  return reader.ok();
}

/// Bits that the context covers are always the context's, even inside the interface identifier.
void overlay(Ipv6Address& address, const AddressContext& context) {
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const std::size_t covered = context.prefix_length > 8 * i ? context.prefix_length - 8 * i : 0;
    const auto mask = static_cast<std::uint8_t>(covered >= 8 ? 0xFF : 0xFF00u >> covered);
    address.bytes[i] =
        static_cast<std::uint8_t>((address.bytes[i] & ~mask) | (context.prefix.bytes[i] & mask));
  }
}

void set_identifier(Ipv6Address& address, const InterfaceIdentifier& identifier) {
  std::copy(identifier.begin(), identifier.end(), address.bytes.begin() + identifier_offset);
}

std::expected<Ipv6Address, SixlowpanError> expand_unicast(
    base::ByteReader& reader, const AddressMode& mode, const AddressContext* context,
    const std::optional<InterfaceIdentifier>& link) {
  if (mode.stateful && mode.mode == 0) return Ipv6Address{};
  Ipv6Address address = mode.stateful ? Ipv6Address{} : link_local_prefix;
  if (mode.mode == 2) set_identifier(address, short_identifier);
  if (mode.mode == 3) {
    if (!link) return std::unexpected(SixlowpanError::no_link_address);
    set_identifier(address, *link);
  }
  if (!read_inline(reader, inline_of(mode), address)) {
    return std::unexpected(SixlowpanError::truncated);
  }
  if (context) overlay(address, *context);
  return address;
}

std::expected<Ipv6Address, SixlowpanError> expand_multicast(base::ByteReader& reader,
                                                            const AddressMode& mode,
                                                            const AddressContext* context) {
  Ipv6Address address{{0xFF, 0x02}};
  if (context) {
    if (context->prefix_length > max_multicast_prefix_length) {
      return std::unexpected(SixlowpanError::reserved_encoding);
    }
    Ipv6Address prefix;
    overlay(prefix, *context);
    address.bytes[3] = context->prefix_length;
    std::copy_n(prefix.bytes.begin(), 8, address.bytes.begin() + 4);
  }
  if (!read_inline(reader, inline_of(mode), address)) {
    return std::unexpected(SixlowpanError::truncated);
  }
  return address;
}

/// True when `mode` restores `address`. Expanding is the definition, so it is what is asked.
bool restores(const AddressMode& mode, const Ipv6Address& address, AddressContexts contexts,
              const std::optional<InterfaceIdentifier>& link) {
  std::array<std::uint8_t, 16> buffer{};
  base::ByteWriter writer(buffer);
  emit_inline(writer, mode, address);
  base::ByteReader reader(writer.written());
  const auto expanded = expand_address(reader, mode, contexts, link);
  return expanded && *expanded == address;
}

AddressMode choose_mode(const Ipv6Address& address, bool multicast, AddressContexts contexts,
                        const std::optional<InterfaceIdentifier>& link) {
  AddressMode best{.multicast = multicast};
  const auto consider = [&](const AddressMode& candidate) {
    if (inline_of(candidate).size() < inline_of(best).size() &&
        restores(candidate, address, contexts, link)) {
      best = candidate;
    }
  };
  for (std::uint8_t mode = 3; mode > 0; --mode) {
    consider({.multicast = multicast, .stateful = false, .mode = mode, .context = 0});
  }
  for (const auto& context : contexts) {
    base::ensure(context.identifier <= 15 && context.prefix_length <= 128);
    const auto with_mode = [&](std::uint8_t mode) {
      return AddressMode{
          .multicast = multicast, .stateful = true, .mode = mode, .context = context.identifier};
    };
    if (multicast) {
      consider(with_mode(0));
    } else {
      for (std::uint8_t mode = 3; mode > 0; --mode) consider(with_mode(mode));
    }
  }
  return best;
}

}  // namespace

std::optional<InterfaceIdentifier> interface_identifier(const MacAddress& address) {
  if (!address.is_unicast()) return std::nullopt;
  if (address.mode == MacAddressMode::short_address) {
    auto identifier = short_identifier;
    base::store_be16(identifier.data() + 6, address.short_address);
    return identifier;
  }
  return interface_identifier(Ipv6Address::link_local_from(address.extended));
}

InterfaceIdentifier interface_identifier(const Ipv6Address& address) {
  InterfaceIdentifier identifier{};
  std::copy(address.bytes.begin() + identifier_offset, address.bytes.end(), identifier.begin());
  return identifier;
}

const AddressContext* find_context(AddressContexts contexts, std::uint8_t identifier) {
  const auto found =
      std::find_if(contexts.begin(), contexts.end(),
                   [&](const AddressContext& context) { return context.identifier == identifier; });
  return found == contexts.end() ? nullptr : &*found;
}

std::expected<Ipv6Address, SixlowpanError> expand_address(
    base::ByteReader& reader, const AddressMode& mode, AddressContexts contexts,
    const std::optional<InterfaceIdentifier>& link) {
  const bool unspecified = !mode.multicast && mode.stateful && mode.mode == 0;
  const AddressContext* context = nullptr;
  if (mode.multicast && mode.stateful && mode.mode != 0) {
    return std::unexpected(SixlowpanError::reserved_encoding);
  }
  if (mode.stateful && !unspecified) {
    context = find_context(contexts, mode.context);
    if (!context) return std::unexpected(SixlowpanError::unknown_context);
  }
  return mode.multicast ? expand_multicast(reader, mode, context)
                        : expand_unicast(reader, mode, context, link);
}

AddressMode choose_source_mode(const Ipv6Address& address, AddressContexts contexts,
                               const std::optional<InterfaceIdentifier>& link) {
  if (address.unspecified()) return {.multicast = false, .stateful = true, .mode = 0};
  return choose_mode(address, false, contexts, link);
}

AddressMode choose_destination_mode(const Ipv6Address& address, AddressContexts contexts,
                                    const std::optional<InterfaceIdentifier>& link) {
  return choose_mode(address, address.multicast(), contexts, link);
}

void emit_inline(base::ByteWriter& writer, const AddressMode& mode, const Ipv6Address& address) {
  const auto place = inline_of(mode);
  const base::Bytes bytes(address.bytes);
  writer.bytes(bytes.subspan(1, place.front));
  writer.bytes(bytes.last(place.tail));
}

}  // namespace goldcrest::wire::sixlowpan
