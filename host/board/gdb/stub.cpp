// SPDX-License-Identifier: MIT
#include "host/board/gdb/stub.hpp"

#include <fmt/format.h>

#include <utility>

namespace goldcrest::board::gdb {
namespace {

/// Signals as GDB numbers them.
constexpr unsigned signal_interrupt = 2;
constexpr unsigned signal_trap = 5;
constexpr unsigned signal_segmentation = 11;

}  // namespace

Stub::Stub(Board& board, Monitor monitor)
    : board_(board), debugger_(board.debugger()), monitor_(std::move(monitor)), loader_(debugger_) {
  debugger_.request_halt();
}

Stub::~Stub() {
  debugger_.detach();
}

// --- packets -------------------------------------------------------------------------------------

bool Stub::receive(std::string_view bytes) {
  reader_.push(bytes);
  while (!hang_up_) {
    const auto event = reader_.next();
    if (!event) return true;
    switch (event->kind) {
      case PacketReader::Kind::packet:
        if (acknowledge_) output_ += '+';
        if (!packet(event->payload)) return false;
        break;
      case PacketReader::Kind::interrupt:
        if (!running_) break;
        interrupted_ = true;
        debugger_.request_halt();
        advance();
        break;
      case PacketReader::Kind::acknowledged:
        break;
      case PacketReader::Kind::rejected:
        if (acknowledge_) output_ += last_packet_;
        break;
      case PacketReader::Kind::damaged:
        if (acknowledge_) output_ += '-';
        break;
      case PacketReader::Kind::too_long:
        return false;
    }
  }
  return false;
}

bool Stub::packet(std::string_view payload) {
  if (debugger_.locked()) return false;  // the chip's debug port is closed for ever
  const Answer reply = running_ ? while_running(payload) : answer(payload);
  if (reply) send(*reply);
  if (std::exchange(stop_acknowledging_, false)) acknowledge_ = false;
  return !hang_up_;
}

void Stub::send(std::string_view payload) {
  last_packet_ = make_packet(payload);
  output_ += last_packet_;
}

Stub::Answer Stub::while_running(std::string_view payload) {
  if (payload == "k" || payload.starts_with("D") || payload.starts_with("vKill")) {
    return answer(payload);
  }
  return std::string(error_busy);
}

Stub::Answer Stub::answer(std::string_view payload) {
  if (payload.empty()) return "";
  const std::string_view rest = payload.substr(1);
  switch (payload.front()) {
    case '!':
    case 'H':  // there is one thread
    case 'T':
      return "OK";
    case '?':
      debugger_.request_halt();
      return stop_reply();
    case 'c':
    case 'C':
    case 's':
    case 'S':
      return resume(payload);
    case 'D':
      running_ = false;
      debugger_.detach();
      software_breakpoints_.clear();
      hardware_breakpoints_.clear();
      return "OK";
    case 'g':
      return read_registers();
    case 'G':
      return write_registers(rest);
    case 'k':
      hang_up_ = true;
      return std::nullopt;
    case 'm':
      return read_memory(rest);
    case 'M':
      return write_memory(rest, false);
    case 'X':
      return write_memory(rest, true);
    case 'p':
      return read_register(rest);
    case 'P':
      return write_register(rest);
    case 'q':
    case 'Q':
      return query(payload);
    case 'R':
      debugger_.reset();
      return std::nullopt;
    case 'v':
      return verbose(payload);
    case 'z':
    case 'Z':
      return breakpoint(payload);
    default:
      return "";  // not supported
  }
}

// --- running -------------------------------------------------------------------------------------

void Stub::advance() {
  if (!running_ || !debugger_.halt()) return;
  running_ = false;
  send(stop_reply());
  interrupted_ = false;
}

std::string Stub::stop_reply() const {
  const auto halt = debugger_.halt();
  unsigned signal = interrupted_ ? signal_interrupt : signal_trap;
  std::string why;
  if (halt && halt->reason == HaltReason::breakpoint && reports_breaks_) {
    const bool hardware = hardware_breakpoints_.contains(debugger_.read_register(CpuRegister::pc));
    why = hardware ? "hwbreak:;" : "swbreak:;";
  }
  if (halt && halt->reason == HaltReason::watchpoint) {
    const std::string_view name = halt->watch_kind == WatchKind::write  ? "watch"
                                  : halt->watch_kind == WatchKind::read ? "rwatch"
                                                                        : "awatch";
    why = fmt::format("{}:{:08x};", name, halt->data_address);
  }
  if (halt && halt->reason == HaltReason::lockup) signal = signal_segmentation;
  return fmt::format("T{:02x}{}thread:1;", signal, why);
}

/// c [address], C signal[;address], s [address], S signal[;address]; signals mean nothing here.
Stub::Answer Stub::resume(std::string_view payload) {
  Fields fields(payload.substr(1));
  const char action = payload.front();
  if (action == 'C' || action == 'S') {
    if (!fields.number()) return std::string(error_malformed);
    if (!fields.empty() && !fields.skip(';')) return std::string(error_malformed);
  }
  if (!fields.empty()) {
    const auto address = fields.number();
    if (!address || !fields.empty()) return std::string(error_malformed);
    debugger_.write_register(CpuRegister::pc, *address);
  }
  return go(action);
}

/// vCont;action[:thread]…: the first that is for the only thread counts.
Stub::Answer Stub::resume_by_actions(std::string_view actions) {
  for (Fields list(actions); !list.empty();) {
    Fields action(list.until(';'));
    const std::string_view thread = [&] {
      const std::size_t colon = action.rest().find(':');
      return colon == std::string_view::npos ? std::string_view() : action.rest().substr(colon + 1);
    }();
    if (!thread.empty() && thread != "1" && thread != "0" && thread != "-1") continue;
    Fields fields(action.until(':'));
    if (fields.skip('c') || fields.skip('C')) return go('c');
    if (fields.skip('s') || fields.skip('S')) return go('s');
    if (!fields.skip('r')) break;
    const auto begin = fields.number();
    if (!begin || !fields.skip(',')) break;
    const auto end = fields.number();
    if (!end || *end < *begin) break;
    return go('s', *begin, *end);
  }
  return std::string(error_malformed);
}

Stub::Answer Stub::go(char action, std::uint32_t range_begin, std::uint32_t range_end) {
  running_ = true;
  interrupted_ = false;
  if (action == 's' || action == 'S') {
    debugger_.step(range_begin, range_end);
  } else {
    debugger_.attach();  // it may have been detached
    debugger_.resume();
  }
  advance();
  return std::nullopt;
}

/// Z type,address,kind and z; conditions and commands are GDB's own.
Stub::Answer Stub::breakpoint(std::string_view payload) {
  Fields fields(payload.substr(1));
  const char type = fields.empty() ? '\0' : fields.rest().front();
  fields.skip(type);
  if (type < '0' || type > '4') return "";
  if (!fields.skip(',')) return std::string(error_malformed);
  const auto address = fields.number();
  if (!address || !fields.skip(',')) return std::string(error_malformed);
  const auto kind = fields.number();
  if (!kind || (!fields.empty() && !fields.skip(';'))) return std::string(error_malformed);
  const bool done = set_breakpoint(type, *address, *kind, payload.front() == 'Z');
  return std::string(done ? "OK" : error_too_many);
}

bool Stub::set_breakpoint(char type, std::uint32_t address, std::uint32_t kind, bool insert) {
  if (type >= '2') {
    const WatchKind watch = type == '2'   ? WatchKind::write
                            : type == '3' ? WatchKind::read
                                          : WatchKind::access;
    if (insert) return debugger_.add_watchpoint(address, kind, watch);
    debugger_.remove_watchpoint(address, kind, watch);
    return true;
  }
  auto& own = type == '0' ? software_breakpoints_ : hardware_breakpoints_;
  const auto& other = type == '0' ? hardware_breakpoints_ : software_breakpoints_;
  if (insert) {
    if (!debugger_.add_breakpoint(address)) return false;
    own.insert(address);
  } else {
    own.erase(address);
    if (!other.contains(address)) debugger_.remove_breakpoint(address);
  }
  return true;
}

}  // namespace goldcrest::board::gdb
