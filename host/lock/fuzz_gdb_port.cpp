// SPDX-License-Identifier: MIT
// Any bytes as what a debug server says: memory that is read is no longer than was asked for, and
// the conversation ends when the server has hung up.
#include <sys/socket.h>

#include <algorithm>

#include "core/base/ensure.hpp"
#include "host/lock/gdb_port.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  int ends[2];
  base::ensure(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  system::Descriptor near(ends[0]);
  const system::Descriptor far(ends[1]);
  size = std::min<std::size_t>(size, 4096);
  base::ensure(::send(far.number(), data, size, 0) == static_cast<ssize_t>(size));
  base::ensure(::shutdown(far.number(), SHUT_WR) == 0);
  auto port = lock::GdbPort::connect(system::Stream::over(std::move(near), "server"),
                                     std::chrono::seconds(5));
  if (!port) return 0;
  for (unsigned step = 0;; ++step) {
    base::ensure(step < 5000);
    const auto bytes = port->read(0x08000000, 1 + step % 9);
    base::ensure(!bytes || (!bytes->empty() && bytes->size() <= 1 + step % 9));
    const bool written = port->write_word(0x40023C04, 1).has_value();
    const bool reset = port->reset_and_halt().has_value();
    if (!bytes && !written && !reset) break;
  }
  return 0;
}
