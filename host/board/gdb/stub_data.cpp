// SPDX-License-Identifier: MIT
// The stub's packets for registers, memory and flash.
#include <algorithm>

#include "host/board/gdb/stub.hpp"

namespace goldcrest::board::gdb {
namespace {

/// Without power no register has a value.
constexpr std::string_view unavailable = "xxxxxxxx";

std::optional<std::uint32_t> word(std::string_view hex) {
  const auto bytes = from_hex(hex);
  if (!bytes || bytes->size() != 4) return std::nullopt;
  return load(*bytes, 0, 4);
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Stub::Answer Stub::read_registers() {
  std::string reply;
  for (unsigned number = 0; number < cpu_register_count; ++number) {
    reply += board_.powered() ? word_to_hex(debugger_.read_register(CpuRegister(number)))
                              : std::string(unavailable);
  }
  return reply;
}

Stub::Answer Stub::write_registers(std::string_view hex) {
  if (hex.size() != std::size_t{cpu_register_count} * 8) return std::string(error_malformed);
  const auto all = from_hex(hex);
  if (!all) return std::string(error_malformed);
  // CONTROL chooses which stack pointer SP is, so it comes before.
  const auto write = [&](CpuRegister which) {
    debugger_.write_register(which, load(*all, static_cast<std::uint32_t>(which) * 4, 4));
  };
  write(CpuRegister::control);
  for (unsigned number = 0; number + 1 < cpu_register_count; ++number) {
    const auto which = CpuRegister(number);
    if (which != CpuRegister::msp && which != CpuRegister::psp) write(which);
  }
  // The one in use is what SP says.
  const bool on_psp = (debugger_.read_register(CpuRegister::control) & 2) != 0;
  write(on_psp ? CpuRegister::msp : CpuRegister::psp);
  return "OK";
}

Stub::Answer Stub::read_register(std::string_view payload) {
  Fields fields(payload);
  const auto number = fields.number();
  if (!number || !fields.empty() || *number >= cpu_register_count) {
    return std::string(error_malformed);
  }
  if (!board_.powered()) return std::string(unavailable);
  return word_to_hex(debugger_.read_register(CpuRegister(*number)));
}

Stub::Answer Stub::write_register(std::string_view payload) {
  Fields fields(payload);
  const auto number = fields.number();
  if (!number || *number >= cpu_register_count || !fields.skip('=')) {
    return std::string(error_malformed);
  }
  const auto value = word(fields.rest());
  if (!value) return std::string(error_malformed);
  debugger_.write_register(CpuRegister(*number), *value);
  return "OK";
}

Stub::Answer Stub::read_memory(std::string_view payload) {
  Fields fields(payload);
  const auto address = fields.number();
  if (!address || !fields.skip(',')) return std::string(error_malformed);
  const auto size = fields.number();
  if (!size || !fields.empty()) return std::string(error_malformed);
  // A shorter answer than asked for is allowed; GDB asks again for the rest.
  const auto bytes =
      debugger_.read(*address, std::min(*size, static_cast<std::uint32_t>(packet_max / 2)));
  return bytes ? to_hex(*bytes) : std::string(error_address);
}

Stub::Answer Stub::write_memory(std::string_view payload, bool binary) {
  Fields fields(payload);
  const auto address = fields.number();
  if (!address || !fields.skip(',')) return std::string(error_malformed);
  const auto size = fields.number();
  if (!size || !fields.skip(':')) return std::string(error_malformed);
  if (*size == 0) return fields.empty() ? "OK" : std::string(error_malformed);  // a trial of X
  const auto decoded = binary ? std::nullopt : from_hex(fields.rest());
  if (!binary && !decoded) return std::string(error_malformed);
  const auto bytes = binary ? as_bytes(fields.rest()) : std::span<const std::uint8_t>(*decoded);
  if (bytes.size() != *size) return std::string(error_malformed);
  return std::string(debugger_.write(*address, bytes) ? "OK" : error_address);
}

/// vFlashErase:address,length, vFlashWrite:address:bytes, vFlashDone.
Stub::Answer Stub::flash(std::string_view payload) {
  Fields fields(payload);
  const std::string_view name = fields.until(':');
  if (name == "vFlashDone") {
    return std::string(loader_.finish() ? "OK" : error_refused);
  }
  const auto address = fields.number();
  if (!address) return std::string(error_malformed);
  if (name == "vFlashWrite") {
    if (!fields.skip(':')) return std::string(error_malformed);
    return std::string(loader_.write(*address, as_bytes(fields.rest())) ? "OK" : "E.memtype");
  }
  if (name != "vFlashErase" || !fields.skip(',')) return std::string(error_malformed);
  const auto size = fields.number();
  if (!size || !fields.empty()) return std::string(error_malformed);
  return std::string(loader_.erase(*address, *size) ? "OK" : error_address);
}

}  // namespace goldcrest::board::gdb
