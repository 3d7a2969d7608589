// SPDX-License-Identifier: MIT
#include "host/system/progress.hpp"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <utility>

namespace goldcrest::system {

Progress::Progress(std::string what, ProgressStyle style)
    : what_(std::move(what)), style_(style), terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  if (style_ == ProgressStyle::none || total == 0) return;
  const auto percent = static_cast<int>(done * 100 / total);
  const bool live = terminal_ && style_ == ProgressStyle::automatic;
  const int step = live ? 1 : 10;
  if (percent / step == last_percent_ / step && last_percent_ >= 0) return;
  last_percent_ = percent;
  if (style_ == ProgressStyle::json) {
    std::fprintf(stderr, "{\"progress\":\"%s\",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}\n",
                 what_.c_str(), done, total);
  } else if (live) {
    constexpr int width = 40;
    const int filled = percent * width / 100;
    std::fprintf(stderr, "\r%s [%.*s%.*s] %3d %%  %" PRIu64 " of %" PRIu64 " bytes\x1b[K",
                 what_.c_str(), filled, "########################################", width - filled,
                 "........................................", percent, done, total);
    bar_shown_ = true;
  } else {
    std::fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " bytes, %d %%\n", what_.c_str(), done,
                 total, percent);
  }
}

void Progress::finish() {
  if (bar_shown_) std::fprintf(stderr, "\n");
  bar_shown_ = false;
}

}  // namespace goldcrest::system
