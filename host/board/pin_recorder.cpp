// SPDX-License-Identifier: MIT
#include "host/board/pin_recorder.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

namespace goldcrest::board {
namespace {

struct Use {
  Pin pin;
  std::string_view name;
};

/// What the board connects to the pins.
constexpr std::array<Use, 14> uses{{
    {{0, 0}, "JUMPER"},
    {{0, 2}, "CONSOLE_TX"},
    {{0, 3}, "CONSOLE_RX"},
    {{0, 4}, "RADIO_GPIO2"},
    {{0, 5}, "LED"},
    {{0, 6}, "RADIO_MISO"},
    {{0, 7}, "RADIO_MOSI"},
    {{0, 10}, "RADIO_SDN"},
    {{1, 0}, "RADIO_GPIO1"},
    {{1, 3}, "RADIO_SCK"},
    {{1, 6}, "RADIO_CS"},
    {{2, 1}, "RADIO_GPIO0"},
    {{2, 7}, "RADIO_GPIO3"},
    {{2, 13}, "BUTTON"},
}};

/// PA0 to PC15, PD2, PH0 and PH1.
std::vector<Pin> package_pins() {
  std::vector<Pin> pins;
  for (unsigned port = 0; port < 3; ++port) {
    for (unsigned number = 0; number < pins_per_port; ++number) pins.push_back({port, number});
  }
  pins.insert(pins.end(), {{3, 2}, {7, 0}, {7, 1}});
  return pins;
}

std::string name_of(Pin pin) {
  return fmt::format("P{}{}", static_cast<char>('A' + pin.port), pin.number);
}

std::string_view use_of(Pin pin) {
  for (const Use& use : uses) {
    if (use.pin == pin) return use.name;
  }
  return {};
}

/// Two printable characters.
std::string identifier(Pin pin) {
  const unsigned number = pin.port * pins_per_port + pin.number;
  return {static_cast<char>('A' + number / 16), static_cast<char>('a' + number % 16)};
}

}  // namespace

PinRecorder::PinRecorder(Board& board, std::ostream& output, Format format)
    : board_(board), output_(output), format_(format) {
  header();
  board_.watch_pins([this](const PinChange& changed) { change(changed); });
}

PinRecorder::~PinRecorder() {
  board_.watch_pins({});
}

void PinRecorder::header() {
  const auto pins = package_pins();
  if (format_ == Format::text) {
    for (const Pin pin : pins) change({board_.time_ns(), pin, board_.level(pin)});
    return;
  }
  output_ << "$version goldcrest-board $end\n$timescale 1ns $end\n$scope module board $end\n";
  for (const Pin pin : pins) {
    const auto use = use_of(pin);
    const auto name = use.empty() ? name_of(pin) : fmt::format("{}_{}", name_of(pin), use);
    output_ << fmt::format("$var wire 1 {} {} $end\n", identifier(pin), name);
  }
  output_ << "$upscope $end\n$enddefinitions $end\n";
  stamp(board_.time_ns());
  output_ << "$dumpvars\n";
  for (const Pin pin : pins) output_ << (board_.level(pin) ? '1' : '0') << identifier(pin) << '\n';
  output_ << "$end\n";
}

void PinRecorder::stamp(std::int64_t time_ns) {
  if (time_ns == stamped_ns_) return;
  stamped_ns_ = time_ns;
  output_ << '#' << time_ns << '\n';
}

void PinRecorder::change(const PinChange& change) {
  if (format_ == Format::vcd) {
    stamp(change.time_ns);
    output_ << (change.level ? '1' : '0') << identifier(change.pin) << '\n';
    return;
  }
  const auto use = use_of(change.pin);
  output_ << fmt::format("{}.{:09d} {} {}{}{}\n", change.time_ns / 1'000'000'000,
                         change.time_ns % 1'000'000'000, name_of(change.pin), change.level ? 1 : 0,
                         use.empty() ? "" : " ", use);
}

void PinRecorder::finish() {
  if (format_ == Format::vcd) stamp(board_.time_ns());
  output_.flush();
}

}  // namespace goldcrest::board
