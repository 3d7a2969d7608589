// SPDX-License-Identifier: MIT
// Tells the story on a terminal: one line an event, with the virtual time and who says it, acts as
// headings, and the download's progress as a bar on a terminal or now and then as a line elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/time.hpp"

namespace goldcrest::sim {

class Narrator {
 public:
  /// `terminal`: colours and a live progress bar. `quiet`: acts and verdicts only.
  Narrator(bool terminal, bool quiet) : terminal_(terminal), quiet_(quiet) {}

  void set_time(base::Instant now) { now_ = now; }
  /// While muted nothing is shown but claims that do not hold.
  void mute(bool muted) { muted_ = muted; }

  void act(int number, std::string_view title);
  /// What the story's director does: fits the jumper, presses the button.
  void direction(std::string_view text);
  /// Text from a part, whole lines or pieces of them; each line is shown when it is complete.
  void say(std::string_view who, std::string_view text);
  /// A claim of the story that was checked.
  void verdict(bool holds, std::string_view claim);
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total);
  /// Ends a live progress bar.
  void end_progress();

 private:
  void line(std::string_view who, std::string_view text);
  std::string_view colour(std::string_view who) const;

  bool terminal_;
  bool quiet_;
  bool muted_ = false;
  base::Instant now_{};
  std::map<std::string, std::string, std::less<>> unfinished_;
  bool bar_shown_ = false;
  int last_decile_ = -1;
};

}  // namespace goldcrest::sim
