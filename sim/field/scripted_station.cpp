// SPDX-License-Identifier: MIT
#include "sim/field/scripted_station.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/base/limits.hpp"
#include "core/wire/sixlowpan.hpp"

namespace goldcrest::sim {

using namespace std::chrono_literals;

namespace {
constexpr int busy_threshold_dbm = -95;
// A SPIRIT1, from receiving to sending; and its own CSMA engine listens for 64 bits at least, so
// that the pause between a frame and its ack does not pass for a free channel.
constexpr base::Duration turnaround = 300us;
constexpr base::Duration sensing_time = 1'700us;
constexpr base::Duration sense_every = 500us;
}  // namespace

std::optional<wire::UpperLayer> ReceivedDatagram::upper() const {
  const auto layer = wire::upper_layer(bytes);
  return layer ? std::optional(*layer) : std::nullopt;
}

std::optional<wire::Icmpv6Message> ReceivedDatagram::rpl() const {
  const auto layer = upper();
  if (!layer || layer->protocol != wire::next_header::icmpv6) return std::nullopt;
  const auto message =
      wire::Icmpv6Message::parse(layer->payload, header().source, header().destination);
  if (!message || message->type != wire::icmpv6_type::rpl_control) return std::nullopt;
  return *message;
}

ScriptedStation::ScriptedStation(World& world, const wire::Eui64& eui64, std::uint64_t seed)
    : world_(world), eui64_(eui64), station_(world.air().add(*this)), random_(seed) {}

Frame ScriptedStation::mac_frame(const wire::MacAddress& to, base::Bytes payload) {
  Frame frame(limits::frame_bytes);
  base::ByteWriter writer(frame);
  wire::MacFrame::data(0xABCD, ++sequence_, wire::MacAddress::from(eui64_), to, payload)
      .emit(writer);
  if (!writer.ok()) throw std::runtime_error("the frame is too long");
  frame.resize(writer.size());
  return frame;
}

void ScriptedStation::sends_datagram(const wire::MacAddress& to, base::Bytes datagram) {
  const wire::LinkAddresses link{wire::MacAddress::from(eui64_), to};
  std::array<std::uint8_t, wire::max_compressed_header> compressed_storage{};
  base::ByteWriter compressed(compressed_storage);
  const auto covered = wire::compress_header(datagram, link, {}, compressed);
  if (!covered) throw std::runtime_error("the datagram cannot be compressed");
  const std::size_t room = limits::frame_bytes - 5 - 8 - to.size();

  Frame payload(compressed.written().begin(), compressed.written().end());
  const auto append = [&](std::size_t from, std::size_t size) {
    const auto bytes = datagram.subspan(from, size);
    payload.insert(payload.end(), bytes.begin(), bytes.end());
  };
  if (payload.size() + datagram.size() - *covered <= room) {
    append(*covered, datagram.size() - *covered);
    return sends(mac_frame(to, payload));
  }
  ++tag_;
  const auto size = static_cast<std::uint16_t>(datagram.size());
  const auto fragment = [&](std::size_t offset) {
    std::array<std::uint8_t, wire::FragmentHeader::later_size> storage{};
    base::ByteWriter writer(storage);
    wire::FragmentHeader{.first = offset == 0,
                         .datagram_size = size,
                         .datagram_tag = tag_,
                         .datagram_offset = static_cast<std::uint16_t>(offset)}
        .emit(writer);
    payload.insert(payload.begin(), writer.written().begin(), writer.written().end());
    sends(mac_frame(to, payload));
    payload.clear();
  };
  const auto free = room - wire::FragmentHeader::first_size - payload.size();
  std::size_t offset = (*covered + free) / 8 * 8;
  append(*covered, offset - *covered);
  fragment(0);
  while (offset < datagram.size()) {
    const auto piece =
        std::min((room - wire::FragmentHeader::later_size) / 8 * 8, datagram.size() - offset);
    append(offset, piece);
    fragment(offset);
    offset += piece;
  }
}

void ScriptedStation::runs_for(base::Duration duration) {
  for (const auto end = now() + duration; now() < end;) {
    world_.run_until(std::min<base::Instant>(now() + sense_every, end));
    if (outgoing_.empty() || now() < std::max(sending_until_, back_off_until_)) continue;
    const auto settings = default_radio_settings();
    if (receiving_ || world_.air().rssi_dbm(station_, now(), settings) > busy_threshold_dbm) {
      free_since_.reset();
      back_off_until_ = now() + random_.below(31) * 1ms;
      continue;
    }
    if (!free_since_) free_since_ = now();
    if (now() - *free_since_ < sensing_time) continue;
    free_since_.reset();
    const auto begin = now() + turnaround;
    sending_until_ = begin + air_time(outgoing_.front().size(), settings);
    world_.air().transmit(station_, begin, sending_until_, outgoing_.front(), settings);
    outgoing_.pop_front();
  }
}

void ScriptedStation::packet_begin(std::uint64_t packet_id, base::Instant begin, base::Instant, int,
                                   const board::RadioSettings& settings) {
  const bool listens = begin >= deaf_until_ && begin >= sending_until_ && !receiving_ &&
                       settings == default_radio_settings();
  if (listens) receiving_ = packet_id;
}

void ScriptedStation::packet_end(std::uint64_t packet_id, base::Instant, base::Bytes payload,
                                 bool corrupt) {
  if (receiving_ != packet_id) return;
  receiving_.reset();
  if (!corrupt) receive(payload);
}

void ScriptedStation::receive(base::Bytes frame) {
  const auto mac = wire::MacFrame::parse(frame);
  if (!mac || mac->type != wire::MacFrameType::data) return;
  if (!mac->destination.is_broadcast() && mac->destination != wire::MacAddress::from(eui64_)) {
    return;
  }
  ++frames_received_;
  const auto dispatch = wire::dispatch_of(mac->payload);
  if (dispatch == wire::Dispatch::first_fragment || dispatch == wire::Dispatch::later_fragment) {
    return receive_fragment(*mac);
  }
  ReceivedDatagram datagram{mac->source, mac->destination.is_broadcast(),
                            Frame(limits::datagram_bytes)};
  const auto size =
      wire::decompress(mac->payload, {mac->source, mac->destination}, {}, datagram.bytes);
  if (!size) return;
  datagram.bytes.resize(*size);
  received_.push_back(std::move(datagram));
}

void ScriptedStation::receive_fragment(const wire::MacFrame& mac) {
  const auto header = wire::FragmentHeader::parse(mac.payload);
  if (!header) return;
  const auto data = mac.payload.subspan(header->size());
  const bool same =
      partial_missing_ > 0 && partial_tag_ == header->datagram_tag && partial_.from == mac.source;
  if (header->first) {
    if (same) return;  // a repetition
    partial_ = {mac.source, mac.destination.is_broadcast(), Frame(header->datagram_size)};
    partial_tag_ = header->datagram_tag;
    partial_missing_ = header->datagram_size;
    const auto size = wire::decompress_first_fragment(
        data, header->datagram_size, {mac.source, mac.destination}, {}, partial_.bytes);
    partial_missing_ = size ? partial_missing_ - *size : 0;
  } else {
    // In order, as the sender sends them; anything else loses the datagram.
    const auto expected = partial_.bytes.size() - partial_missing_;
    if (!same || header->datagram_offset < expected) return;
    if (header->datagram_offset > expected || data.size() > partial_missing_) {
      partial_missing_ = 0;
      return;
    }
    std::ranges::copy(data, partial_.bytes.begin() + header->datagram_offset);
    partial_missing_ -= data.size();
  }
  if (partial_missing_ == 0 && !partial_.bytes.empty()) {
    received_.push_back(std::move(partial_));
    partial_ = {};
  }
}

std::optional<ReceivedDatagram> ScriptedStation::takes() {
  if (received_.empty()) return std::nullopt;
  auto datagram = std::move(received_.front());
  received_.pop_front();
  return datagram;
}

}  // namespace goldcrest::sim
