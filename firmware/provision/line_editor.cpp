// SPDX-License-Identifier: MIT
#include "firmware/provision/line_editor.hpp"

namespace goldcrest::provision {
namespace {

constexpr char ctrl_c = 0x03;
constexpr char bell = 0x07;
constexpr char backspace = 0x08;
constexpr char ctrl_u = 0x15;
constexpr char escape = 0x1B;
constexpr char del = 0x7F;

}  // namespace

void LineEditor::begin(Echo echo) {
  echo_ = echo;
  wipe();
}

void LineEditor::wipe() {
  for (volatile char& c : characters_) c = 0;
  characters_.clear();
}

void LineEditor::take_back() {
  if (characters_.empty()) return;
  characters_.erase(characters_.size() - 1);
  output_.write("\b \b");
}

LineEditor::Event LineEditor::type(char c) {
  const bool second_of_crlf = after_cr_ && c == '\n';
  after_cr_ = c == '\r';
  if (second_of_crlf) return Event::none;
  switch (c) {
    case '\r':
    case '\n':
      output_.write("\n");
      return Event::line;
    case escape:
    case ctrl_c:
      output_.write("\n");
      return Event::cancelled;
    case backspace:
    case del:
      take_back();
      return Event::none;
    case ctrl_u:
      while (!characters_.empty()) take_back();
      return Event::none;
    default:
      break;
  }
  if (c < ' ' || c > '~') return Event::none;
  if (!characters_.push_back(c)) {
    output_.write({&bell, 1});
    return Event::full;
  }
  output_.write(echo_ == Echo::stars ? std::string_view("*") : std::string_view(&c, 1));
  return Event::none;
}

}  // namespace goldcrest::provision
