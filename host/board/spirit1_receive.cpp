// SPDX-License-Identifier: MIT
// The SPIRIT1's packet handler, receiving: locking on a packet, filling the RX FIFO at air rate,
// checksum and filters (datasheet "Packet handler engine", "Automatic packet filtering").
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1.hpp"

namespace goldcrest::board {

using namespace spirit1;

namespace {

constexpr std::uint8_t automatic_filtering = 0x01;  // PROTOCOL1
constexpr std::uint8_t reload_on_sync = 0x80;       // PROTOCOL1
constexpr std::uint8_t persistent_rx = 0x02;        // PROTOCOL0
constexpr std::uint8_t direct_reception = 0x30;     // PCKTCTRL3.RX_MODE

// PCKT_FLT_OPTIONS
constexpr std::uint8_t check_crc = 0x01;
constexpr std::uint8_t match_broadcast = 0x02;
constexpr std::uint8_t match_multicast = 0x04;
constexpr std::uint8_t match_own_address = 0x08;
constexpr std::uint8_t match_source = 0x10;
constexpr std::uint8_t match_control = 0x20;

}  // namespace

void Spirit1::packet_begin(std::uint64_t packet_id, base::Instant begin, base::Instant /*end*/,
                           int rssi_dbm, const RadioSettings& settings) {
  const Picoseconds at = std::max(to_time(begin), chip_.now());
  advance(at);
  if (state_ == State::shutdown) return;
  const RadioSettings own = radio_settings(registers_);
  if (state_ == State::rx && own.frequency_hz == settings.frequency_hz &&
      rssi_code(rssi_dbm) >= registers_[rssi_th]) {
    raise(Irq::rssi_above_threshold);
  }
  if (settings.is_carrier() || reception_ || listen_at_ != no_event) return;
  Reception next;
  next.id = packet_id;
  next.settings = settings;
  next.rssi_dbm = rssi_dbm;
  next.preamble_at = at + air_time(registers_, std::uint64_t{8} * settings.preamble_bytes);
  next.sync_at =
      at + air_time(registers_, std::uint64_t{8} * (settings.preamble_bytes + settings.sync_bytes));
  if (state_ == State::rx) {
    lock_on(std::move(next));
  } else {
    passing_ = std::move(next);
  }
}

// In RX, with what is left of the packet's preamble.
void Spirit1::lock_on(Reception packet) {
  const PacketFormat format = packet_format(registers_);
  const RadioSettings own = radio_settings(registers_);
  if (set(pcktctrl3, direct_reception) ||
      !hears(own, packet.settings, allowed_sync_errors(registers_))) {
    return;
  }
  const Picoseconds good_at = time_ + air_time(registers_, needed_preamble_bits(registers_));
  if (packet.preamble_at < good_at) {
    trace("a packet is missed: too little of its preamble");
    return;
  }
  packet.preamble_at = good_at;
  packet.byte_time = std::max<Picoseconds>(air_time(registers_, byte_bits(format)), 1);
  packet.payload_at =
      packet.sync_at +
      air_time(registers_, content_bits(format, format.length_bytes + format.header_bytes()));
  reception_ = std::move(packet);
  chip_.reschedule();
}

void Spirit1::packet_content(std::uint64_t packet_id, std::span<const std::uint8_t> payload) {
  std::optional<Reception>& packet = reception_ ? reception_ : passing_;
  if (!packet || packet->id != packet_id) return;
  const std::size_t header = packet_format(registers_).header_bytes();
  if (payload.size() < header) return;
  const auto content = payload.subspan(header);
  packet->payload.assign(content.begin(), content.end());
  chip_.reschedule();
}

void Spirit1::packet_end(std::uint64_t packet_id, base::Instant end,
                         std::span<const std::uint8_t> payload, bool corrupt) {
  advance(std::max(to_time(end), chip_.now()));
  if (passing_ && passing_->id == packet_id) passing_.reset();
  if (!reception_ || reception_->id != packet_id) return;
  // Rounding to microseconds may put the end before the last bit of a packet of no bytes.
  synchronise_until(std::max(time_, reception_->sync_at));
  finish_reception(payload, corrupt);
}

void Spirit1::synchronise_until(Picoseconds now) {
  if (!reception_) return;
  Reception& receiving = *reception_;
  if (!receiving.preamble_seen && receiving.preamble_at <= now) {
    receiving.preamble_seen = true;
    registers_[link_qualif2] = static_cast<std::uint8_t>(
        std::min(8u * receiving.settings.preamble_bytes, 255u));  // PQI: no error seen
    raise(Irq::valid_preamble);
  }
  if (!receiving.sync_seen && receiving.sync_at <= now) {
    receiving.sync_seen = true;
    receiving.fifo_before = static_cast<std::uint32_t>(rx_fifo_.size());
    registers_[link_qualif1] = static_cast<std::uint8_t>(
        8u * receiving.settings.sync_bytes -
        2u * sync_errors(radio_settings(registers_), receiving.settings));  // SQI
    registers_[rssi_level] = rssi_code(receiving.rssi_dbm);
    packet_rssi_ = true;
    registers_[afc_corr] = afc_correction(registers_, receiving.settings);
    if (low_duty_cycle() && set(protocol1, reload_on_sync)) {
      wake_up_at_ = later(time_, wake_up_time(registers_, true));
      chip_.reschedule();
    }
    raise(Irq::valid_sync);
    if (timeout_is_stopped()) rx_timeout_at_ = no_event;
  }
}

// A byte is in the FIFO when its last bit has come.
void Spirit1::store_until(Picoseconds now) {
  while (reception_ && reception_->sync_seen && reception_->stored < reception_->payload.size()) {
    Reception& receiving = *reception_;
    if (receiving.payload_at + (receiving.stored + 1) * receiving.byte_time > now) return;
    store(receiving, receiving.payload[receiving.stored]);
  }
}

void Spirit1::store(Reception& receiving, std::uint8_t byte) {
  ++receiving.stored;
  if (!rx_fifo_.push(byte)) {
    if (!receiving.overflow) trace("RX FIFO overflow");
    receiving.overflow = true;
    raise(Irq::rx_fifo_error);
  }
  update_fifo_flags();
}

Picoseconds Spirit1::next_receive_event() const {
  if (!reception_) return no_event;
  const Reception& receiving = *reception_;
  if (!receiving.preamble_seen) return receiving.preamble_at;
  if (!receiving.sync_seen) return receiving.sync_at;
  const std::uint64_t left =
      receiving.payload.size() - std::min<std::size_t>(receiving.stored, receiving.payload.size());
  const auto after = [&receiving](std::uint64_t bytes) {
    return receiving.payload_at +
           static_cast<Picoseconds>(receiving.stored + bytes) * receiving.byte_time;
  };
  const std::uint64_t free = Fifo::capacity - rx_fifo_.size();
  const std::uint64_t threshold = registers_[fifo_config3_rx_almost_full] & 0x7Fu;
  Picoseconds next = no_event;
  if (!rx_almost_full_ && free > threshold && free - threshold <= left) {
    next = after(free - threshold);
  }
  if (!receiving.overflow && left > free) next = std::min(next, after(free + 1));
  return next;
}

void Spirit1::finish_reception(std::span<const std::uint8_t> whole, bool corrupt) {
  if (!reception_) return;
  Reception& receiving = *reception_;
  const PacketFormat format = packet_format(registers_);
  const std::size_t header_size = std::min<std::size_t>(format.header_bytes(), whole.size());
  const std::size_t counted =
      whole.size() - std::min<std::size_t>(format.sequence_bytes, whole.size());
  const bool length_fits =
      format.variable ? counted < std::size_t{1} << format.length_bits : counted == format.length;
  const bool bad = corrupt || !length_fits || whole.size() < format.header_bytes();
  for (std::uint8_t byte :
       whole.subspan(header_size)
           .subspan(std::min<std::size_t>(receiving.stored, whole.size() - header_size))) {
    store(receiving, byte);
  }
  note_packet(whole);
  if (bad && format.has_checksum()) raise(Irq::crc_error);
  const std::string_view reason = refusal(receiving, whole, bad);
  if (tracing()) {
    trace(fmt::format("received {} bytes at {} dBm: {}", whole.size(), receiving.rssi_dbm,
                      reason.empty() ? "accepted" : reason));
  }
  const bool answers = exchange_ && reason.empty() && !bad && is_acknowledgement(whole);
  if (exchange_ && !answers) {  // anything else: listens on
    rx_fifo_.truncate(receiving.fifo_before);
    reception_.reset();
    rx_timeout_at_ = later(time_, rx_timeout(registers_));
    chip_.reschedule();
    return update_fifo_flags();
  }
  const bool again = reason.empty() && !bad && must_acknowledge(whole) && heard_before(whole);
  const bool empty_answer = answers && whole.size() == header_size;
  if (!reason.empty() || again) {
    if (again) trace("a retransmission that is known already");
    discard(receiving);
  } else if (!empty_answer) {
    raise(Irq::rx_data_ready);
  }
  if (answers) {
    reception_.reset();
    rx_timeout_at_ = no_event;
    return acknowledged();
  }
  if (reason.empty() && !bad && must_acknowledge(whole)) {
    reply_.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(header_size));
    std::swap(reply_[0], reply_[1]);
    reply_.back() |= 1u;  // NO_ACK
    reception_.reset();
    rx_timeout_at_ = no_event;
    goal_ = Goal::acknowledge;
    return step_to(State::synth_setup, microseconds(50));
  }
  end_reception();
}

