// SPDX-License-Identifier: MIT
// The TCP socket of the GDB stub: one connection at a time.
#pragma once

#include <poll.h>

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "core/wire/address.hpp"
#include "host/board/board.hpp"
#include "host/board/gdb/stub.hpp"
#include "host/board/program/files.hpp"

namespace goldcrest::board::program {

class GdbServer {
 public:
  /// Port 0 lets the system choose. `monitor` carries out what the stub does not know itself.
  [[nodiscard]] static std::expected<GdbServer, std::string> open(const wire::Endpoint& where,
                                                                  Board& board,
                                                                  gdb::Stub::Monitor monitor);
  /// Where it listens.
  wire::Endpoint local() const;

  void add_descriptors(std::vector<pollfd>& descriptors) const;
  /// Takes a connection and the packets that wait.
  void serve();
  /// To be called when the board has run.
  void advance();

 private:
  GdbServer(Board& board, gdb::Stub::Monitor monitor, Descriptor listener)
      : board_(&board), monitor_(std::move(monitor)), listener_(std::move(listener)) {}
  void accept();
  bool receive();
  bool flush();
  void hang_up();

  Board* board_;
  gdb::Stub::Monitor monitor_;
  Descriptor listener_;
  Descriptor peer_;
  std::unique_ptr<gdb::Stub> stub_;  ///< while there is a peer
  std::string unsent_;
};

}  // namespace goldcrest::board::program
