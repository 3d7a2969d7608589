// SPDX-License-Identifier: MIT
#include "host/board/board.hpp"

#include <algorithm>
#include <utility>

#include "host/board/machine.hpp"

namespace goldcrest::board {
namespace {

constexpr Picoseconds picoseconds_per_nanosecond = 1'000;

Picoseconds to_picoseconds(base::Instant instant) {
  const std::int64_t count = instant.time_since_epoch().count();
  return count > no_event / picoseconds_per_microsecond ? no_event
                                                        : count * picoseconds_per_microsecond;
}

}  // namespace

/// Hands on what happens at the pins.
class Board::PinTap final : public PinListener {
 public:
  explicit PinTap(const Machine& machine) : machine_(machine) {}

  void pin_changed(Pin pin, bool level) override {
    if (sink) sink({machine_.time() / picoseconds_per_nanosecond, pin, level});
  }

  std::function<void(const PinChange&)> sink;

 private:
  const Machine& machine_;
};

Board::Board(const BoardOptions& options)
    : machine_(std::make_unique<Machine>(options)), pin_tap_(std::make_unique<PinTap>(*machine_)) {
  machine_->peripherals().pins.add_listener(*pin_tap_);
}

Board::~Board() = default;

void Board::connect(RadioPort& air) {
  machine_->peripherals().radio.connect(air);
}

RadioReceiver& Board::radio() {
  return machine_->peripherals().radio;
}

std::expected<void, std::string> Board::program(std::uint32_t address,
                                                std::span<const std::uint8_t> bytes) {
  if (!powered()) return std::unexpected("the board has no power");
  return machine_->flash().debug_program(address, bytes);
}

std::expected<std::vector<std::uint8_t>, std::string> Board::read_flash(std::uint32_t address,
                                                                        std::uint32_t size) {
  return machine_->flash().debug_read(address, size);
}

void Board::power(bool on) {
  machine_->power(on);
}
std::optional<FlashOperation> Board::cut_power(const PowerCut& how) {
  return machine_->cut_power(how);
}
bool Board::powered() const {
  return machine_->powered();
}
void Board::reset() {
  machine_->reset_button();
}

void Board::set_boot_pins(BootPins pins) {
  using Chosen = Syscfg::BootMemory;
  machine_->set_boot_pins(pins == BootPins::ram             ? Chosen::ram
                          : pins == BootPins::system_memory ? Chosen::system
                                                            : Chosen::program);
}

void Board::set_jumper(bool fitted) {
  Pins& pins = machine_->peripherals().pins;
  if (fitted) {
    pins.drive(Peripherals::jumper_pin, true);
  } else {
    pins.release(Peripherals::jumper_pin);
  }
}

void Board::set_button(bool pressed) {
  Pins& pins = machine_->peripherals().pins;
  if (pressed) {
    pins.drive(Peripherals::button_pin, false);
  } else {
    pins.release(Peripherals::button_pin);
  }
}

bool Board::jumper() const {
  return machine_->peripherals().pins.level(Peripherals::jumper_pin);
}

bool Board::button() const {
  return !machine_->peripherals().pins.level(Peripherals::button_pin);
}

bool Board::led() const {
  return powered() && machine_->peripherals().pins.level(Peripherals::led_pin);
}

void Board::drive(Pin pin, bool level) {
  machine_->peripherals().pins.drive(pin, level);
}
void Board::release(Pin pin) {
  machine_->peripherals().pins.release(pin);
}
bool Board::level(Pin pin) const {
  return machine_->peripherals().pins.level(pin);
}
void Board::watch_pins(std::function<void(const PinChange&)> sink) {
  pin_tap_->sink = std::move(sink);
}

void Board::type(std::string_view text) {
  if (powered()) machine_->peripherals().usart2.push(text);
}

std::string Board::take_serial() {
  return machine_->peripherals().usart2.take_transmitted();
}

base::Instant Board::now() const {
  return base::Instant(base::Duration(machine_->time() / picoseconds_per_microsecond));
}

std::int64_t Board::time_ns() const {
  return machine_->time() / picoseconds_per_nanosecond;
}

void Board::run_until(base::Instant until) {
  machine_->run_until(to_picoseconds(until));
}

base::Instant Board::next_event() const {
  const Picoseconds next = machine_->next_event();
  if (next == no_event) return base::never;
  // Rounded up, so that running to it makes it happen; but never before now().
  const Picoseconds rounded = (next - 1) / picoseconds_per_microsecond + 1;
  const base::Instant event{
      base::Duration(next > machine_->time() ? rounded : next / picoseconds_per_microsecond)};
  return std::max(event, now());
}

std::uint64_t Board::flash_operations() const {
  return machine_->flash().operations();
}
void Board::arm(const PowerCut& cut) {
  machine_->flash().arm(cut);
}
bool Board::take_cut_fired() {
  return machine_->take_cut_fired();
}
void Board::watch_flash(std::function<void(const FlashOperation&)> sink) {
  machine_->flash().watch(std::move(sink));
}
std::size_t Board::unstable_words() const {
  return machine_->flash().unstable_words();
}

Debugger& Board::debugger() {
  return machine_->debugger();
}

std::vector<std::uint8_t> Board::save() const {
  return machine_->save();
}

std::expected<void, std::string> Board::restore(std::span<const std::uint8_t> state) {
  return machine_->restore(state);
}

std::uint64_t Board::instructions() const {
  return machine_->cpu().instructions();
}
Activity Board::activity() const {
  return machine_->activity();
}
std::string Board::describe_cpu() const {
  return machine_->cpu().describe();
}

}  // namespace goldcrest::board
