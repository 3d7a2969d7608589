// SPDX-License-Identifier: MIT
// The flash interface at 0x40023C00 and the rules of writing program memory, data EEPROM and option
// bytes, RM0038 chapter 3 (category 5: two banks of 256 KB, pages of 256 bytes, erased value 0).
//
//   0x00 ACR      0x0C PEKEYR    0x18 SR       0x80 WRPR2
//   0x04 PECR     0x10 PRGKEYR   0x1C OBR      0x84 WRPR3
//   0x08 PDKEYR   0x14 OPTKEYR   0x20 WRPR1    0x88 WRPR4
//
// Every erase and every program is one operation with a number; an armed PowerCut names one and
// says whether the power goes before it, in it or after it. A power that goes, or a reset that
// comes, at any other moment tears what is under way. Stored values change when an operation
// begins; BSY, and the stall of a CPU that fetches from the busy bank, last until it ends. A second
// write while one is running waits for it, as the bus does, unless PARALLBANK is set and it goes to
// the other bank. Reads of data EEPROM in a busy bank wait; reads of program memory do not, they
// see the result at once.
//
// A cut may leave bits that are neither: they change every few microseconds, until their page is
// erased or they are programmed.
//
// A category 5 device has no PCROP (SPRMOD, RDERR), and none of the error flags that the STM32L0
// added (NOTZEROERR, FWWERR); its memory corrects errors by itself and says nothing of them.
//
// Stricter than silicon on purpose: programming a word that is not zero changes nothing and sets
// PGAERR, where the chip would store an undefined mixture.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "host/board/board.hpp"
#include "host/board/memory.hpp"
#include "host/board/register_block.hpp"

namespace goldcrest::board {

/// What the flash interface needs of the rest of the chip.
class FlashEnvironment {
 public:
  /// Address of the code that executes.
  virtual std::uint32_t executing_address() const = 0;
  /// Stored code changed: what was translated from it is void.
  virtual void code_changed(std::uint32_t address, std::uint32_t size) = 0;
  virtual void stall_cpu(Picoseconds until) = 0;
  /// The access ends in a bus error.
  virtual void bus_error(std::uint32_t address) = 0;
  /// An armed power cut is reached.
  virtual void power_fails(Picoseconds at) = 0;

 protected:
  ~FlashEnvironment() = default;
};

class FlashController final : public RegisterBlock {
 public:
  enum class ReadoutProtection : std::uint8_t { level_0, level_1, level_2 };

  FlashController(Chip& chip, Memory& memory, FlashEnvironment& environment);

  // --- the CPU's and DMA's writes; reads need no rule ---
  void write_program_memory(std::uint32_t address, std::uint32_t value, unsigned size);
  void write_eeprom(std::uint32_t address, std::uint32_t value, unsigned size);
  void write_option_bytes(std::uint32_t offset, std::uint32_t value, unsigned size);
  std::uint32_t read_option_bytes(std::uint32_t offset) const;
  static constexpr bool has_option_word(std::uint32_t offset) {
    return offset < 0x20 || (offset >= 0x80 && offset < 0x88);
  }
  /// The CPU or DMA reads data EEPROM at `address`: it waits for a busy bank.
  void wait_for_eeprom(std::uint32_t address);
  /// Until when a fetch from `address` has to wait, if it does.
  Picoseconds busy_until(std::uint32_t address) const;
  /// The bank that is busy, of two the one that is longer.
  std::optional<unsigned> busy_bank() const;

  /// FLASH_ACR.LATENCY.
  bool wait_state() const;

  // --- what the user option byte says (RM0038 3.7) ---
  /// IWDG is started by every reset (IWDG_SW = 0).
  bool hardware_watchdog() const;
  /// Bank 2 is tried first after a reset (nBFB2 = 0).
  bool boots_from_bank_2() const;
  /// Entering Stop or Standby resets the chip (nRST_STOP, nRST_STDBY = 0).
  bool resets_on_deep_sleep(bool standby) const;

  // --- readout protection against code that was not started from program memory (RM0038 3.6) ---
  void close(bool closed) { closed_ = closed; }
  bool closed() const { return closed_; }
  /// While closed, an access to program memory or data EEPROM ends in a bus error.
  bool refuses(std::uint32_t address);

