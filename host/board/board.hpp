// SPDX-License-Identifier: MIT
// A virtual NUCLEO-L152RE with X-NUCLEO-IDS01A5, running the very binaries of the real one.
//
// A Board is a value that is stepped through time: everything that happens depends only on its
// options and on the calls made, so two runs with the same calls are identical. `Instant` counts
// from the world's origin; a board that is switched on later starts then.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "host/board/pins.hpp"
#include "host/board/radio_port.hpp"

namespace goldcrest::board {

struct BoardOptions {
  /// Seeds torn flash values and RAM contents at power-on.
  std::uint64_t seed = 1;
  /// The 96-bit unique device id at 0x1FF800D0/D4/E4; the firmware makes its EUI-64 from it.
  std::array<std::uint32_t, 3> unique_id{0x0A0B0C0D, 0x31373538, 0x00000001};
  /// Categories of Chip::trace() that are wanted.
  std::vector<std::string> trace;
  std::function<void(std::string_view)> trace_sink;
};

/// Where in a flash operation the power goes.
enum class CutPhase : std::uint8_t { before, inside, after };

struct PowerCut {
  /// The one that begins when flash_operations() has this value.
  std::uint64_t flash_operation = 0;
  CutPhase phase = CutPhase::before;
  std::uint64_t torn_seed = 0;  ///< chooses the mixture when `inside`
  /// Inside a half page: this word, 0 to 31, is the torn one; without, the seed chooses it.
  std::optional<std::uint8_t> torn_word{};
  /// Inside an operation on program memory: some of the bits that were changing read differently
  /// from one moment to the next, until they are erased or written.
  bool unstable = false;
};

enum class FlashOperationKind : std::uint8_t {
  erase_page,
  program_word,
  program_half_page,
  write_eeprom,
  write_option_bytes,
};

/// An operation of the flash interface begins.
struct FlashOperation {
  std::uint64_t number = 0;  ///< as PowerCut counts
  FlashOperationKind kind = FlashOperationKind::program_word;
  std::uint32_t address = 0;
};

/// A pin has a new level.
struct PinChange {
  std::int64_t time_ns = 0;  ///< board time, exact to the instruction block
  Pin pin;
  bool level = false;
};

struct Activity;
class Debugger;
class Machine;

class Board {
 public:
  explicit Board(const BoardOptions& options);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  // --- the outside world -------------------------------------------------------------------------
  /// Connects the antenna; before the first run_until(). Without it the air is silent.
  void connect(RadioPort& air);
  /// The radio's receiving side, for the air to call.
  RadioReceiver& radio();
  /// What the programmer (ST-Link) does: erases and programs `bytes` at `address` in flash, whole
  /// pages. Works with power on; the caller resets afterwards. Fails, with the reason, on a locked
  /// board (RDP level 2; level 1 mass-erases first), bad address or size.
  [[nodiscard]] std::expected<void, std::string> program(std::uint32_t address,
                                                         std::span<const std::uint8_t> bytes);
  /// What the debug port can read of program memory or data EEPROM; fails on a board with readout
  /// protection.
  [[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> read_flash(
      std::uint32_t address, std::uint32_t size);
  /// An operation of the flash interface that is under way when the power goes is torn, in a way
  /// that the board's seed chooses. A reset in the midst of one tears it too.
  void power(bool on);
  /// Switches the power off at this moment, and leaves what is under way as if it had not begun,
  /// torn, or complete, as `how` says (its flash_operation is not looked at). The operation that
  /// was under way, if one was.
  std::optional<FlashOperation> cut_power(const PowerCut& how);
  bool powered() const;
  /// The reset button (NRST), pressed and let go.
  void reset();
  /// What the chip starts from after the next reset, by BOOT0 and BOOT1 (PB2): RM0038 2.8.
  enum class BootPins : std::uint8_t { program_memory, system_memory, ram };
  void set_boot_pins(BootPins pins);
  void set_jumper(bool fitted);   ///< PA0 to 3V3
  void set_button(bool pressed);  ///< PC13, low when pressed
  bool jumper() const;            ///< the level at PA0
  bool button() const;            ///< PC13 is low
  bool led() const;               ///< PA5
  /// What else is wired to the board: a level at any pin, until release(). A push-pull output of
  /// the chip wins against it.
  void drive(Pin pin, bool level);
  void release(Pin pin);
  bool level(Pin pin) const;
  /// Called with every change of a pin's level while the board runs, in the thread that runs it; an
  /// empty function ends it. It must not call the board.
  void watch_pins(std::function<void(const PinChange&)> sink);
  /// Serial console, USART2 through the virtual COM port.
  void type(std::string_view text);
  std::string take_serial();

  // --- time --------------------------------------------------------------------------------------
  base::Instant now() const;
  /// The same in nanoseconds, exact to the instruction block.
  std::int64_t time_ns() const;
  /// Runs to `until`, or past it by less than one block of instructions. A power cut that fires
  /// leaves the board unpowered; time goes on.
  void run_until(base::Instant until);
  /// The earliest instant at which the board does something without outside input: now() while code
  /// executes, the next timer or radio event while it sleeps, `never` when off.
  base::Instant next_event() const;

  // --- faults ------------------------------------------------------------------------------------
  /// Flash and EEPROM operations (page erases, word and half-page programs) begun so far.
  std::uint64_t flash_operations() const;
  /// Arms one cut; power() switches the board on again afterwards.
  void arm(const PowerCut& cut);
  /// True once after an armed cut has fired.
  bool take_cut_fired();
  /// Called with every operation that begins, in the thread that runs the board; an empty function
  /// ends it. It must not call the board.
  void watch_flash(std::function<void(const FlashOperation&)> sink);
  /// Words of program memory that read differently from moment to moment, see PowerCut::unstable.
  std::size_t unstable_words() const;

  // --- debugging ---------------------------------------------------------------------------------
  /// Breakpoints, steps, registers and memory; include debugger.hpp. While it holds the CPU,
  /// run_until() comes back at once and next_event() is `never`.
  Debugger& debugger();

  // --- state -------------------------------------------------------------------------------------
  /// The whole state, flash to radio, and back. Restoring checks magic, version and length.
  std::vector<std::uint8_t> save() const;
  [[nodiscard]] std::expected<void, std::string> restore(std::span<const std::uint8_t> state);
  /// Executed instructions since creation, estimated as four fifths of the executed half-words.
  std::uint64_t instructions() const;
  /// Time in each power mode of chip and radio, with an estimate of the charge; see activity.hpp.
  Activity activity() const;
  /// PC, SP, CONTROL…, for error messages and tests.
  std::string describe_cpu() const;

 private:
  class PinTap;

  std::unique_ptr<Machine> machine_;
  std::unique_ptr<PinTap> pin_tap_;
};

}  // namespace goldcrest::board
