// SPDX-License-Identifier: MIT
// RCC at 0x40023800, IRQ 5, RM0038 chapter "Reset and clock control".
//
// The clock tree: MSI (2.097 MHz after reset), HSI 16 MHz, HSE, PLL, their start-up times and ready
// flags, the prescalers, the clock gates and resets of the peripherals, the reset flags, and the
// RTC's clock, which survives a system reset and is written only while PWR_CR.DBP is set.
//
// On the NUCLEO, OSC_IN carries 8 MHz from the ST-Link (HSE works in bypass mode only, there is no
// crystal), and a 32.768 kHz crystal is on LSE. Both are there as long as the board has power, so
// the clock security systems can be switched on and never find a failure. Trimming is stored and
// changes no frequency: the internal oscillators run at their nominal ones.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

/// Told after any clock has changed.
class ClockListener {
 public:
  virtual void clocks_changed() = 0;

 protected:
  ~ClockListener() = default;
};

/// Told when RCC_xxxRSTR holds a peripheral in reset.
class PeripheralResetter {
 public:
  virtual void reset_peripheral(unsigned bus, unsigned bit) = 0;

 protected:
  ~PeripheralResetter() = default;
};

/// Where a peripheral's clock gate and reset are: bus 0 = AHB, 1 = APB2, 2 = APB1, and the bit.
struct ClockGate {
  unsigned bus = 0;
  unsigned bit = 0;
};

class Rcc final : public RegisterBlock {
 public:
  static constexpr unsigned irq = 5;
  /// What PeripheralResetter is told for RCC_CSR.RTCRST.
  static constexpr unsigned rtc_domain_bus = 3;
  static constexpr std::uint32_t hsi_hz = 16'000'000;
  static constexpr std::uint32_t hse_bypass_hz = 8'000'000;
  static constexpr std::uint32_t lse_hz = 32'768;
  static constexpr std::uint32_t lsi_hz = 37'000;

  explicit Rcc(Chip& chip);

  void add_listener(ClockListener& listener) { listeners_.push_back(&listener); }
  void set_resetter(PeripheralResetter& resetter) { resetter_ = &resetter; }
  /// Write access to the RTC domain (PWR_CR.DBP).
  void set_backup_access(bool allowed) { backup_access_ = allowed; }

  std::uint32_t hclk_hz() const { return hclk_hz_; }
  std::uint32_t pclk1_hz() const { return pclk1_hz_; }
  std::uint32_t pclk2_hz() const { return pclk2_hz_; }
  /// Timers run at twice a divided APB clock. `bus`: 1 = APB2, 2 = APB1.
  std::uint32_t timer_hz(unsigned bus) const;
  /// The RTC's clock, 0 while it is off, not selected or not ready.
  std::uint32_t rtc_hz() const;
  bool enabled(ClockGate gate) const;
  bool hsi_ready() const { return oscillators_[hsi].ready; }
  /// Oscillators as they reach the timers' inputs, 0 while they are off or not ready; HSE as the
  /// RTC gets it.
  std::uint32_t lse_clock_hz() const { return source_hz(lse); }
  std::uint32_t lsi_clock_hz() const { return source_hz(lsi); }
  std::uint32_t msi_clock_hz() const { return source_hz(msi); }
  std::uint32_t hse_rtc_clock_hz() const;

  /// IWDG, once started, keeps LSI on until the next reset (RM0038 "LSI clock").
  void force_lsi();
  /// After a reset: the flag of RCC_CSR that says why. PINRSTF comes with every one.
  void note_reset(std::uint32_t flag);
  /// The CPU goes into or comes out of Stop: clocks stand still; afterwards MSI is the system
  /// clock.
  void enter_stop();
  void leave_stop();

  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  enum Source : std::size_t { lsi, lse, hsi, hse, pll, msi, source_count };
  struct Oscillator {
    bool on = false;
    bool ready = false;
    Picoseconds ready_at = no_event;
    void serialize(Saver& saver);
  };

  void switch_on(Source source, bool on, Picoseconds start_up);
  bool in_use(Source source) const;
  void write_control(std::uint32_t value);
  void write_configuration(std::uint32_t value);
  void write_status(std::uint32_t value);
  void write_rtc_domain(std::uint32_t value);
  void reset_rtc_domain();
  void write_resets(unsigned bus, std::uint32_t value);
  void start_pll();
  void update();
  std::uint32_t source_hz(Source source) const;
  std::uint32_t pll_hz() const;
  std::uint32_t control() const;
  std::uint32_t status() const;

  std::vector<ClockListener*> listeners_;
  PeripheralResetter* resetter_ = nullptr;
  bool backup_access_ = false;
  bool stopped_ = false;
  bool lsi_forced_ = false;

  std::array<Oscillator, source_count> oscillators_{};
  std::uint32_t control_ = 0;  ///< CR bits that are just stored
  std::uint32_t calibration_ = 0;
  std::uint32_t configuration_ = 0;  ///< CFGR without SWS
  std::uint32_t switched_to_ = 0;    ///< SWS
  std::uint32_t interrupts_ = 0;     ///< CIR enables and flags
  std::uint32_t status_ = 0;         ///< CSR bits that are just stored
  std::array<std::uint32_t, 3> resets_{};
  std::array<std::uint32_t, 3> enables_{};
  std::array<std::uint32_t, 3> sleep_enables_{};
  std::uint32_t hclk_hz_ = 0;
  std::uint32_t pclk1_hz_ = 0;
  std::uint32_t pclk2_hz_ = 0;
};

}  // namespace goldcrest::board
