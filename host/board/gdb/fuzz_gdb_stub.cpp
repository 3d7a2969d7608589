// SPDX-License-Identifier: MIT
// libFuzzer target: every line of the input is a packet to the stub of a real board, which runs a
// little in between; a line that begins with ! is sent as it is. Whatever comes, the answers are
// packets, and the board runs on when the connection ends.
#include <cstdlib>
#include <string_view>

#include "host/board/gdb/stub.hpp"

namespace {

using namespace goldcrest;

/// A vector table, and a loop with an IT sequence, a store, a timer register and WFI.
constexpr std::uint16_t program[] = {
    0x1000, 0x2000, 0x0041, 0x0800, 0x0041, 0x0800, 0x0041, 0x0800,  // SP, reset, NMI, hard fault
    0x0041, 0x0800, 0x0041, 0x0800, 0x0041, 0x0800, 0x0000, 0x0000,  //
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0041, 0x0800,  //
    0x0041, 0x0800, 0x0000, 0x0000, 0x0041, 0x0800, 0x0041, 0x0800,  // debug, PendSV, SysTick
    0x2005,                                                          // loop: movs r0, #5
    0x2805,                                                          // cmp r0, #5
    0xBF0C,                                                          // ite eq
    0x3101,                                                          // addeq r1, #1
    0x3202,                                                          // addne r2, #2
    0xB403,                                                          // push {r0, r1}
    0xBC0C,                                                          // pop {r2, r3}
    0xE7F7,                                                          // b loop
};

std::vector<std::uint8_t> fresh_state() {
  board::Board made({});
  made.power(true);
  std::vector<std::uint8_t> image;
  for (const std::uint16_t half_word : program) {
    image.push_back(static_cast<std::uint8_t>(half_word));
    image.push_back(static_cast<std::uint8_t>(half_word >> 8));
  }
  if (!made.program(0x08000000, image)) std::abort();
  made.reset();
  return made.save();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::uint8_t> state = fresh_state();
  static board::Board node({});
  if (!node.restore(state)) std::abort();
  {
    board::gdb::Stub stub(node, [](std::string_view) { return ""; });
    board::gdb::PacketReader reader;
    board::gdb::Fields lines({reinterpret_cast<const char*>(data), size});
    while (!lines.empty()) {
      const std::string_view line = lines.until('\n');
      const bool raw = line.starts_with('!');
      if (!stub.receive(raw ? line.substr(1) : board::gdb::make_packet(line))) break;
      node.run_until(node.now() + std::chrono::microseconds(20));
      stub.advance();
      reader.push(stub.take_output());
      while (const auto event = reader.next()) {
        if (event->kind > board::gdb::PacketReader::Kind::rejected) std::abort();
      }
    }
  }
  if (node.debugger().halt()) std::abort();
  const auto before = node.now();
  node.run_until(before + std::chrono::microseconds(20));
  if (node.powered() && node.now() <= before) std::abort();
  return 0;
}
