// SPDX-License-Identifier: MIT
// libFuzzer target: every line of the input is a packet to the stub of a real board, which runs a
// little in between; a line that begins with ! is sent as it is. Whatever comes, the answers are
// packets, and the board runs on when the connection ends.
#include <cstdlib>
#include <string_view>

#include "host/board/fuzz_board.hpp"
#include "host/board/gdb/stub.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::uint8_t> state = board::fuzzing::fresh_state();
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
