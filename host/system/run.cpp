// SPDX-License-Identifier: MIT
#include "host/system/run.hpp"

#include "host/system/printable.hpp"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>

namespace goldcrest::system {

namespace {
volatile sig_atomic_t stop_flag = 0;
void set_stop_flag(int) {
  stop_flag = 1;
}
}  // namespace

base::Instant monotonic_now() {
  static const auto start = std::chrono::steady_clock::now();
  return base::Instant(
      std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now() - start));
}

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = set_stop_flag;  // no SA_RESTART: a signal ends a waiting poll()
  (void)sigaction(SIGINT, &action, nullptr);
  (void)sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() {
  return stop_flag != 0;
}

int poll_timeout_ms(base::Instant now, base::Instant deadline, int at_most_ms) {
  if (deadline <= now) return 0;
  if (deadline == base::never) return at_most_ms;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<std::int64_t>(wait, at_most_ms));
}

void print_error(std::string_view message) {
  const bool colour = isatty(STDERR_FILENO) != 0;
  std::fprintf(stderr, "%s%s: %s%s\n", colour ? "\x1b[31m" : "", program_invocation_short_name,
               printable(message).c_str(), colour ? "\x1b[0m" : "");
}

}  // namespace goldcrest::system
