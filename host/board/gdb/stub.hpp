// SPDX-License-Identifier: MIT
// GDB's remote protocol, the board's side (GDB manual, appendix E), for gdb and for whatever speaks
// to OpenOCD: bytes in, bytes out, no socket. One connection is one Stub.
//
//   gdb::Stub stub(board, monitor);          // halts the board
//   if (!stub.receive(bytes)) hang_up();
//   board.run_until(…); stub.advance();      // reports a halt
//   send(stub.take_output());
//
// Everything that arrives is taken as hostile: what is malformed or refused is answered by an
// error, what cannot be framed ends the connection.
#pragma once

#include <expected>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "host/board/board.hpp"
#include "host/board/debugger.hpp"
#include "host/board/gdb/flash_loader.hpp"
#include "host/board/gdb/packet.hpp"

namespace goldcrest::board::gdb {

class Stub {
 public:
  /// What `monitor` does with a command that the stub does not know: text to show, or what is
  /// wrong.
  using Monitor = std::function<std::expected<std::string, std::string>(std::string_view)>;

  Stub(Board& board, Monitor monitor);
  /// Takes the breakpoints away and lets the board run.
  ~Stub();
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  /// False when the connection is to be closed.
  bool receive(std::string_view bytes);
  /// To be called when the board has run: tells GDB if it has halted.
  void advance();
  std::string take_output() { return std::exchange(output_, {}); }

 private:
  /// What a packet is answered with; nothing when the answer comes later, or never.
  using Answer = std::optional<std::string>;

  void send(std::string_view payload);
  bool packet(std::string_view payload);
  Answer answer(std::string_view payload);
  Answer while_running(std::string_view payload);

  // stub.cpp: running
  Answer resume(std::string_view payload);
  Answer resume_by_actions(std::string_view actions);
  Answer go(char action, std::uint32_t range_begin = 0, std::uint32_t range_end = 0);
  std::string stop_reply() const;
  Answer breakpoint(std::string_view payload);
  bool set_breakpoint(char type, std::uint32_t address, std::uint32_t kind, bool insert);

  // stub_data.cpp: registers, memory, flash
  Answer read_registers();
  Answer write_registers(std::string_view hex);
  Answer read_register(std::string_view payload);
  Answer write_register(std::string_view payload);
  Answer read_memory(std::string_view payload);
  Answer write_memory(std::string_view payload, bool binary);
  Answer flash(std::string_view payload);

  // stub_queries.cpp
  Answer query(std::string_view payload);
  Answer transfer(std::string_view payload);
  Answer monitor(std::string_view hex);
  std::expected<std::string, std::string> monitor_command(std::string_view line);
  Answer verbose(std::string_view payload);

  Board& board_;
  Debugger& debugger_;
  Monitor monitor_;
  PacketReader reader_;
  FlashLoader loader_;
  std::string output_;
  std::string last_packet_;  ///< framed, to be sent again
  bool acknowledge_ = true;
  bool stop_acknowledging_ = false;
  bool reports_breaks_ = false;  ///< GDB understands swbreak and hwbreak
  bool running_ = false;         ///< GDB waits for a stop reply
  bool interrupted_ = false;     ///< by Ctrl-C
  bool hang_up_ = false;
  std::set<std::uint32_t> software_breakpoints_;
  std::set<std::uint32_t> hardware_breakpoints_;
};

/// Answers for what is wrong, numbered as errno is on GNU/Linux.
inline constexpr std::string_view error_refused = "E0d";    // EACCES
inline constexpr std::string_view error_address = "E0e";    // EFAULT
inline constexpr std::string_view error_busy = "E10";       // EBUSY
inline constexpr std::string_view error_malformed = "E16";  // EINVAL
inline constexpr std::string_view error_too_many = "E1c";   // ENOSPC

}  // namespace goldcrest::board::gdb
