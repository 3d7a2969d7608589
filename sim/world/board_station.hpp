// SPDX-License-Identifier: MIT
// A virtual board on the virtual air, with its console collected.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "host/board/board.hpp"
#include "sim/air/air.hpp"

namespace goldcrest::sim {

class BoardStation final : private board::RadioPort {
 public:
  BoardStation(Air& air, const board::BoardOptions& options)
      : air_(air), board_(options), station_(air.add(board_.radio())) {
    board_.connect(*this);
  }

  board::Board& board() { return board_; }
  const board::Board& board() const { return board_; }
  StationId station() const { return station_; }

  void run_until(base::Instant until) {
    board_.run_until(until);
    const auto text = board_.take_serial();
    if (text.empty()) return;
    console_ += text;
    if (sink_) sink_(text);
  }

  /// Everything the board has printed since clear_console().
  const std::string& console() const { return console_; }
  void clear_console() { console_.clear(); }
  /// Called with console output as it appears.
  void watch(std::function<void(std::string_view)> sink) { sink_ = std::move(sink); }

 private:
  void transmit(base::Instant begin, base::Instant end, std::span<const std::uint8_t> payload,
                const board::RadioSettings& settings) override {
    air_.transmit(station_, begin, end, payload, settings);
  }
  int rssi_dbm(base::Instant now, const board::RadioSettings& settings) override {
    return air_.rssi_dbm(station_, now, settings);
  }

  Air& air_;
  board::Board board_;
  StationId station_;
  std::string console_;
  std::function<void(std::string_view)> sink_;
};

}  // namespace goldcrest::sim