  // --- operations and power cuts ---
  std::uint64_t operations() const { return operations_; }
  void arm(const PowerCut& cut) { cut_ = cut; }
  void watch(std::function<void(const FlashOperation&)> sink) { sink_ = std::move(sink); }
  std::size_t unstable_words() const { return unstable_.size(); }
  /// Power goes, or a reset comes, at this moment: operations that are under way are left as `how`
  /// says, those that wait for them have not begun. The one that was under way, if one was.
  std::optional<FlashOperation> interrupt(const PowerCut& how);
  /// Power is gone: the rest of a running instruction block writes nothing more.
  void power_lost() { dead_ = true; }

  // --- the debug port's view ---
  ReadoutProtection readout_protection() const;
  [[nodiscard]] std::expected<void, std::string> debug_program(std::uint32_t address,
                                                               std::span<const std::uint8_t> bytes);
  [[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> debug_read(
      std::uint32_t address, std::uint32_t size) const;

  /// Makes the stored option bytes those in force.
  void load_option_bytes();

  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  /// The cells of an operation.
  struct Content {
    std::vector<std::uint8_t> before;
    std::vector<std::uint8_t> after;
    bool erases_first = false;  ///< EEPROM only: two halves, erasing and programming
    void serialize(Saver& saver) { saver(before, after, erases_first); }
  };

  /// An operation that has not ended, or not even begun.
  struct Write {
    FlashOperation operation;
    Picoseconds start = 0;
    Picoseconds end = 0;
    Content content;
    void serialize(Saver& saver) {
      saver(operation.number, operation.kind, operation.address, start, end, content);
    }
    bool fits() const;
  };

  /// A word of which some bits read differently from one moment to the next.
  struct UnstableWord {
    std::uint32_t offset = 0;
    std::uint32_t bits = 0;
    void serialize(Saver& saver) { saver(offset, bits); }
  };

  void begin(FlashOperationKind kind, std::uint32_t address, Picoseconds duration, Content content);
  void store_content(const Write& write, std::span<const std::uint8_t> bytes);
  void tear(const Write& write, const PowerCut& how);
  void flicker(Picoseconds now);
  /// Words that were erased read the same again.
  void settle(std::uint32_t offset, std::uint32_t size);
  /// So do the bits of a word that were programmed.
  void settle_bits(std::uint32_t offset, std::uint32_t value);
  void erase_page(std::uint32_t address);
  void program_word(std::uint32_t address, std::uint32_t value);
  void collect_half_page(std::uint32_t address, std::uint32_t value);
  void program_half_page(std::uint32_t address);
  void error(std::uint32_t flags, std::uint32_t address, std::string_view reason);
  bool write_protected(std::uint32_t address) const;
  void program_eeprom_double_word(std::uint32_t offset, std::uint32_t value);
  bool busy() const { return busy_until_[0] != 0 || busy_until_[1] != 0; }
  bool write_key(std::uint32_t value, std::array<std::uint32_t, 2> keys, bool locked,
                 std::uint8_t& step);
  void write_access_control(std::uint32_t value);
  void write_control(std::uint32_t value);
  void update_interrupt();
  void mass_erase();
  void restore_factory_options();

  Memory& memory_;
  FlashEnvironment& environment_;

  std::uint32_t access_control_ = 0;
  std::uint32_t control_ = 0;
  std::uint32_t status_ = 0;  ///< EOP and the error flags; the rest is computed
  std::uint32_t option_register_ = 0;
  std::array<std::uint32_t, 4> write_protection_{};
  std::array<std::uint8_t, 4> key_steps_{};  ///< PE, PRG, OPT, PD: keys accepted, or locked out
  std::uint32_t option_errors_ = 0;          ///< OPTVERR, OPTVERRUSR of the options in force
  bool closed_ = false;
  bool power_down_unlocked_ = false;         ///< by PDKEYR, until RUN_PD is cleared
  std::array<Picoseconds, 2> busy_until_{};  ///< by bank; 0: idle
  std::array<std::uint32_t, 32> half_page_{};
  std::uint32_t half_page_base_ = 0;
  std::uint8_t half_page_count_ = 0;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> double_word_;  ///< offset and first word
  std::uint64_t operations_ = 0;
  std::vector<Write> under_way_;  ///< in the order in which they begin
  std::optional<PowerCut> cut_;
  std::function<void(const FlashOperation&)> sink_;
  std::vector<UnstableWord> unstable_;
  Picoseconds flicker_at_ = 0;  ///< when they change next; while there are any
  std::uint64_t flickers_ = 0;
  bool dead_ = false;
  bool reload_options_ = false;  ///< OBL_LAUNCH
};

}  // namespace goldcrest::board
