// SPDX-License-Identifier: MIT
// libFuzzer target: the walk along extension headers, and the RPL option put in and taken out.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/wire/ipv6.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  std::array<std::uint8_t, 2048> with{};
  std::array<std::uint8_t, 2048> without{};
  if (size > with.size() - wire::RplOption::hop_by_hop_size) return 0;
  const base::Bytes datagram(data, size);
  const auto upper = wire::upper_layer(datagram);
  if (upper && upper->protocol_offset >= size) std::abort();
  const auto header = wire::Ipv6Header::parse(datagram);
  const wire::RplOption option{.instance = 30, .sender_rank = 256};
  base::ByteWriter inserted(with);
  if (!wire::insert_rpl_option(datagram, option, inserted)) return 0;
  const auto first = wire::hop_by_hop(inserted.written());
  if (!first || !*first || !(*first)->rpl) std::abort();
  const auto& found = (*first)->rpl->option;
  if (found.instance != option.instance || found.sender_rank != option.sender_rank) std::abort();
  base::ByteWriter removed(without);
  if (!wire::remove_rpl_option(inserted.written(), removed)) std::abort();
  const auto whole = datagram.first(wire::Ipv6Header::size + header->payload_length);
  if (header->next_header != wire::next_header::hop_by_hop &&
      !std::equal(whole.begin(), whole.end(), without.begin(),
                  without.begin() + static_cast<std::ptrdiff_t>(removed.size()))) {
    std::abort();
  }
  return 0;
}
