// SPDX-License-Identifier: MIT
// The board's state: a header with magic, version, length and checksum, and all parts in one row.
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "core/base/ensure.hpp"
#include "host/board/machine.hpp"

namespace goldcrest::board {
namespace {

constexpr std::array<std::uint8_t, 8> state_magic{'G', 'C', 'B', 'O', 'A', 'R', 'D', 0x1A};
constexpr std::uint32_t state_version = 5;
constexpr std::size_t state_header_size = 8 + 4 + 8 + 8;

/// FNV-1a, to find a damaged file. A zero byte only multiplies, and erased flash is zeros: eight at
/// once.
std::uint64_t checksum(std::span<const std::uint8_t> bytes) {
  constexpr std::uint64_t prime = 0x100000001B3u;
  constexpr std::uint64_t prime_2 = prime * prime;
  constexpr std::uint64_t prime_8 = prime_2 * prime_2 * prime_2 * prime_2;
  std::uint64_t hash = 0xCBF29CE484222325u;
  const auto add = [&](std::span<const std::uint8_t> some) {
    for (const std::uint8_t byte : some) hash = (hash ^ byte) * prime;
  };
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), 8);
    if (eight == 0) {
      hash *= prime_8;
    } else {
      add(bytes.first(8));
    }
  }
  add(bytes);
  return hash;
}

}  // namespace

void Machine::serialize(Saver& saver) {
  saver.section("MACHINE");
  saver(time_, epoch_, epoch_cycles_, cycle_hz_, powered_, asleep_, stopped_, standby_,
        stalled_until_, cut_at_, cut_fired_, reset_request_, power_ups_, activity_);
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
  map_boot_memory(peripherals_.syscfg.boot_memory());
  set_cycle(cycle_hz_);
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