/// Why the packet does not stay in the FIFO; empty if it does.
std::string_view Spirit1::refusal(const Reception& receiving, std::span<const std::uint8_t> whole,
                                  bool bad) const {
  const PacketFormat format = packet_format(registers_);
  if (receiving.overflow) return "discarded, RX FIFO overflow";
  if (!set(protocol1, automatic_filtering)) return {};
  if (bad) {
    const bool checked = format.has_checksum() && set(filter_options, check_crc);
    return checked ? "discarded, CRC error" : std::string_view{};
  }
  return filter_refusal(whole.first(format.header_bytes()));
}

void Spirit1::note_packet(std::span<const std::uint8_t> whole) {
  const PacketFormat format = packet_format(registers_);
  const std::size_t length =
      whole.size() - std::min<std::size_t>(format.sequence_bytes, whole.size());
  registers_[rx_pckt_len1] = static_cast<std::uint8_t>(length >> 8);
  registers_[rx_pckt_len0] = static_cast<std::uint8_t>(length);
  const std::uint32_t crc = checksum(format, whole);
  for (unsigned index = 0; index < 3; ++index) {
    registers_[crc_field0 - index] = static_cast<std::uint8_t>(crc >> (8 * index));
  }
  registers_[link_qualif0] = 0xF0;  // LQI: as good as it gets
  if (whole.size() < format.header_bytes()) return;
  if (format.address_bytes > 0) registers_[rx_addr_field0] = whole[0];
  if (format.address_bytes > 1) registers_[rx_addr_field1] = whole[1];
  for (unsigned index = 0; index < format.control_bytes; ++index) {
    registers_[rx_ctrl_field0 + 3 - index] = whole[format.address_bytes + index];
  }
  if (format.sequence_bytes > 0) {
    const unsigned field = whole[format.address_bytes + format.control_bytes];
    registers_[rx_pckt_info] = static_cast<std::uint8_t>((field & 1u) << 2 | (field >> 1 & 3u));
  }
}

