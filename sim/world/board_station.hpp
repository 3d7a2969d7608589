// SPDX-License-Identifier: MIT
// A virtual board on the virtual air, with its console collected.
//
// What the board sends and prints while it runs is kept until deliver(): boards that run at the
// same time, in threads of their own, then cannot see each other's doings half done.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/board/board.hpp"
#include "sim/air/air.hpp"

namespace goldcrest::sim {

class BoardStation final : private board::RadioPort {
 public:
  BoardStation(Air& air, const board::BoardOptions& options)
      : air_(air),
        trace_sink_(options.trace_sink),
        board_(keeping_trace(options)),
        station_(air.add(board_.radio())) {
    board_.connect(*this);
  }

  board::Board& board() { return board_; }
  const board::Board& board() const { return board_; }
  StationId station() const { return station_; }

  /// Touches nothing but this board and what it has sent and printed; reads the air.
  void run_until(base::Instant until) { board_.run_until(until); }

  /// Hands on what the board has sent, printed and traced since the last time.
  void deliver() {
    for (const auto& deed : std::exchange(deeds_, {})) deed();
    for (const auto& line : std::exchange(trace_, {})) trace_sink_(line);
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
  board::BoardOptions keeping_trace(board::BoardOptions options) {
    if (trace_sink_) {
      options.trace_sink = [this](std::string_view line) { trace_.emplace_back(line); };
    }
    return options;
  }

  void transmit(base::Instant begin, base::Instant end, std::span<const std::uint8_t> payload,
                const board::RadioSettings& settings) override {
    deeds_.push_back([=, this, content = std::vector(payload.begin(), payload.end())] {
      air_.transmit(station_, begin, end, content, settings);
    });
  }
  bool begin_packet(base::Instant begin, base::Instant end,
                    const board::RadioSettings& settings) override {
    transmit(begin, end, {}, settings);
    return true;
  }
  void content_grows(std::span<const std::uint8_t> payload) override {
    deeds_.push_back([this, content = std::vector(payload.begin(), payload.end())] {
      air_.grow(station_, content);
    });
  }
  void end_packet(base::Instant end, bool complete) override {
    deeds_.push_back([=, this] { air_.finish(station_, end, complete); });
  }
  int rssi_dbm(base::Instant now, const board::RadioSettings& settings) override {
    return air_.rssi_dbm(station_, now, settings);
  }

  Air& air_;
  std::function<void(std::string_view)> trace_sink_;
  std::vector<std::string> trace_;
  std::vector<std::function<void()>> deeds_;  ///< on the air, in order
  board::Board board_;
  StationId station_;
  std::string console_;
  std::function<void(std::string_view)> sink_;
};

}  // namespace goldcrest::sim
