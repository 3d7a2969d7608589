// SPDX-License-Identifier: MIT
#include "sim/story/narrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace goldcrest::sim {

namespace {
constexpr std::string_view reset = "\x1b[0m";
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view red = "\x1b[31m";

/// The console of a device is untrusted text: control characters would play with the terminal.
std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) clean += c;
  }
  return clean;
}
}  // namespace

void Narrator::act(int number, std::string_view title) {
  end_progress();
  if (muted_) return;
  fmt::print("\n{}Act {}. {}{}\n", terminal_ ? bold : "", number, title, terminal_ ? reset : "");
}

void Narrator::direction(std::string_view text) {
  line("*", text);
}

void Narrator::say(std::string_view who, std::string_view text) {
  auto& pending = unfinished_[std::string(who)];
  for (const char c : text) {
    if (c == '\n') {
      if (!pending.empty()) line(who, printable(pending));
      pending.clear();
    } else if (c == '\r' && pending.empty()) {
      continue;
    } else {
      pending += c;
    }
  }
}

void Narrator::verdict(bool holds, std::string_view claim) {
  end_progress();
  if (muted_ && holds) return;
  const auto mark = holds ? "ok  " : "FAIL";
  fmt::print("{}{}{}  {}\n", terminal_ ? (holds ? green : red) : "", mark, terminal_ ? reset : "",
             claim);
  std::fflush(stdout);
}

void Narrator::progress(std::string_view what, std::uint64_t done, std::uint64_t total) {
  if (quiet_ || muted_ || total == 0) return;
  const auto percent = static_cast<int>(done * 100 / total);
  if (!terminal_) {
    if (percent / 10 == last_decile_) return;
    last_decile_ = percent / 10;
    line("*", fmt::format("{}: {} of {} bytes, {} %", what, done, total, percent));
    return;
  }
  constexpr int width = 40;
  const int filled = percent * width / 100;
  fmt::print("\r{} [{}{}] {:3} %  {} of {} bytes\x1b[K", what,
             std::string(static_cast<std::size_t>(filled), '#'),
             std::string(static_cast<std::size_t>(width - filled), '.'), percent, done, total);
  std::fflush(stdout);
  bar_shown_ = true;
}

void Narrator::end_progress() {
  last_decile_ = -1;
  if (!bar_shown_) return;
  fmt::print("\n");
  bar_shown_ = false;
}

void Narrator::line(std::string_view who, std::string_view text) {
  if (quiet_ || muted_) return;
  if (bar_shown_) {
    fmt::print("\r\x1b[K");
    bar_shown_ = false;
  }
  const double seconds = static_cast<double>(now_.time_since_epoch().count()) / 1e6;
  fmt::print("{:>9.3f}  {}{:<7}{} {}\n", seconds, terminal_ ? colour(who) : "", who,
             terminal_ ? reset : "", text);
  std::fflush(stdout);
}

std::string_view Narrator::colour(std::string_view who) const {
  if (who == "node") return "\x1b[36m";
  if (who == "server") return "\x1b[35m";
  if (who == "router") return "\x1b[33m";
  return bold;
}

}  // namespace goldcrest::sim
