// SPDX-License-Identifier: MIT
// Progress of long work, on stderr: a bar on a terminal, a plain line at every tenth elsewhere,
// JSON lines on request, nothing when switched off.
#pragma once

#include <cstdint>
#include <string>

namespace goldcrest::system {

enum class ProgressStyle : std::uint8_t { automatic, json, none };

class Progress {
 public:
  Progress(std::string what, ProgressStyle style);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `total` > 0; may be called as often as one likes.
  void update(std::uint64_t done, std::uint64_t total);
  /// Ends the line of a bar.
  void finish();

 private:
  std::string what_;
  ProgressStyle style_;
  bool terminal_;
  bool bar_shown_ = false;
  int last_percent_ = -1;
};

}  // namespace goldcrest::system
