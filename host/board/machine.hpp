// SPDX-License-Identifier: MIT
// The whole board in one piece: CPU, memories and peripherals on one bus, and the loop that runs
// them through time.
//
// The CPU runs until the next event of any peripheral, then what is due is done and interrupts are
// taken. While the CPU sleeps, time jumps from event to event. Whatever changes the next event or
// the interrupts in between asks the CPU for attention, and it stops at its next block.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/board/activity.hpp"
#include "host/board/board.hpp"
#include "host/board/bus.hpp"
#include "host/board/core_debug.hpp"
#include "host/board/cpu.hpp"
#include "host/board/debugger.hpp"
#include "host/board/event_table.hpp"
#include "host/board/flash_controller.hpp"
#include "host/board/memory.hpp"
#include "host/board/memory_windows.hpp"
#include "host/board/mpu.hpp"
#include "host/board/nvic.hpp"
#include "host/board/peripherals.hpp"
#include "host/board/scb.hpp"
#include "host/board/systick.hpp"

namespace goldcrest::board {

class Machine final : public Chip,
                      private FlashEnvironment,
                      private ClockListener,
                      private CpuPacer,
                      private RamListener,
                      private Syscfg::MemoryMapper {
 public:
  explicit Machine(const BoardOptions& options);

  void run_until(Picoseconds until);
  Picoseconds time() const { return now(); }
  Activity activity() const;
  Picoseconds next_event() const;

  void power(bool on);
  std::optional<FlashOperation> cut_power(const PowerCut& how);
  bool powered() const { return powered_; }
  void reset_button();
  /// What BOOT0 and BOOT1 choose; the next reset looks at them.
  void set_boot_pins(Syscfg::BootMemory chosen) { boot_pins_ = chosen; }

  bool take_cut_fired();
  std::vector<std::uint8_t> save();
  [[nodiscard]] std::expected<void, std::string> restore(std::span<const std::uint8_t> state);

  Debugger& debugger() { return debugger_; }
  std::span<std::uint8_t, eeprom_size> eeprom() { return memory_.eeprom(); }
  Cpu& cpu() { return cpu_; }
  const Memory& memory() const { return memory_; }
  const Cpu& cpu() const { return cpu_; }
  FlashController& flash() { return flash_; }
  const FlashController& flash() const { return flash_; }
  Peripherals& peripherals() { return peripherals_; }
  const Peripherals& peripherals() const { return peripherals_; }

  // Chip
  Picoseconds now() const override;
  void set_irq(unsigned irq, bool level) override { nvic_.set_line(irq, level); }
  void reschedule() override {
    events_.all_changed();
    cpu_.request_attention();
  }
  void reschedule(const EventSource& changed) override {
    events_.changed(changed);
    cpu_.request_attention();
  }
  std::uint32_t hclk_hz() const override { return peripherals_.rcc.hclk_hz(); }
  std::uint32_t pclk1_hz() const override { return peripherals_.rcc.pclk1_hz(); }
  std::uint32_t pclk2_hz() const override { return peripherals_.rcc.pclk2_hz(); }
  bool pin(unsigned port, unsigned number) const override;
  void drive_pin(unsigned port, unsigned number, bool level) override;
  void request_reset(std::uint32_t rcc_csr_flag) override;
  std::uint32_t bus_read(std::uint32_t address, unsigned size) override;
  void bus_write(std::uint32_t address, std::uint32_t value, unsigned size) override;
  bool bus_answers(std::uint32_t address, bool writing) const override {
    return bus_.answers(address, writing);
  }
  void signal_event() override;
  bool tracing(std::string_view category) const override;
  void trace(std::string_view category, std::string_view text) override;

 private:
  // FlashEnvironment
  std::uint32_t executing_address() const override { return cpu_.executing_address(); }
  void code_changed(std::uint32_t address, std::uint32_t size) override;
  void stall_cpu(Picoseconds until) override;
  void bus_error(std::uint32_t address) override { cpu_.bus_error(address); }
  void power_fails(Picoseconds at) override;
  // ClockListener
  void clocks_changed() override;
  // CpuPacer
  std::int64_t more_cycles() override;
  // RamListener
  void ram_written(std::uint32_t address, unsigned size) override {
    cpu_.code_changed(address, size);
  }
  // Syscfg::MemoryMapper
  void map_boot_memory(Syscfg::BootMemory memory) override;

  void attach_core();
  void note_activity();
  bool is_news(std::string_view text);
  Picoseconds time_after(std::uint64_t cycles) const;
  bool time_agrees() const;
  void take_time();
  void set_time(Picoseconds time);
  void do_reset(bool power_on, std::uint32_t cause);
  void start();
  std::optional<std::uint32_t> bank_to_start() const;
  void close_program_memory(bool closed);
  void set_cycle(std::uint32_t hz);
  std::int64_t cycles_until(Picoseconds until);
  Picoseconds advance_peripherals();
  void jump(Picoseconds until);
  void step(Picoseconds until);
  void execute(Picoseconds until);
  bool stalled();
  void fall_asleep();
  bool wake_up();
  void enter_standby();
  void leave_standby();
  void serialize(Saver& saver);
  std::vector<std::uint8_t> save_body();

  BoardOptions options_;
  Memory memory_;
  Nvic nvic_;
  Scb scb_;
  Mpu mpu_;
  AuxiliaryControl auxiliary_control_;
  SysTick systick_;
  Bus bus_;
  Cpu cpu_;
  FlashController flash_;
  ProgramMemory program_memory_;
  DataEeprom eeprom_;
  FactoryInformation factory_;
  BootAlias boot_alias_;
  SoftwareTrigger software_trigger_;
  Dwt dwt_;
  CoreDebug core_debug_;
  DebugMcu debug_mcu_;
  Peripherals peripherals_;
  Debugger debugger_;

  // Time is counted in cycles from an epoch, the last moment at which HCLK changed or the CPU
  // slept: rounding does not add up, and does not depend on how the run is sliced.
  Picoseconds time_ = 0;  ///< without the CPU's cycles that have not been taken
  Picoseconds epoch_ = 0;
  std::uint64_t epoch_cycles_ = 0;
  std::uint32_t cycle_hz_ = 0;  ///< HCLK, as those cycles are counted
  Picoseconds cycle_time_ = 0;  ///< of one, or 0 if it is not a whole number
  EventTable events_;
  Picoseconds until_ = 0;  ///< of run_until()
  bool powered_ = false;
  bool asleep_ = false;   ///< fall_asleep() has been done
  bool stopped_ = false;  ///< in Stop or Standby
  bool standby_ = false;
  Picoseconds stalled_until_ = 0;
  Picoseconds cut_at_ = no_event;
  bool cut_fired_ = false;
  std::optional<std::uint32_t> reset_request_;
  std::uint64_t power_ups_ = 0;
  Syscfg::BootMemory boot_pins_ = Syscfg::BootMemory::program;
  ActivityMeter activity_;
  std::set<std::string, std::less<>> told_unmodelled_;  ///< only what is traced depends on it
};

}  // namespace goldcrest::board
