// SPDX-License-Identifier: MIT
// The stub's general queries, `monitor`, and the packets with long names.
#include <fmt/format.h>

#include <algorithm>

#include "host/board/gdb/descriptions.hpp"
#include "host/board/gdb/stub.hpp"

namespace goldcrest::board::gdb {
namespace {

constexpr std::string_view monitor_help =
    "reset [halt|run]                  NRST; the CPU waits at its first instruction\n"
    "maskisr on|off                    interrupts wait while single instructions are stepped\n"
    "halt                              does nothing: GDB halts the CPU\n"
    "and those of the control socket:\n"
    "jumper on|off                     PA0 to 3V3\n"
    "boot flash|system|ram             what BOOT0 and BOOT1 choose at the next reset\n"
    "button press|release|click        the blue user button\n"
    "power on|off|cut                  cut: off and on again\n"
    "cut N before|inside|after [SEED]  power fails at flash operation N\n"
    "type TEXT                         TEXT and Return on the serial console\n"
    "status                            as JSON\n"
    "energy                            time in each power mode, charge, as JSON\n"
    "cpu                               registers, and what the CPU is doing\n";

}  // namespace

Stub::Answer Stub::query(std::string_view payload) {
  Fields fields(payload);
  const std::string_view name = fields.until(':');
  if (name == "qSupported") {
    reports_breaks_ = payload.contains("swbreak+");
    return fmt::format(
        "PacketSize={:x};QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;"
        "qXfer:features:read+;qXfer:memory-map:read+",
        packet_max);
  }
  if (name == "QStartNoAckMode") {
    stop_acknowledging_ = true;
    return "OK";
  }
  if (name == "qXfer") return transfer(fields.rest());
  if (payload.starts_with("qRcmd,")) return monitor(payload.substr(6));
  if (name == "qC") return "QC1";
  if (name == "qfThreadInfo") return "m1";
  if (name == "qsThreadInfo") return "l";
  if (payload.starts_with("qThreadExtraInfo,")) return to_hex("Cortex-M3");
  if (name == "qAttached") return "1";
  if (name == "qOffsets") return "Text=0;Data=0;Bss=0";
  if (name == "qSymbol") return "OK";
  return "";
}

/// features:read:target.xml:offset,length and memory-map:read::offset,length.
Stub::Answer Stub::transfer(std::string_view payload) {
  Fields fields(payload);
  const std::string_view object = fields.until(':');
  const std::string_view operation = fields.until(':');
  const std::string_view annex = fields.until(':');
  const bool features = object == "features" && annex == "target.xml";
  const bool map = object == "memory-map" && annex.empty();
  if (operation != "read" || (!features && !map)) return "E00";
  const auto offset = fields.number();
  if (!offset || !fields.skip(',')) return std::string(error_malformed);
  const auto length = fields.number();
  if (!length || !fields.empty()) return std::string(error_malformed);
  const std::string_view text = features ? target_description() : memory_map();
  const std::string_view left = text.substr(std::min<std::size_t>(*offset, text.size()));
  const std::string_view part = left.substr(0, std::min<std::size_t>(*length, packet_max / 2));
  return (part.size() == left.size() ? "l" : "m") + std::string(part);
}

Stub::Answer Stub::monitor(std::string_view hex) {
  const auto bytes = from_hex(hex);
  if (!bytes) return std::string(error_malformed);
  const auto result = monitor_command(std::string(bytes->begin(), bytes->end()));
  std::string text = result ? *result : "error: " + result.error();
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  // Console output, in packets that are not too long.
  for (std::size_t at = 0; at < text.size(); at += packet_max / 4) {
    send("O" + to_hex(std::string_view(text).substr(at, packet_max / 4)));
  }
  return "OK";
}

std::expected<std::string, std::string> Stub::monitor_command(std::string_view line) {
  Fields words(line);
  const std::string_view command = words.until(' ');
  if (command == "help" || command.empty()) return std::string(monitor_help);
  if (command == "reset") {
    if (!board_.powered()) return std::unexpected("the board has no power");
    debugger_.reset();
    return "";
  }
  if (command == "halt") return "";
  if (command == "maskisr") {
    if (words.rest() != "on" && words.rest() != "off") {
      return std::unexpected("maskisr takes on or off");
    }
    debugger_.mask_interrupts_in_steps(words.rest() == "on");
    return "";
  }
  const bool printable = std::ranges::none_of(
      line, [](char character) { return static_cast<unsigned char>(character) < ' '; });
  if (!printable) return std::unexpected("a command is one line of text");
  return monitor_(line);
}

Stub::Answer Stub::verbose(std::string_view payload) {
  constexpr std::string_view resume = "vCont;";
  if (payload == "vCont?") return "vCont;c;C;s;S;r";
  if (payload.starts_with(resume)) return resume_by_actions(payload.substr(resume.size()));
  if (payload.starts_with("vFlash")) return flash(payload);
  if (payload.starts_with("vRun")) {  // the program is what is in flash
    debugger_.request_halt();
    debugger_.reset();
    return stop_reply();
  }
  if (payload.starts_with("vAttach;")) return answer("?");
  if (payload.starts_with("vKill")) return answer("D");
  return "";
}

}  // namespace goldcrest::board::gdb
