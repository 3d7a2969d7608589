// SPDX-License-Identifier: MIT
#include "core/net/adaptation.hpp"

#include <algorithm>
#include <utility>

#include "core/base/ensure.hpp"

namespace goldcrest::net {
namespace {

/// A few frames. The rest that follows has room for others' frames, and the eight attempts at one
/// do not all fall into our turn.
constexpr base::Duration turn_on_air = std::chrono::milliseconds(100);

}  // namespace

Adaptation::Adaptation(LinkLayer& link, NeighbourTable& neighbours, PacketQueue queue,
                       std::span<Reassembly> reassemblies, base::Random& random,
                       AdaptationStatistics& statistics)
    : link_(link),
      neighbours_(neighbours),
      queue_(queue),
      statistics_(statistics),
      reassembler_(reassemblies, statistics),
      next_tag_(static_cast<std::uint16_t>(random.next())) {}

void Adaptation::set_prefix(const std::optional<wire::Ipv6Address>& prefix) {
  context_.reset();
  if (prefix) context_ = {.identifier = 0, .prefix = *prefix, .prefix_length = 64};
}

wire::AddressContexts Adaptation::contexts() const {
  return context_ ? wire::AddressContexts(&*context_, 1) : wire::AddressContexts();
}

std::optional<ReceivedDatagram> Adaptation::receive(base::Instant now, const LinkFrame& frame) {
  std::optional<base::MutableBytes> datagram;
  switch (wire::dispatch_of(frame.payload)) {
    case wire::Dispatch::ipv6:
    case wire::Dispatch::iphc:
      if (const auto size =
              wire::decompress(frame.payload, frame.addresses, contexts(), scratch_)) {
        datagram = base::MutableBytes(scratch_).first(*size);
      } else {
        ++statistics_.malformed;
      }
      break;
    case wire::Dispatch::first_fragment:
    case wire::Dispatch::later_fragment:
      datagram = receive_fragment(now, frame);
      break;
    default:
      ++statistics_.malformed;
  }
  if (!datagram) return std::nullopt;
  ++statistics_.datagrams_received;
  return ReceivedDatagram{.source = frame.source,
                          .broadcast = frame.broadcast,
                          .rssi_dbm = frame.rssi_dbm,
                          .bytes = *datagram};
}

std::optional<base::MutableBytes> Adaptation::receive_fragment(base::Instant now,
                                                               const LinkFrame& frame) {
  const auto header = wire::FragmentHeader::parse(frame.payload);
  if (!header) {
    ++statistics_.malformed;
    return std::nullopt;
  }
  auto data = frame.payload.subspan(header->size());
  if (header->first) {
    const auto expanded = wire::decompress_first_fragment(data, header->datagram_size,
                                                          frame.addresses, contexts(), scratch_);
    if (!expanded) {
      ++statistics_.malformed;
      return std::nullopt;
    }
    data = base::Bytes(scratch_).first(*expanded);
  }
  return reassembler_.receive(now, {.source = frame.source,
                                    .known_sender = neighbours_.find(frame.source) != nullptr,
                                    .tag = header->datagram_tag,
                                    .datagram_size = header->datagram_size,
                                    .offset = header->datagram_offset,
                                    .data = data});
}

bool Adaptation::push_out_for(const wire::Eui64& flow, std::size_t bytes) {
  note_queue_full();
  return queue_.push_out_for(flow, bytes);
}

bool Adaptation::make_room(const wire::Eui64& flow, std::size_t bytes) {
  while (!queue_.room_for(bytes)) {
    if (!push_out_for(flow, bytes)) return false;
  }
  return true;
}

void Adaptation::commit(std::size_t size, const std::optional<wire::Eui64>& next_hop,
                        const wire::Eui64& flow) {
  queue_.commit({.size = static_cast<std::uint16_t>(size),
                 .broadcast = !next_hop,
                 .next_hop = next_hop.value_or(wire::Eui64{}),
                 .flow = flow});
}

bool Adaptation::send(base::Bytes datagram, const std::optional<wire::Eui64>& next_hop,
                      const wire::Eui64& flow) {
  if (!make_room(flow, datagram.size())) return false;
  std::ranges::copy(datagram, queue_.free_room().begin());
  commit(datagram.size(), next_hop, flow);
  return true;
}

void Adaptation::pump(base::Instant now) {
  if (const auto outcome = link_.take_outcome()) {
    base::ensure(frame_in_link_);
    frame_in_link_ = false;
    rest_when_overloaded(now);
    if (*outcome == LinkOutcome::given_up) {
      drop_front(false);
    } else if (offset_ >= queue_.front().size) {
      drop_front(true);
    }
  }
  while (!frame_in_link_ && !queue_.empty() && link_.idle() && resting_until_ <= now) {
    send_next_frame(now);
  }
}

void Adaptation::drop_front(bool sent) {
  ++(sent ? statistics_.datagrams_sent : statistics_.datagrams_failed);
  queue_.pop_front();
  offset_ = 0;
  overloaded_ = std::exchange(loses_, false);
}

void Adaptation::rest_when_overloaded(base::Instant now) {
  busy_ = overloaded_ || loses_ ? busy_ + (now - frame_began_) : base::Duration(0);
  if (busy_ < turn_on_air) return;
  resting_until_ = now + std::exchange(busy_, base::Duration(0));
}

base::Instant Adaptation::next_deadline() const {
  const bool resting = !queue_.empty() && !frame_in_link_;
  return std::min(reassembler_.next_deadline(), resting ? resting_until_ : base::never);
}

void Adaptation::send_next_frame(base::Instant now) {
  const auto& entry = queue_.front();
  const auto datagram = queue_.front_bytes();
  const std::optional<wire::Eui64> next_hop =
      entry.broadcast ? std::nullopt : std::optional(entry.next_hop);
  const std::size_t room = LinkLayer::payload_room(entry.broadcast);
  std::array<std::uint8_t, limits::frame_bytes> payload;
  base::ByteWriter writer(base::MutableBytes(payload).first(room));

  const bool first = offset_ == 0;
  if (first) {
    const auto* neighbour = next_hop ? neighbours_.find(*next_hop) : nullptr;
    const bool own_kind = neighbour != nullptr && neighbour->acks == AckAbility::proven;
    const wire::Compression compression{.contexts = own_kind ? contexts() : wire::AddressContexts(),
                                        .extension_headers = own_kind};
    std::array<std::uint8_t, wire::max_compressed_header> headers;
    base::ByteWriter header_writer(headers);
    const auto covered =
        wire::compress_header(datagram, link_.addresses_to(next_hop), compression, header_writer);
    if (!covered) return drop_front(false);
    const std::size_t rest = datagram.size() - *covered;
    if (header_writer.size() + rest <= room) {
      writer.bytes(header_writer.written());
      writer.bytes(datagram.subspan(*covered));
      offset_ = entry.size;
    } else {
      const std::size_t fits = room - wire::FragmentHeader::first_size - header_writer.size();
      const std::size_t end = (*covered + fits) / 8 * 8;
      wire::FragmentHeader{.first = true,
                           .datagram_size = entry.size,
                           .datagram_tag = ++next_tag_,
                           .datagram_offset = 0}
          .emit(writer);
      writer.bytes(header_writer.written());
      writer.bytes(datagram.subspan(*covered, end - *covered));
      offset_ = static_cast<std::uint16_t>(end);
    }
  } else {
    const std::size_t fits = (room - wire::FragmentHeader::later_size) / 8 * 8;
    const std::size_t size = std::min<std::size_t>(fits, datagram.size() - offset_);
    wire::FragmentHeader{.first = false,
                         .datagram_size = entry.size,
                         .datagram_tag = next_tag_,
                         .datagram_offset = offset_}
        .emit(writer);
    writer.bytes(datagram.subspan(offset_, size));
    offset_ = static_cast<std::uint16_t>(offset_ + size);
  }
  base::ensure(writer.ok());
  link_.send(now, next_hop, writer.written(), first);
  frame_in_link_ = true;
  frame_began_ = now;
}

}  // namespace goldcrest::net
