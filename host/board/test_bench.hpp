// SPDX-License-Identifier: MIT
// For tests: all peripherals without a CPU. Registers are reached by address, as through the bus,
// and time goes from event to event.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/board/clock_time.hpp"
#include "host/board/peripherals.hpp"

namespace goldcrest::board {

class TestBench : public Chip {
 public:
  TestBench() : peripherals(*this) { peripherals.reset(true); }
  virtual ~TestBench() = default;

  // Chip
  Picoseconds now() const override { return time; }
  void set_irq(unsigned irq, bool level) override { irqs.at(irq) = level; }
  using Chip::reschedule;
  void reschedule() override { ++reschedules; }
  std::uint32_t hclk_hz() const override { return peripherals.rcc.hclk_hz(); }
  std::uint32_t pclk1_hz() const override { return peripherals.rcc.pclk1_hz(); }
  std::uint32_t pclk2_hz() const override { return peripherals.rcc.pclk2_hz(); }
  bool pin(unsigned port, unsigned number) const override {
    return peripherals.pins.level({port, number});
  }
  void drive_pin(unsigned port, unsigned number, bool level) override {
    peripherals.pins.drive({port, number}, level);
  }
  void request_reset(std::uint32_t flag) override { reset_requested |= flag; }
  bool tracing(std::string_view) const override { return true; }
  void trace(std::string_view category, std::string_view text) override {
    if (category == "unmodelled") unmodelled.emplace_back(text);
  }

  std::uint32_t bus_read(std::uint32_t address, unsigned size) override {
    if (address - ram_base >= ram.size()) return read(address, size);
    std::uint32_t value = 0;
    for (unsigned index = 0; index < size; ++index) {
      value |= std::uint32_t{ram.at(address - ram_base + index)} << (8 * index);
    }
    return value;
  }
  void bus_write(std::uint32_t address, std::uint32_t value, unsigned size) override {
    if (address - ram_base >= ram.size()) {
      write(address, value, size);
      return;
    }
    for (unsigned index = 0; index < size; ++index) {
      ram.at(address - ram_base + index) = static_cast<std::uint8_t>(value >> (8 * index));
    }
  }
  bool bus_answers(std::uint32_t address, bool) const override {
    return address - ram_base < ram.size() || find(address) != nullptr;
  }
  void signal_event() override { ++events; }

  std::uint32_t read(std::uint32_t address, unsigned size = 4) {
    const auto* window = find(address);
    return window == nullptr ? 0 : window->peripheral->read(address - window->base, size);
  }
  void write(std::uint32_t address, std::uint32_t value, unsigned size = 4) {
    const auto* window = find(address);
    if (window != nullptr) window->peripheral->write(address - window->base, value, size);
  }
  void set_bits(std::uint32_t address, std::uint32_t bits) { write(address, read(address) | bits); }
  void clear_bits(std::uint32_t address, std::uint32_t bits) {
    write(address, read(address) & ~bits);
  }

  void run_to(Picoseconds until) {
    for (Picoseconds next = peripherals.next_event(); next <= until;
         next = peripherals.next_event()) {
      time = std::max(time, next);
      peripherals.advance(time);
    }
    time = std::max(time, until);
  }
  void run_for(Picoseconds duration) { run_to(time + duration); }

  /// Every clock gate open: AHB, APB2, APB1.
  void open_gates() {
    write(0x4002381C, 0xFFFF'FFFF);
    write(0x40023820, 0xFFFF'FFFF);
    write(0x40023824, 0xFFFF'FFFF);
    unmodelled.clear();
  }
  /// 32 MHz from HSI and PLL, as firmware sets it up.
  void run_at_32_mhz() {
    set_bits(0x40023800, 1);
    run_for(microseconds(10));
    write(0x40023808, 1u << 22 | 1u << 18);  // HSI × 4 / 2
    set_bits(0x40023800, 1u << 24);
    run_for(microseconds(200));
    set_bits(0x40023808, 3);
  }

  static constexpr std::uint32_t ram_base = 0x20000000;
  Picoseconds time = 0;
  std::array<bool, 64> irqs{};
  std::uint32_t reset_requested = 0;
  unsigned reschedules = 0;
  unsigned events = 0;
  std::vector<std::string> unmodelled;
  std::array<std::uint8_t, 256> ram{};
  Peripherals peripherals;

 private:
  const Peripherals::Window* find(std::uint32_t address) const {
    for (const auto& window : peripherals.windows()) {
      if (address - window.base < window.size) return &window;
    }
    return nullptr;
  }
};

}  // namespace goldcrest::board
