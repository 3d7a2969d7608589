// SPDX-License-Identifier: MIT
// For tests: radios that are spoken to over SPI bytes, and an air that carries their packets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/board/spirit1.hpp"
#include "host/board/test_bench.hpp"

namespace goldcrest::board {

using ByteVector = std::vector<std::uint8_t>;

/// A board whose firmware is the test.
class RadioBench : public TestBench {
 public:
  RadioBench() {
    // PA10 drives SDN low, as a GPIO output would.
    drive_pin(0, 10, false);
    run_for(microseconds(1000));
  }

  void trace(std::string_view category, std::string_view text) override {
    TestBench::trace(category, text);
    if (category == "radio") radio_trace.emplace_back(text);
  }

  ByteVector transaction(std::initializer_list<std::uint8_t> head,
                         std::span<const std::uint8_t> data) {
    ByteVector answer;
    drive_pin(1, 6, false);
    for (std::uint8_t byte : head) answer.push_back(radio().transfer(byte));
    for (std::uint8_t byte : data) answer.push_back(radio().transfer(byte));
    drive_pin(1, 6, true);
    return answer;
  }
  void write_radio(std::uint8_t address, std::span<const std::uint8_t> values) {
    (void)transaction({0x00, address}, values);
  }
  void write_radio(std::uint8_t address, std::initializer_list<std::uint8_t> values) {
    write_radio(address, std::span<const std::uint8_t>(values.begin(), values.size()));
  }
  ByteVector read_radio(std::uint8_t address, std::size_t count) {
    const ByteVector answer = transaction({0x01, address}, ByteVector(count, 0xFF));
    return {answer.begin() + 2, answer.end()};
  }
  std::uint8_t read_radio(std::uint8_t address) { return read_radio(address, 1)[0]; }
  void strobe(spirit1::Strobe code) {
    (void)transaction({0x80, static_cast<std::uint8_t>(code)}, {});
  }
  /// MC_STATE[7:1], as the second byte of any transaction tells it.
  std::uint8_t state() { return static_cast<std::uint8_t>(transaction({0x01, 0xC1}, {})[1] >> 1); }
  std::uint32_t take_irqs() {
    const ByteVector flags = read_radio(spirit1::irq_status3, 4);
    return std::uint32_t{flags[0]} << 24 | std::uint32_t{flags[1]} << 16 |
           std::uint32_t{flags[2]} << 8 | flags[3];
  }
  void set_irq_mask(std::uint32_t mask) {
    write_radio(spirit1::irq_mask3,
                {static_cast<std::uint8_t>(mask >> 24), static_cast<std::uint8_t>(mask >> 16),
                 static_cast<std::uint8_t>(mask >> 8), static_cast<std::uint8_t>(mask)});
  }
  bool nirq() const { return pin(2, 7); }

  /// The default profile: 915 MHz, 38.4 kbit/s, BASIC, variable length, CRC-8, whitening.
  void set_profile() {
    const std::uint32_t word = 915'000'000ull * 3 * 262'144 / 50'000'000;
    write_radio(
        spirit1::synt3,
        {static_cast<std::uint8_t>(0xE0 | word >> 21), static_cast<std::uint8_t>(word >> 13),
         static_cast<std::uint8_t>(word >> 5), static_cast<std::uint8_t>((word & 31) << 3 | 1)});
    write_radio(spirit1::chspace, {13});
    write_radio(spirit1::mod1, {147, 0x0A});
    write_radio(spirit1::pcktctrl4, {0x00, 0x06, 0x1F, 0x30});
    write_radio(spirit1::sync4, {0xA8, 0x35, 0x26, 0x1A});
    write_radio(spirit1::filter_options, {0x41});
    write_radio(spirit1::protocol1, {0x01});
    write_radio(spirit1::protocol0, {0x0A});   // persistent RX
    write_radio(spirit1::gpio3_conf, {0x02});  // nIRQ
    (void)take_irqs();
  }
  void load(std::span<const std::uint8_t> payload) {
    write_radio(spirit1::pcktlen1, {static_cast<std::uint8_t>(payload.size() >> 8),
                                    static_cast<std::uint8_t>(payload.size())});
    write_radio(spirit1::fifo, payload);
  }
  ByteVector take_payload() {
    const std::uint8_t count = read_radio(spirit1::linear_fifo_status0);
    return read_radio(spirit1::fifo, count);
  }

  Spirit1& radio() { return peripherals.radio; }

  std::vector<std::string> radio_trace;
};

constexpr std::uint32_t flag(spirit1::Irq irq) {
  return 1u << static_cast<unsigned>(irq);
}

/// Radios in hearing distance of each other, in one time.
class TestAir {
 public:
  struct Packet {
    RadioBench* sender = nullptr;
    std::uint64_t id = 0;
    base::Instant begin;
    base::Instant end;
    ByteVector payload;
    RadioSettings settings;
    bool broken = false;  ///< cut off
  };