std::string_view Spirit1::filter_refusal(std::span<const std::uint8_t> header) const {
  const PacketFormat format = packet_format(registers_);
  if (format.address_bytes > 0 && !address_matches(header[0])) {
    return "discarded, destination address matches none that is enabled";
  }
  if (format.address_bytes > 1 && set(filter_options, match_source) &&
      ((header[1] ^ registers_[source_address]) & registers_[source_mask]) != 0) {
    return "discarded, source address differs";
  }
  if (!set(filter_options, match_control)) return {};
  for (unsigned index = 0; index < format.control_bytes; ++index) {
    // CONTROL0_MASK belongs to the last of four fields.
    const unsigned place = 3 - index;
    const unsigned differs =
        header[format.address_bytes + index] ^ registers_[control_field + place];
    if ((differs & registers_[control_mask + place]) != 0)
      return "discarded, control field differs";
  }
  return {};
}

// With no destination rule enabled every address passes; otherwise one of them has to match.
bool Spirit1::address_matches(std::uint8_t destination) const {
  struct Rule {
    std::uint8_t option;
    Address reg;
  };
  constexpr std::array<Rule, 3> rules{{{match_own_address, own_address},
                                       {match_multicast, multicast},
                                       {match_broadcast, broadcast}}};
  bool any = false;
  for (const Rule& rule : rules) {
    if ((registers_[filter_options] & rule.option) == 0) continue;
    any = true;
    if (destination == registers_[rule.reg]) return true;
  }
  return !any;
}

// What has come of the packet leaves the FIFO again.
void Spirit1::discard(const Reception& receiving) {
  rx_fifo_.truncate(receiving.fifo_before);
  raise(Irq::rx_data_discarded);
  update_fifo_flags();
}

void Spirit1::end_reception() {
  reception_.reset();
  rx_timeout_at_ = no_event;
  if (low_duty_cycle()) return back_to_sleep();
  if (!set(protocol0, persistent_rx)) return become_ready();
  if (state_ == State::tx) return start_synthesizer(Goal::rx);  // behind an acknowledgement
  rx_timeout_at_ = later(time_, rx_timeout(registers_));
  chip_.reschedule();
}

}  // namespace goldcrest::board
