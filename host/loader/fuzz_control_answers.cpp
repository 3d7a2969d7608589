// SPDX-License-Identifier: MIT
// Any bytes as what a board answers on its control socket while it is programmed: the loader ends
// with a result, and takes nothing but "ok" for success.
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

#include "core/base/ensure.hpp"
#include "host/loader/loader.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  int ends[2];
  base::ensure(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  system::Descriptor near(ends[0]);
  const system::Descriptor far(ends[1]);
  size = std::min<std::size_t>(size, 8192);
  base::ensure(::send(far.number(), data, size, 0) == static_cast<ssize_t>(size));
  base::ensure(::shutdown(far.number(), SHUT_WR) == 0);
  loader::ControlSocket control(system::Stream::over(std::move(near), "board"),
                                std::chrono::steady_clock::now() + std::chrono::seconds(5));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto done = loader::load_through_socket(std::vector<std::uint8_t>(100), control,
                                                [](std::uint64_t, std::uint64_t) {});
  base::ensure(!done || text.starts_with("ok") || text.find("\nok") != std::string_view::npos);
  base::ensure(done || !done.error().empty());
  // Nobody reads what is asked: no more than the socket takes without waiting.
  for (int asked = 0; asked < 64 && control.command("status"); ++asked) {
  }
  return 0;
}
