// SPDX-License-Identifier: MIT
// The debug port of a board in a world, for the code behind `goldcrest lock`.
#pragma once

#include "host/board/debugger.hpp"
#include "host/lock/debug_port.hpp"
#include "sim/world/world.hpp"

namespace goldcrest::sim {

class BoardDebugPort final : public lock::DebugPort {
 public:
  BoardDebugPort(World& world, board::Board& board) : world_(world), debugger_(board.debugger()) {}
  ~BoardDebugPort() { debugger_.detach(); }
  BoardDebugPort(const BoardDebugPort&) = delete;
  BoardDebugPort& operator=(const BoardDebugPort&) = delete;

  std::expected<void, std::string> reset_and_halt() override {
    debugger_.request_halt();
    debugger_.reset();
    return {};
  }
  std::expected<std::vector<std::uint8_t>, std::string> read(std::uint32_t address,
                                                             std::uint32_t size) override {
    return debugger_.read(address, size);
  }
  std::expected<void, std::string> write_word(std::uint32_t address, std::uint32_t value) override {
    std::vector<std::uint8_t> bytes(4);
    for (unsigned index = 0; index < 4; ++index) {
      bytes[index] = static_cast<std::uint8_t>(value >> 8 * index);
    }
    return debugger_.write(address, bytes);
  }
  std::expected<void, std::string> let_time_pass() override {
    debugger_.resume();
    world_.run_for(std::chrono::milliseconds(20));
    debugger_.request_halt();
    return {};
  }

 private:
  World& world_;
  board::Debugger& debugger_;
};

}  // namespace goldcrest::sim