  void add(RadioBench& bench) {
    ports_.push_back(std::make_unique<Port>(*this, bench));
    bench.radio().connect(*ports_.back());
  }
  void run_to(Picoseconds until) {
    while (true) {
      Picoseconds next = until;
      for (const auto& port : ports_) {
        next = std::min(next, port->bench.peripherals.next_event());
      }
      for (const Packet& packet : in_flight) next = std::min(next, to_time(packet.end));
      next = std::max(next, time_);
      time_ = next;
      for (const auto& port : ports_) port->bench.run_to(time_);
      const bool delivered = deliver();
      if (time_ >= until && !delivered) return;
    }
  }
  void run_for(Picoseconds duration) { run_to(time_ + duration); }
  void synchronise() {
    for (const auto& port : ports_) time_ = std::max(time_, port->bench.time);
    for (const auto& port : ports_) port->bench.run_to(time_);
  }

  std::vector<Packet> sent;
  std::vector<Packet> in_flight;
  bool corrupt = false;
  bool tell_content = true;
  int rssi_dbm = -60;
  std::optional<int> noise_dbm;

 private:
  struct Port final : RadioPort {
    Port(TestAir& world, RadioBench& owner) : air(world), bench(owner) {}
    virtual ~Port() = default;
    void transmit(base::Instant begin, base::Instant end, std::span<const std::uint8_t> payload,
                  const RadioSettings& settings) override {
      air.send({&bench, ++air.ids, begin, end, {payload.begin(), payload.end()}, settings},
               air.tell_content);
    }
    bool begin_packet(base::Instant begin, base::Instant end,
                      const RadioSettings& settings) override {
      air.send({&bench, ++air.ids, begin, end, {}, settings}, false);
      return true;
    }
    void content_grows(std::span<const std::uint8_t> payload) override { air.grow(bench, payload); }
    void end_packet(base::Instant end, bool complete) override { air.end(bench, end, complete); }
    int rssi_dbm(base::Instant, const RadioSettings&) override {
      int strongest = air.noise_dbm.value_or(-120);
      for (const Packet& packet : air.in_flight) {
        if (packet.sender != &bench) strongest = std::max(strongest, air.rssi_dbm);
      }
      return strongest;
    }
    TestAir& air;
    RadioBench& bench;
  };

  static Picoseconds to_time(base::Instant instant) { return spirit1::to_time(instant); }
  void send(Packet packet, bool with_content) {
    sent.push_back(packet);
    in_flight.push_back(packet);
    for (const auto& port : ports_) {
      if (&port->bench == packet.sender) continue;
      port->bench.radio().packet_begin(packet.id, packet.begin, packet.end, rssi_dbm,
                                       packet.settings);
      if (with_content) port->bench.radio().packet_content(packet.id, packet.payload);
    }
  }
  /// The sender's latest packet in `packets`.
  static Packet* latest(std::vector<Packet>& packets, const RadioBench& sender) {
    const auto found = std::find_if(packets.rbegin(), packets.rend(),
                                    [&](const Packet& packet) { return packet.sender == &sender; });
    return found == packets.rend() ? nullptr : &*found;
  }
  void grow(const RadioBench& sender, std::span<const std::uint8_t> payload) {
    for (std::vector<Packet>* packets : {&sent, &in_flight}) {
      if (Packet* packet = latest(*packets, sender)) {
        packet->payload.assign(payload.begin(), payload.end());
      }
    }
    for (const auto& port : ports_) {
      const Packet* packet = latest(in_flight, sender);
      if (&port->bench == &sender || packet == nullptr) continue;
      port->bench.radio().packet_content(packet->id, payload);
    }
  }
  void end(const RadioBench& sender, base::Instant at, bool complete) {
    for (std::vector<Packet>* packets : {&sent, &in_flight}) {
      Packet* packet = latest(*packets, sender);
      if (packet == nullptr) continue;
      packet->end = at;
      packet->broken = !complete;
    }
  }
  bool deliver() {
    bool any = false;
    for (auto next = in_flight.begin(); next != in_flight.end(); next = in_flight.begin()) {
      next = std::ranges::find_if(
          in_flight, [this](const Packet& packet) { return to_time(packet.end) <= time_; });
      if (next == in_flight.end()) break;
      const Packet packet = std::move(*next);
      in_flight.erase(next);
      any = true;
      for (const auto& port : ports_) {
        if (&port->bench == packet.sender) continue;
        port->bench.radio().packet_end(packet.id, packet.end, packet.payload,
                                       corrupt || packet.broken);
      }
    }
    return any;
  }

  std::vector<std::unique_ptr<Port>> ports_;
  std::uint64_t ids = 0;
  Picoseconds time_ = 0;
};

}  // namespace goldcrest::board
