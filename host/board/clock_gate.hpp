// SPDX-License-Identifier: MIT
// A peripheral behind its clock gate: while the gate is closed its registers read 0 and ignore
// writes (RM0038 "Peripheral clock enable registers"), which is what happens to firmware that
// forgets it.
#pragma once

#include <fmt/format.h>

#include "host/board/rcc.hpp"

namespace goldcrest::board {

class GatedPeripheral final : public Peripheral {
 public:
  GatedPeripheral(Chip& chip, const Rcc& rcc, ClockGate gate, Peripheral& peripheral)
      : chip_(chip), rcc_(rcc), gate_(gate), peripheral_(peripheral) {}

  ClockGate gate() const { return gate_; }
  std::string_view name() const override { return peripheral_.name(); }
  std::uint32_t read(std::uint32_t offset, unsigned size) override {
    return open("read") ? peripheral_.read(offset, size) : 0;
  }
  void write(std::uint32_t offset, std::uint32_t value, unsigned size) override {
    if (open("write")) peripheral_.write(offset, value, size);
  }
  void reset(bool power_on) override { peripheral_.reset(power_on); }
  Picoseconds next_event() const override { return peripheral_.next_event(); }
  void advance(Picoseconds now) override { peripheral_.advance(now); }
  void serialize(Saver& saver) override { peripheral_.serialize(saver); }

 private:
  bool open(std::string_view access) const {
    if (rcc_.enabled(gate_)) return true;
    if (chip_.tracing("registers")) {
      chip_.trace("registers", fmt::format("{} of {} while its clock is off", access, name()));
    }
    return false;
  }

  Chip& chip_;
  const Rcc& rcc_;
  ClockGate gate_;
  Peripheral& peripheral_;
};

}  // namespace goldcrest::board
