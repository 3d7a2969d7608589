// SPDX-License-Identifier: MIT
// A board's state file with a valid checksum and anything in its fields: the input changes bytes of
// a good one, by place and value. It is refused, and the board is as it was, or it is taken and
// runs.
#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/ensure.hpp"
#include "host/board/fuzz_board.hpp"
#include "host/board/memory.hpp"

namespace {

using namespace goldcrest;

constexpr std::size_t header_size = 28;
constexpr std::size_t checksum_offset = 20;

/// Where a state holds anything but the memories' contents. The option bytes are before the NVIC.
std::vector<std::size_t> places_but_memory(const std::vector<std::uint8_t>& state) {
  const auto place_of = [&](std::string_view section) {
    const auto found = std::ranges::search(state, section);
    base::ensure(!found.empty());
    return static_cast<std::size_t>(found.begin() - state.begin());
  };
  std::vector<std::size_t> places;
  for (auto at = header_size; at < place_of("MEMORY"); ++at) places.push_back(at);
  constexpr std::size_t option_bytes = 4 + 4 * board::option_word_count;
  for (auto at = place_of("NVIC") - option_bytes; at < state.size(); ++at) places.push_back(at);
  return places;
}

void set_checksum(std::vector<std::uint8_t>& state) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (std::size_t at = header_size; at < state.size(); ++at) {
    hash = (hash ^ state[at]) * 0x100000001B3u;
  }
  for (unsigned byte = 0; byte < 8; ++byte) {
    state[checksum_offset + byte] = static_cast<std::uint8_t>(hash >> (8 * byte));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::uint8_t> good = board::fuzzing::fresh_state();
  static const std::vector<std::size_t> register_places = places_but_memory(good);
  static board::Board node({});
  base::ensure(node.restore(good).has_value());
  auto state = good;
  base::ByteReader input({data, size});
  while (input.remaining() > 3) {
    const auto place = input.le16();
    const auto length = 1 + input.u8() % 8u;
    for (std::size_t at = place;
         const auto value : input.bytes(std::min<std::size_t>(length, input.remaining()))) {
      state[register_places[at++ % register_places.size()]] = value;
    }
  }
  set_checksum(state);
  if (!node.restore(state)) {
    base::ensure(node.save() == good);
    return 0;
  }
  const auto before = node.now();
  node.run_until(before + std::chrono::microseconds(200));
  base::ensure(node.now() >= before);
  const auto saved = node.save();
  base::ensure(node.restore(saved).has_value());
  return 0;
}
