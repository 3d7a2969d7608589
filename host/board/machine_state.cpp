// SPDX-License-Identifier: MIT
// The board's state: a header with magic, version, length and checksum, and all parts in one row.
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "core/base/ensure.hpp"
#include "host/board/clock_time.hpp"
#include "host/board/machine.hpp"

namespace goldcrest::board {
namespace {

constexpr std::array<std::uint8_t, 8> state_magic{'G', 'C', 'B', 'O', 'A', 'R', 'D', 0x1A};
constexpr std::uint32_t state_version = 6;
constexpr std::size_t state_header_size = 8 + 4 + 8 + 8;

/// FNV-1a, to find a damaged file.
std::uint64_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3u;
  return hash;
}

}  // namespace

void Machine::serialize(Saver& saver) {
  saver.section("MACHINE");
  saver(time_, epoch_, epoch_cycles_, cycle_hz_, powered_, asleep_, stopped_, standby_,
        stalled_until_, cut_at_, cut_fired_, reset_request_, power_ups_, boot_pins_, activity_);
  memory_.serialize(saver, [this](std::uint32_t address, std::uint32_t size) {
    cpu_.code_changed(address, size);
  });
  nvic_.serialize(saver);
  scb_.serialize(saver);
  mpu_.serialize(saver);
  auxiliary_control_.serialize(saver);
  systick_.serialize(saver);
  flash_.serialize(saver);
  dwt_.serialize(saver);
  core_debug_.serialize(saver);
  debug_mcu_.serialize(saver);
  peripherals_.serialize(saver);
  cpu_.serialize(saver);
  using enum Syscfg::BootMemory;
  if (boot_pins_ != program && boot_pins_ != system && boot_pins_ != ram) {
    saver.fail("the boot pins choose what there is not");
  }
  map_boot_memory(peripherals_.syscfg.boot_memory());
  close_program_memory(flash_.closed());
  set_cycle(cycle_hz_);
  if (saver.loading() && !time_agrees()) saver.fail("the cycles do not agree with the time");
}

/// As take_time() leaves it.
bool Machine::time_agrees() const {
  return epoch_ <= time_ && cpu_.untaken_cycles() == 0 &&
         epoch_cycles_ <= time_to_cycles(time_ - epoch_, cycle_hz_) + 1;
}

std::vector<std::uint8_t> Machine::save_body() {
  take_time();
  Saver body;
  serialize(body);
  return body.take_bytes();
}

std::vector<std::uint8_t> Machine::save() {
  const auto body = save_body();
  Saver file;
  auto magic = state_magic;
  auto version = state_version;
  auto length = static_cast<std::uint64_t>(body.size());
  auto sum = checksum(body);
  file(magic, version, length, sum);
  auto bytes = file.take_bytes();
  bytes.reserve(bytes.size() + body.size());
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

std::expected<void, std::string> Machine::restore(std::span<const std::uint8_t> state) {
  if (state.size() < state_header_size) return std::unexpected("too short for a board's state");
  Saver header(state.first(state_header_size));
  auto magic = state_magic;
  std::uint32_t version = 0;
  std::uint64_t length = 0;
  std::uint64_t sum = 0;
  header(magic, version, length, sum);
  const auto body = state.subspan(state_header_size);
  if (magic != state_magic) return std::unexpected("not a board's state");
  if (version != state_version) {
    return std::unexpected(
        fmt::format("state of version {}, this program reads version {}", version, state_version));
  }
  if (length != body.size()) {
    return std::unexpected(
        fmt::format("{} bytes of state announced, {} are there", length, body.size()));
  }
  if (sum != checksum(body)) return std::unexpected("the checksum does not match");
  const auto before = save_body();
  const auto load = [this](std::span<const std::uint8_t> bytes) {
    Saver saver(bytes);
    serialize(saver);
    if (saver.error().empty() && saver.remaining() != 0) saver.fail("the state is too long");
    return saver.error();
  };
  const std::string error = load(body);
  if (error.empty()) return {};
  base::ensure(load(before).empty());
  return std::unexpected(error);
}

}  // namespace goldcrest::board
