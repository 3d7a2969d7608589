// SPDX-License-Identifier: MIT
#include "tests/scenarios/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/image/flash_map.hpp"
#include "tests/scenarios/inputs.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {
constexpr std::string_view progress_label = "[Updating: ";
}

std::string Node::address() const {
  constexpr std::string_view label = "Link-local address: ";
  const auto at = console().find(label);
  if (at == std::string::npos) return "unknown";
  const auto begin = at + label.size();
  return console().substr(begin, console().find_first_of("\r\n", begin) - begin);
}

void Node::is_manufactured(Where where) {
  board().power(true);
  const auto image = read_all(man_image());
  const auto programmed = board().program(image::flash_section.base, image);
  scenario_.expect(programmed.has_value(), "the MAN image is programmed", where);
  resets();
}

void Node::is_given_context(std::string_view line, Where where) {
  resets(true);
  says("option> ", seconds(10), where);
  types("b\r");
  says("security context (saved at once), - for not set> ", seconds(5), where);
  types(std::string(line) + "\r");
  says("saved", seconds(5), where);
  says("option> ", seconds(5), where);
  resets();
}

void Node::presses_button() {
  board().set_button(true);
  scenario_.waits(std::chrono::milliseconds(100));
  board().set_button(false);
  // Nobody presses again within the time in which the firmware takes it for bouncing.
  scenario_.waits(std::chrono::milliseconds(250));
}

void Node::resets(bool jumper) {
  board().set_jumper(jumper);
  mark();
  reset_mark_ = mark_;
  if (!board().powered()) {
    board().power(true);
  } else {
    board().reset();
  }
}

void Node::says(std::string_view text, base::Duration limit, Where where) {
  // Searched only when there is something new, and only in what is new.
  std::size_t searched = mark_;
  std::size_t found = std::string::npos;
  const bool said = scenario_.world().run_until(
      [&] {
        if (console().size() == searched && searched > mark_) return false;
        const auto from = std::max(mark_, searched - std::min(searched, text.size()));
        found = console().find(text, from);
        searched = console().size();
        return found != std::string::npos;
      },
      limit);
  scenario_.expect(said, fmt::format("{} says \"{}\"", name_, text), where);
  mark_ = found + text.size();
}

bool Node::has_said(std::string_view text) const {
  return console().find(text, reset_mark_) != std::string::npos;
}

void Node::runs(std::string_view version, Where where) {
  says(fmt::format("Current version: {}\r", version), seconds(30), where);
}

void Node::joins(base::Duration limit, Where where) {
  says("[RPL: joined DODAG", limit, where);
  says("[RPL: route confirmed", limit, where);
}

void Node::finds(std::string_view version, Where where) {
  says(fmt::format("[Update: version {},", version), minutes(5), where);
}

void Node::reaches_percent(unsigned percent, Where where) {
  const bool reached = scenario_.world().run_until(
      [&] {
        const auto total = total_bytes();
        return total > 0 && received_bytes() * 100 >= percent * total;
      },
      minutes(20));
  scenario_.expect(reached, fmt::format("{} has {} % of the update", name_, percent), where);
}

void Node::completes_update_to(std::string_view version, base::Duration limit, Where where) {
  says("COMPLETE", limit, where);
  says(fmt::format("[Rebooting into version {}]", version), seconds(5), where);
  reset_mark_ = mark_;
  says("The UPDATED application is running.", seconds(30), where);
  runs(version, where);
}

void Node::confirms(std::string_view version, Where where) {
  says(fmt::format("[Confirmed: version {}]", version), minutes(5), where);
}

std::uint64_t Node::received_bytes() const {
  return progress_number(0);
}
std::uint64_t Node::total_bytes() const {
  return progress_number(1);
}

std::uint64_t Node::progress_number(unsigned index) const {
  // The last line that is complete: characters come one by one.
  const auto line_end = console().rfind(']');
  if (line_end == std::string::npos) return 0;
  const auto at = console().rfind(progress_label, line_end);
  if (at == std::string::npos || at < reset_mark_) return 0;
  const char* end = console().data() + line_end;
  std::uint64_t received = 0;
  std::uint64_t total = 0;
  const auto first = std::from_chars(console().data() + at + progress_label.size(), end, received);
  (void)std::from_chars(first.ptr + 1, end, total);
  return index == 0 ? received : total;
}

std::string Node::last_lines(std::size_t count) const {
  std::size_t from = console().size();
  for (; from > 0 && count > 0; --from) {
    if (console()[from - 1] == '\n' && from != console().size()) --count;
    if (count == 0) break;
  }
  return console().substr(from);
}

}  // namespace goldcrest::scenario
