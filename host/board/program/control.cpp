// SPDX-License-Identifier: MIT
#include "host/board/program/control.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "host/board/memory.hpp"

namespace goldcrest::board::program {
namespace {

constexpr std::size_t line_max = 1024;
constexpr std::size_t progress_step = 32'768;

std::optional<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof address.sun_path) return std::nullopt;
  std::ranges::copy(name, address.sun_path);
  return address;
}

std::expected<Descriptor, std::string> connect_to(const std::filesystem::path& path) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(path.string() + ": path too long for a socket");
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() || ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&*address),
                                   sizeof *address) != 0) {
    return std::unexpected(system_error("no board at " + path.string()));
  }
  return socket;
}

}  // namespace

// --- conversation --------------------------------------------------------------------------------

bool ControlConversation::receive(std::string_view bytes, ControlHandler& handler) {
  pending_.append(bytes);
  for (;;) {
    if (image_size_ != 0) {
      const std::size_t before = image_.size();
      const std::size_t taken = std::min(pending_.size(), image_size_ - before);
      if (taken == 0) return true;
      image_.insert(image_.end(), pending_.begin(),
                    pending_.begin() + static_cast<std::ptrdiff_t>(taken));
      pending_.erase(0, taken);
      if (before / progress_step != image_.size() / progress_step) {
        answer_ += fmt::format("progress {} {}\n", image_.size(), image_size_);
      }
      if (image_.size() == image_size_) finish_program(handler);
      continue;
    }
    const std::size_t end = pending_.find('\n');
    if (end == std::string::npos) return pending_.size() <= line_max;
    std::string text = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    if (text.ends_with('\r')) text.pop_back();
    if (text.size() > line_max) return false;
    line(text, handler);
  }
}

void ControlConversation::line(std::string_view text, ControlHandler& handler) {
  constexpr std::string_view program = "program ";
  if (text.starts_with(program)) {
    begin_program(text.substr(program.size()));
    return;
  }
  const auto result = handler.command(text);
  if (!result) {
    answer_ += "error " + result.error() + "\n";
  } else {
    answer_ += result->empty() ? "ok\n" : "ok " + *result + "\n";
  }
}

void ControlConversation::begin_program(std::string_view length) {
  std::size_t size = 0;
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), size);
  if (parsed.ec != std::errc() || parsed.ptr != length.data() + length.size() || size == 0 ||
      size > flash_size) {
    answer_ += fmt::format("error program takes a length of 1 to {}\n", flash_size);
    return;
  }
  image_.clear();
  image_size_ = size;
}

void ControlConversation::finish_program(ControlHandler& handler) {
  const auto result = handler.program(image_);
  answer_ += fmt::format("progress {} {}\n", image_size_, image_size_);
  answer_ += result ? "ok\n" : "error " + result.error() + "\n";
  image_size_ = 0;
  image_.clear();
}

// --- server --------------------------------------------------------------------------------------

std::expected<ControlServer, std::string> ControlServer::open(const std::filesystem::path& path) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(path.string() + ": path too long for a socket");
  if (connect_to(path)) return std::unexpected("another board listens on " + path.string());
  std::error_code error;
  if (std::filesystem::is_socket(path, error)) (void)std::filesystem::remove(path, error);
  ControlServer server;
  server.listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode is the socket file's: who may write to it commands the board, whatever the umask.
  if (!server.listener_.valid() || ::fchmod(server.listener_.number(), 0600) != 0 ||
      ::bind(server.listener_.number(), reinterpret_cast<const sockaddr*>(&*address),
             sizeof *address) != 0 ||
      ::listen(server.listener_.number(), 8) != 0) {
    return std::unexpected(system_error("cannot listen on " + path.string()));
  }
  server.path_ = path;
  return server;
}

ControlServer::~ControlServer() {
  if (listener_.valid()) (void)::unlink(path_.c_str());
}

void ControlServer::add_descriptors(std::vector<pollfd>& descriptors) const {
  descriptors.push_back({listener_.number(), POLLIN, 0});
  for (const Connection& connection : connections_) {
    const short events = connection.unsent.empty() ? POLLIN : POLLIN | POLLOUT;
    descriptors.push_back({connection.socket.number(), events, 0});
  }
}

bool ControlServer::serve(Connection& connection, ControlHandler& handler) {
  std::array<char, 65536> buffer{};
  bool open = true;
  while (open) {
    const auto size =
        ::recv(connection.socket.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) {
      open = errno == EAGAIN || errno == EINTR;
      break;
    }
    open = size > 0 && connection.conversation.receive(
                           {buffer.data(), static_cast<std::size_t>(size)}, handler);
  }
  connection.unsent += connection.conversation.take_answer();
  if (!connection.unsent.empty()) {
    const auto sent = ::send(connection.socket.number(), connection.unsent.data(),
                             connection.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) connection.unsent.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) open = false;
  }
  return open;
}

void ControlServer::serve(ControlHandler& handler) {
  while (connections_.size() < connections_max) {
    Descriptor peer(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer.valid()) break;
    connections_.push_back({std::move(peer), {}, {}});
  }
  std::erase_if(connections_, [&](Connection& connection) { return !serve(connection, handler); });
}

// --- client --------------------------------------------------------------------------------------

std::expected<std::string, std::string> send_command(const std::filesystem::path& socket,
                                                     std::string_view line) {
  auto connected = connect_to(socket);
  if (!connected) return std::unexpected(connected.error() + " (is goldcrest-board running?)");
  const std::string request = std::string(line) + "\n";
  for (std::size_t at = 0; at < request.size();) {
    const auto sent =
        ::send(connected->number(), request.data() + at, request.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return std::unexpected(system_error("the board hung up"));
    at += static_cast<std::size_t>(sent);
  }
  std::string answer;
  std::array<char, 4096> buffer{};
  while (!answer.ends_with('\n')) {
    const auto size = ::recv(connected->number(), buffer.data(), buffer.size(), 0);
    if (size <= 0) return std::unexpected("the board hung up");
    answer.append(buffer.data(), static_cast<std::size_t>(size));
  }
  answer.pop_back();
  if (answer == "ok") return "";
  if (answer.starts_with("ok ")) return answer.substr(3);
  return std::unexpected(answer.starts_with("error ") ? answer.substr(6) : answer);
}

}  // namespace goldcrest::board::program
