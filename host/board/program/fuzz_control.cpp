// SPDX-License-Identifier: MIT
// Any bytes on the control socket, in pieces as they may arrive: every line is answered by one line
// that says ok or error, an image arrives whole and within the flash, and how the bytes are cut
// into pieces makes no difference.
#include <algorithm>
#include <string>

#include "core/base/ensure.hpp"
#include "host/board/memory.hpp"
#include "host/board/program/control.hpp"

using namespace goldcrest;

namespace {

class Handler final : public board::program::ControlHandler {
 public:
  std::expected<std::string, std::string> command(std::string_view line) override {
    base::ensure(line.find('\n') == std::string_view::npos);
    ++lines;
    if (line.starts_with('e')) return std::unexpected("no");
    return line.size() % 2 == 0 ? "" : "yes";
  }
  std::expected<void, std::string> program(std::span<const std::uint8_t> image) override {
    base::ensure(!image.empty() && image.size() <= board::flash_size);
    ++lines;
    if (image[0] == 'e') return std::unexpected("no");
    return {};
  }
  int lines = 0;
};

std::string answers(std::string_view bytes, std::size_t piece) {
  board::program::ControlConversation conversation;
  Handler handler;
  std::string all;
  for (bool open = true; open && !bytes.empty();) {
    const auto now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    open = conversation.receive(now, handler);
    all += conversation.take_answer();
  }
  base::ensure(handler.lines <= std::ranges::count(all, '\n'));
  base::ensure(all.empty() || all.ends_with('\n'));
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  base::ensure(answers(bytes, bytes.size()) == answers(bytes, 1));
  return 0;
}
