// SPDX-License-Identifier: MIT
// A board in real time: its state file, its connections to the world, and the loop that keeps its
// clock in step with the wall's.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/board/board.hpp"
#include "host/board/pin_recorder.hpp"
#include "host/board/program/air_port.hpp"
#include "host/board/program/control.hpp"
#include "host/board/program/drive.hpp"
#include "host/board/program/gdb_server.hpp"
#include "host/board/program/serial_port.hpp"
#include "host/board/wear.hpp"

namespace goldcrest::board::program {

struct SessionOptions {
  std::filesystem::path state;
  std::filesystem::path image;  ///< programmed at the start
  std::filesystem::path pins;   ///< takes what happens at the pins
  base::Duration run_for{};     ///< board time after which it ends; 0: never
  std::string until;            ///< what the console must show; it ends then
  bool energy = false;          ///< report at the end
  bool wear = false;            ///< report at the end
  std::string serial = "stdio";
  std::optional<wire::Endpoint> air;
  bool jumper = false;
  std::filesystem::path drive;
  std::filesystem::path control;
  std::optional<wire::Endpoint> gdb;
  bool gdb_wait = false;  ///< halted until a debugger lets it run
  double speed = 1.0;     ///< board seconds a real second; 0: as fast as it goes
  std::vector<std::string> trace;
  std::uint64_t seed = 1;
  std::uint32_t id = 1;
};

class Session final : private ControlHandler {
 public:
  explicit Session(const SessionOptions& options);

  /// Restores the state, opens everything and runs until a stop signal or `quit`.
  [[nodiscard]] std::expected<void, std::string> run();

 private:
  std::expected<void, std::string> restore();
  std::expected<void, std::string> open();
  std::expected<void, std::string> open_gdb(const wire::Endpoint& where);
  std::expected<void, std::string> save();
  void save_changes(base::Instant real);
  std::expected<void, std::string> record_pins();
  std::expected<void, std::string> program_image();
  std::expected<void, std::string> finish();
  /// Whether --until or --for ends the run.
  bool ended();

  base::Instant board_target(base::Instant real);
  void run_board(base::Instant until);
  void listen(const std::string& text);
  void wait(base::Instant real);
  void serve();

  std::expected<std::string, std::string> command(std::string_view line) override;
  std::expected<void, std::string> program(std::span<const std::uint8_t> image) override;
  std::expected<std::string, std::string> jumper(std::string_view argument);
  std::expected<std::string, std::string> boot(std::string_view argument);
  std::expected<std::string, std::string> button(std::string_view argument);
  std::expected<std::string, std::string> power(std::string_view argument);
  std::expected<std::string, std::string> cut(std::string_view arguments);
  std::expected<std::string, std::string> gdb();
  std::string status() const;
  std::string energy() const;
  std::string wear() const;

  SessionOptions options_;
  Board board_;
  WearCounter wear_;  ///< since the start of the program
  std::ofstream pin_file_;
  std::optional<PinRecorder> pins_;
  std::unique_ptr<SerialPort> serial_;
  std::optional<AirPort> air_;
  std::optional<Drive> drive_;
  std::optional<ControlServer> control_;
  std::optional<GdbServer> gdb_;

  base::Instant real_origin_;  ///< real time at which the board's time was board_origin_
  base::Instant board_origin_;
  base::Instant release_at_ = base::never;  ///< of a clicked button, board time
  bool quit_ = false;
  base::Instant end_ = base::never;  ///< board time
  std::string said_;                 ///< the end of the console's output, while --until waits
  bool until_seen_ = false;
  std::uint64_t saved_operations_ = 0;
  bool unsaved_ = false;
  base::Instant next_save_;
};

}  // namespace goldcrest::board::program
