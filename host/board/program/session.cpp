// SPDX-License-Identifier: MIT
#include "host/board/program/session.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "host/board/activity.hpp"
#include "host/board/debugger.hpp"
#include "host/board/firmware_file.hpp"
#include "host/system/run.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::board::program {
namespace {

using std::chrono::milliseconds;

/// The board runs in steps of at most this, so that typing and the air are served in between.
constexpr base::Duration step_max = milliseconds(10);
/// Further behind than this (a stopped process, a slow machine), the wall's clock is let go.
constexpr base::Duration lag_max = milliseconds(500);
constexpr base::Duration click_time = milliseconds(150);
constexpr base::Duration save_interval = std::chrono::seconds(1);

BoardOptions board_options(const SessionOptions& options) {
  BoardOptions result;
  result.seed = options.seed;
  result.unique_id[2] = options.id;
  result.trace = options.trace;
  if (!options.trace.empty()) {
    result.trace_sink = [](std::string_view line) { fmt::print(stderr, "{}\n", line); };
  }
  return result;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Splits off the first word.
std::string_view next_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

Session::Session(const SessionOptions& options)
    : options_(options), board_(board_options(options)) {
  board_.watch_flash([this](const FlashOperation& operation) { wear_.count(operation); });
}

// --- start and end -------------------------------------------------------------------------------

std::expected<void, std::string> Session::restore() {
  if (options_.state.empty()) return {};
  const auto read = read_file(options_.state);
  if (!read) return std::unexpected(read.error());
  const auto& bytes = read.value();
  if (!bytes.has_value()) return {};
  if (auto restored = board_.restore(*bytes); !restored) {
    return std::unexpected(fmt::format("{}: {}; remove it to start with an empty board",
                                       options_.state.string(), restored.error()));
  }
  return {};
}

std::expected<void, std::string> Session::open() {
  auto serial = SerialPort::open(options_.serial);
  if (!serial) return std::unexpected(serial.error());
  serial_ = std::make_unique<SerialPort>(std::move(*serial));
  if (!serial_->terminal().empty()) fmt::print(stderr, "console: {}\n", serial_->terminal());
  if (options_.air) {
    auto station = air::ZepStation::open(*options_.air, static_cast<std::uint16_t>(options_.id));
    if (!station) return std::unexpected(station.error());
    air_.emplace(board_, std::move(*station));
  }
  if (!options_.drive.empty()) {
    auto drive = Drive::open(options_.drive, options_.id);
    if (!drive) return std::unexpected(drive.error());
    drive_.emplace(std::move(*drive));
  }
  if (!options_.control.empty()) {
    auto control = ControlServer::open(options_.control);
    if (!control) return std::unexpected(control.error());
    control_.emplace(std::move(*control));
  }
  return options_.gdb ? open_gdb(*options_.gdb) : std::expected<void, std::string>();
}

std::expected<void, std::string> Session::open_gdb(const wire::Endpoint& where) {
  auto gdb =
      GdbServer::open(where, board_, [this](std::string_view line) { return command(line); });
  if (!gdb) return std::unexpected(gdb.error());
  gdb_.emplace(std::move(*gdb));
  fmt::print(stderr, "gdb: target extended-remote {}\n", system::format(gdb_->local()));
  return {};
}

std::expected<void, std::string> Session::save() {
  if (options_.state.empty()) return {};
  unsaved_ = false;
  saved_operations_ = board_.flash_operations();
  return write_file(options_.state, board_.save());
}

void Session::save_changes(base::Instant real) {
  if (board_.flash_operations() != saved_operations_) unsaved_ = true;
  if (!unsaved_ || real < next_save_) return;
  next_save_ = real + save_interval;
  if (auto saved = save(); !saved) system::print_error(saved.error());
}

std::expected<void, std::string> Session::run() {
  if (auto restored = restore(); !restored) return restored;
  if (auto opened = open(); !opened) return opened;
  if (auto saved = save(); !saved) return saved;  // finds out now whether that is possible
  board_.power(true);
  if (options_.jumper) board_.set_jumper(true);
  if (auto programmed = program_image(); !programmed) return programmed;
  if (auto recording = record_pins(); !recording) return recording;
  if (options_.gdb_wait) board_.debugger().request_halt();
  real_origin_ = system::monotonic_now();
  board_origin_ = board_.now();
  if (options_.run_for.count() > 0) end_ = board_.now() + options_.run_for;
  while (!system::stop_requested() && !quit_ && !ended()) {
    const base::Instant real = system::monotonic_now();
    run_board(board_target(real));
    if (ended()) break;
    wait(real);
    serve();
    save_changes(system::monotonic_now());
  }
  return finish();
}

std::expected<void, std::string> Session::program_image() {
  if (options_.image.empty()) return {};
  const auto image = read_firmware(options_.image);
  if (!image) return std::unexpected(image.error());
  if (auto done = board_.program(image->address, image->bytes); !done) return done;
  board_.reset();
  unsaved_ = true;
  return {};
}

std::expected<void, std::string> Session::record_pins() {
  if (options_.pins.empty()) return {};
  pin_file_.open(options_.pins, std::ios::binary | std::ios::trunc);
  if (!pin_file_) return std::unexpected(system_error(options_.pins.string()));
  const bool vcd = options_.pins.extension() == ".vcd";
  pins_.emplace(board_, pin_file_, vcd ? PinRecorder::Format::vcd : PinRecorder::Format::text);
  return {};
}

bool Session::ended() {
  return until_seen_ || board_.now() >= end_;
}

std::expected<void, std::string> Session::finish() {
  if (pins_) {
    pins_->finish();
    if (!pin_file_) return std::unexpected(options_.pins.string() + ": could not be written");
  }
  if (options_.energy) fmt::print(stderr, "{}", describe(board_.activity()));
  if (options_.wear) fmt::print(stderr, "{}", describe(wear_));
  if (auto saved = save(); !saved) return saved;
  if (!options_.until.empty() && !until_seen_) {
    return std::unexpected(
        fmt::format("the console did not show \"{}\" in {:.3f} board seconds", options_.until,
                    std::chrono::duration<double>(board_.now() - board_origin_).count()));
  }
  return {};
}

// --- the loop ------------------------------------------------------------------------------------

/// How far the board may run now.
base::Instant Session::board_target(base::Instant real) {
  if (board_.debugger().halt()) {  // its time stands still
    real_origin_ = real;
    board_origin_ = board_.now();
    return board_.now();
  }
  if (options_.speed == 0) return board_.now() + step_max;
  const auto scaled = [&](base::Duration elapsed) {
    return base::Duration(
        static_cast<base::Duration::rep>(static_cast<double>(elapsed.count()) * options_.speed));
  };
  base::Instant target = board_origin_ + scaled(real - real_origin_);
  if (target - board_.now() > scaled(lag_max)) {
    real_origin_ = real;
    board_origin_ = board_.now();
    target = board_.now() + step_max;
  }
  return std::min(target, board_.now() + std::max(step_max, scaled(step_max)));
}

void Session::run_board(base::Instant until) {
  while (board_.now() < std::min(until, end_) && !board_.debugger().halt()) {
    base::Instant stop = std::min({until, release_at_, end_});
    if (air_) stop = std::min(stop, air_->next_delivery());
    board_.run_until(std::max(stop, board_.now() + base::Duration(1)));
    if (air_) air_->deliver();
    if (board_.now() >= release_at_) {
      release_at_ = base::never;
      board_.set_button(false);
    }
  }
  listen(board_.take_serial());
  if (gdb_) gdb_->advance();
  if (board_.take_cut_fired()) {
    unsaved_ = true;
    fmt::print(stderr, "board: the armed power cut has fired; power is off\n");
  }
}

/// Hands the console's output on, and looks for what --until waits for.
void Session::listen(const std::string& text) {
  serial_->write(text);
  if (options_.until.empty() || until_seen_) return;
  said_ += text;
  until_seen_ = said_.find(options_.until) != std::string::npos;
  if (said_.size() > options_.until.size()) {
    said_.erase(0, said_.size() - options_.until.size());
  }
}

/// Sleeps until the board has something to do, or something comes in.
void Session::wait(base::Instant real) {
  std::vector<pollfd> descriptors;
  if (serial_->input() >= 0) descriptors.push_back({serial_->input(), POLLIN, 0});
  if (air_) descriptors.push_back({air_->descriptor(), POLLIN, 0});
  if (drive_) descriptors.push_back({drive_->descriptor(), POLLIN, 0});
  if (control_) control_->add_descriptors(descriptors);
  if (gdb_) gdb_->add_descriptors(descriptors);
  int timeout_ms = 0;
  if (board_.debugger().halt()) {
    timeout_ms = 100;
  } else if (options_.speed != 0) {
    base::Instant next = std::min(board_.next_event(), release_at_);
    if (air_) next = std::min(next, air_->next_delivery());
    const base::Instant target =
        board_origin_ + base::Duration(static_cast<base::Duration::rep>(
                            static_cast<double>((real - real_origin_).count()) * options_.speed));
    const double board_us =
        next == base::never ? 1e6 : static_cast<double>((next - target).count());
    timeout_ms = static_cast<int>(std::clamp(board_us / options_.speed / 1000.0, 1.0, 100.0));
    if (board_.now() < target) timeout_ms = 0;  // it is behind
  }
  (void)::poll(descriptors.data(), descriptors.size(), timeout_ms);
}

void Session::serve() {
  const std::string typed = serial_->read();
  if (!typed.empty()) board_.type(typed);
  if (air_) air_->advance(system::monotonic_now());
  if (control_) control_->serve(*this);
  if (gdb_) gdb_->serve();
  if (!drive_) return;
  while (const auto dropped = drive_->take()) {
    fmt::print(stderr, "drive: {}, {} bytes\n", dropped->name, dropped->bytes.size());
    if (auto done = program(dropped->bytes)) {
      drive_->succeed(dropped->name);
    } else {
      system::print_error(dropped->name + ": " + done.error());
      drive_->fail(dropped->name, done.error());
    }
  }
}

// --- commands ------------------------------------------------------------------------------------

std::expected<std::string, std::string> Session::command(std::string_view line) {
  std::string_view rest = line;
  const std::string_view word = next_word(rest);
  if (word == "jumper") return jumper(rest);
  if (word == "boot") return boot(rest);
  if (word == "button") return button(rest.empty() ? "click" : rest);
  if (word == "power") return power(rest);
  if (word == "cut") return cut(rest);
  if (word == "reset") {
    if (!board_.powered()) return std::unexpected("the board has no power");
    board_.reset();
    return "";
  }
  if (word == "type") {
    board_.type(std::string(rest) + "\r");
    return "";
  }
  if (word == "status") return status();
  if (word == "energy") return energy();
  if (word == "wear") return wear();
  if (word == "gdb") return gdb();
  if (word == "cpu") return board_.powered() ? board_.describe_cpu() : "no power";
  if (word == "quit") {
    quit_ = true;
    return "";
  }
  return std::unexpected(
      "unknown command; there are jumper, boot, button, reset, power, cut, type, status, energy, "
      "wear, gdb, cpu, program and quit");
}

std::expected<void, std::string> Session::program(std::span<const std::uint8_t> image) {
  if (auto programmed = board_.program(0x08000000, image); !programmed) return programmed;
  board_.reset();
  unsaved_ = true;
  return {};
}

std::expected<std::string, std::string> Session::jumper(std::string_view argument) {
  if (argument != "on" && argument != "off") return std::unexpected("jumper takes on or off");
  board_.set_jumper(argument == "on");
  return "";
}

std::expected<std::string, std::string> Session::boot(std::string_view argument) {
  using Pins = board::Board::BootPins;
  if (argument != "flash" && argument != "system" && argument != "ram") {
    return std::unexpected("boot takes flash, system or ram");
  }
  board_.set_boot_pins(argument == "flash"    ? Pins::program_memory
                       : argument == "system" ? Pins::system_memory
                                              : Pins::ram);
  return "";
}

std::expected<std::string, std::string> Session::button(std::string_view argument) {
  if (argument != "press" && argument != "release" && argument != "click") {
    return std::unexpected("button takes press, release or click");
  }
  board_.set_button(argument != "release");
  release_at_ = argument == "click" ? board_.now() + click_time : base::never;
  return "";
}

std::expected<std::string, std::string> Session::power(std::string_view argument) {
  if (argument != "on" && argument != "off" && argument != "cut") {
    return std::unexpected("power takes on, off or cut (off and on again)");
  }
  if (argument != "on") board_.power(false);
  if (argument != "off") board_.power(true);
  unsaved_ = true;
  return "";
}

std::expected<std::string, std::string> Session::cut(std::string_view arguments) {
  const auto operation = number(next_word(arguments));
  const std::string_view phase = next_word(arguments);
  const auto seed = arguments.empty() ? 0 : number(arguments);
  const bool known = phase == "before" || phase == "inside" || phase == "after";
  if (!operation || !known || !seed) {
    return std::unexpected(
        "cut takes the number of a flash operation, before, inside or after, "
        "and a seed");
  }
  if (*operation < board_.flash_operations()) {
    return std::unexpected(fmt::format("operation {} has been; the next one is {}", *operation,
                                       board_.flash_operations()));
  }
  const CutPhase when = phase == "before"   ? CutPhase::before
                        : phase == "inside" ? CutPhase::inside
                                            : CutPhase::after;
  board_.arm({.flash_operation = *operation, .phase = when, .torn_seed = *seed});
  return "";
}

/// Where a debugger can connect, on this machine unless --gdb said otherwise.
std::expected<std::string, std::string> Session::gdb() {
  if (board_.debugger().locked()) {
    return std::unexpected("the board is locked for ever (readout protection level 2)");
  }
  if (!gdb_) {
    const auto any_port = system::parse_endpoint("127.0.0.1:0");
    if (!any_port) return std::unexpected(any_port.error());
    if (auto opened = open_gdb(*any_port); !opened) return std::unexpected(opened.error());
  }
  return system::format(gdb_->local());
}

std::string Session::status() const {
  const nlohmann::json json{
      {"time_us", board_.now().time_since_epoch().count()},
      {"powered", board_.powered()},
      {"led", board_.led()},
      {"jumper", board_.jumper()},
      {"button", board_.button()},
      {"flash_operations", board_.flash_operations()},
      {"instructions", board_.instructions()},
  };
  return json.dump();
}

std::string Session::energy() const {
  const Activity activity = board_.activity();
  const auto seconds = [](Picoseconds time) { return static_cast<double>(time) / 1e12; };
  nlohmann::json chip = nlohmann::json::array();
  for (const auto& [state, time] : activity.chip) {
    const double current = chip_current_microampere(state);
    chip.push_back({{"mode", describe(state.mode)},
                    {"hclk_hz", state.hclk_hz},
                    {"voltage_range", state.voltage_range},
                    {"seconds", seconds(time)},
                    {"charge_uah", charge_microampere_hours(current, time)}});
  }
  nlohmann::json radio = nlohmann::json::object();
  for (std::size_t index = 0; index < radio_power_states; ++index) {
    radio[describe(static_cast<RadioPower>(index))] = seconds(activity.radio.in[index]);
  }
  const double chip_charge = activity.chip_microampere_hours();
  const double radio_charge = activity.radio.microampere_hours();
  const nlohmann::json json{{"chip", chip},
                            {"radio_seconds", radio},
                            {"chip_charge_uah", chip_charge},
                            {"radio_charge_uah", radio_charge},
                            {"charge_uah", chip_charge + radio_charge},
                            {"instructions", activity.instructions},
                            {"flash_operations", activity.flash_operations}};
  return json.dump();
}

std::string Session::wear() const {
  nlohmann::json pages = nlohmann::json::array();
  PageWear sum;
  for (const auto& [address, page] : wear_.pages()) {
    sum += page;
    pages.push_back({{"address", address},
                     {"erases", page.erases},
                     {"half_pages", page.half_pages},
                     {"words", page.words}});
  }
  nlohmann::json eeprom = nlohmann::json::array();
  for (const auto& [address, writes] : wear_.eeprom()) {
    eeprom.push_back({{"address", address}, {"writes", writes}});
  }
  const nlohmann::json json{{"erases", sum.erases},
                            {"half_pages", sum.half_pages},
                            {"words", sum.words},
                            {"eeprom_writes", wear_.eeprom_writes()},
                            {"option_byte_writes", wear_.option_bytes()},
                            {"pages", pages},
                            {"eeprom", eeprom}};
  return json.dump();
}

}  // namespace goldcrest::board::program
