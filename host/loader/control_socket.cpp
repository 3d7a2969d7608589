// SPDX-License-Identifier: MIT
#include "host/loader/control_socket.hpp"

namespace goldcrest::loader {

namespace {

constexpr std::size_t line_max = 4096;

}  // namespace

std::expected<ControlSocket, std::string> ControlSocket::connect(
    const std::filesystem::path& socket, std::chrono::milliseconds timeout) {
  auto stream = system::Stream::connect(socket);
  if (!stream) return std::unexpected(stream.error() + " (is goldcrest-board running?)");
  return ControlSocket(std::move(*stream), std::chrono::steady_clock::now() + timeout);
}

std::expected<void, std::string> ControlSocket::send(std::string_view bytes) {
  return stream_.send(bytes, deadline_);
}

std::expected<std::string, std::string> ControlSocket::line() {
  for (;;) {
    if (const auto end = pending_.find('\n'); end != std::string::npos) {
      auto text = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return text;
    }
    const auto more = stream_.receive(deadline_);
    if (!more) return more;
    pending_ += *more;
    if (pending_.size() > line_max) return std::unexpected("the board answers nonsense");
  }
}

std::expected<std::string, std::string> ControlSocket::command(std::string_view command) {
  if (auto sent = send(std::string(command) + "\n"); !sent) return std::unexpected(sent.error());
  const auto answer = line();
  if (!answer) return answer;
  if (*answer == "ok") return "";
  if (answer->starts_with("ok ")) return answer->substr(3);
  return std::unexpected(answer->starts_with("error ") ? answer->substr(6) : *answer);
}

}  // namespace goldcrest::loader
