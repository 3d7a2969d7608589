// SPDX-License-Identifier: MIT
// For tests: boards with programs, in hearing distance of each other, in one time. Boards run in
// short steps; what one sends reaches the others at the end of the step in which it begins.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "host/board/board_fixture.hpp"
#include "host/board/radio_port.hpp"

namespace goldcrest::board {

class BoardAir {
 public:
  static constexpr base::Duration step{20};
  static constexpr int rssi_dbm = -60;

  void add(ProgrammedBoard& programmed) {
    ports_.push_back(std::make_unique<Port>(*this, programmed));
    programmed.board.connect(*ports_.back());
  }
  void run_for(base::Duration duration) {
    base::Instant now{};
    for (const auto& port : ports_) now = std::max(now, port->programmed.board.now());
    for (const base::Instant end = now + duration; now < end;) {
      now += step;
      for (const auto& port : ports_) port->programmed.board.run_until(now);
      deliver(now);
    }
    for (const auto& port : ports_)
      port->programmed.console += port->programmed.board.take_serial();
  }
  /// Until every board has printed its last line, at most `limit` longer.
  bool finish(base::Duration limit) {
    constexpr base::Duration slice{20'000};
    for (base::Duration spent{}; spent < limit; spent += slice) {
      run_for(slice);
      if (std::ranges::all_of(ports_, [](const auto& port) {
            return port->programmed.console.find("done\n") != std::string::npos;
          })) {
        return true;
      }
    }
    return false;
  }

 private:
  struct Port;
  struct Packet {
    Port* sender;
    std::uint64_t id;
    base::Instant begin;
    base::Instant end;
    std::vector<std::uint8_t> payload;
    RadioSettings settings;
    bool begun = false;
    bool told = true;  ///< the receivers know all that is known
    bool broken = false;
  };
  struct Port final : RadioPort {
    Port(BoardAir& world, ProgrammedBoard& owner) : air(world), programmed(owner) {}
    virtual ~Port() = default;
    void transmit(base::Instant begin, base::Instant end, std::span<const std::uint8_t> payload,
                  const RadioSettings& settings) override {
      air.packets_.push_back(
          {this, ++air.ids_, begin, end, {payload.begin(), payload.end()}, settings});
    }
    bool begin_packet(base::Instant begin, base::Instant end,
                      const RadioSettings& settings) override {
      transmit(begin, end, {}, settings);
      return true;
    }
    void content_grows(std::span<const std::uint8_t> payload) override {
      if (Packet* packet = air.latest(*this)) {
        packet->payload.assign(payload.begin(), payload.end());
        packet->told = false;
      }
    }
    void end_packet(base::Instant end, bool complete) override {
      if (Packet* packet = air.latest(*this)) {
        packet->end = end;
        packet->broken = !complete;
      }
    }
    int rssi_dbm(base::Instant now, const RadioSettings&) override {
      const bool busy = std::ranges::any_of(air.packets_, [&](const Packet& packet) {
        return packet.sender != this && packet.begin <= now && now < packet.end;
      });
      return busy ? BoardAir::rssi_dbm : -120;
    }
    BoardAir& air;
    ProgrammedBoard& programmed;
  };

  Packet* latest(const Port& sender) {
    const auto found = std::find_if(packets_.rbegin(), packets_.rend(),
                                    [&](const Packet& packet) { return packet.sender == &sender; });
    return found == packets_.rend() ? nullptr : &*found;
  }
  void deliver(base::Instant now) {
    for (Packet& packet : packets_) {
      for (const auto& port : ports_) {
        if (port.get() == packet.sender) continue;
        RadioReceiver& radio = port->programmed.board.radio();
        if (!packet.begun) {
          radio.packet_begin(packet.id, std::max(now, packet.begin), packet.end, rssi_dbm,
                             packet.settings);
        }
        if (!packet.begun || !packet.told) radio.packet_content(packet.id, packet.payload);
        if (packet.end <= now) radio.packet_end(packet.id, now, packet.payload, packet.broken);
      }
      packet.begun = packet.told = true;
    }
    std::erase_if(packets_, [now](const Packet& packet) { return packet.end <= now; });
  }

  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<Packet> packets_;
  std::uint64_t ids_ = 0;
};

}  // namespace goldcrest::board
