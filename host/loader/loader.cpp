// SPDX-License-Identifier: MIT
#include "host/loader/loader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <thread>

#include "core/base/bytes.hpp"
#include "core/image/flash_map.hpp"

namespace goldcrest::loader {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t chunk_bytes = 4096;
constexpr const char* taken_here =
    "; `goldcrest load` takes the raw MAN image that `goldcrest man` makes";

std::string system_error(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_;
};

bool wait_for(int descriptor, short events, SteadyClock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  pollfd waiting{descriptor, events, 0};
  return left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) > 0;
}

/// One request-and-answers conversation with a board's control socket.
class ControlSocket {
 public:
  ControlSocket(int descriptor, SteadyClock::time_point deadline)
      : descriptor_(descriptor), deadline_(deadline) {}

  Result send(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
      if (!wait_for(descriptor_, POLLOUT, deadline_))
        return std::unexpected("the board is not taking data");
      const auto sent = ::send(descriptor_, bytes, size, MSG_NOSIGNAL);
      if (sent < 0) return std::unexpected(system_error("the board hung up"));
      bytes += sent;
      size -= static_cast<std::size_t>(sent);
    }
    return {};
  }

  std::expected<std::string, std::string> line() {
    for (;;) {
      if (const auto end = pending_.find('\n'); end != std::string::npos) {
        auto text = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        return text;
      }
      if (!wait_for(descriptor_, POLLIN, deadline_))
        return std::unexpected("the board does not answer");
      std::array<char, 512> buffer{};
      const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
      if (size <= 0) return std::unexpected("the board hung up");
      pending_.append(buffer.data(), static_cast<std::size_t>(size));
      if (pending_.size() > 4096) return std::unexpected("the board answers nonsense");
    }
  }

 private:
  int descriptor_;
  SteadyClock::time_point deadline_;
  std::string pending_;
};

/// What FAIL.TXT says, once it is there.
std::optional<std::string> refusal(const std::filesystem::path& failure_note) {
  std::ifstream note(failure_note);
  if (!note) return std::nullopt;
  std::string reason;
  (void)std::getline(note, reason);
  return reason;
}

/// "progress DONE TOTAL".
std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_progress(std::string_view line) {
  constexpr std::string_view keyword = "progress ";
  if (!line.starts_with(keyword)) return std::nullopt;
  const auto* at = line.data() + keyword.size();
  const auto* end = line.data() + line.size();
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  const auto first = std::from_chars(at, end, done);
  if (first.ec != std::errc() || first.ptr == end) return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, total);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return std::pair(done, total);
}

}  // namespace

std::expected<std::vector<std::uint8_t>, std::string> read_image(
    const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return std::unexpected(path.string() + " is not a file");
  }
  const auto size = std::filesystem::file_size(path, error);
  if (size < 2 * image::word_size || size > image::flash_section.size) {
    return std::unexpected(path.string() + " has " + std::to_string(size) +
                           " bytes, an image 8 to " + std::to_string(image::flash_section.size) +
                           taken_here);
  }
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> image((std::istreambuf_iterator<char>(file)),
                                  std::istreambuf_iterator<char>());
  if (!file || image.size() != size) {
    return std::unexpected(system_error("cannot read " + path.string()));
  }
  const auto stack = base::load_le32(image.data());
  const auto entry = base::load_le32(image.data() + image::word_size);
  const bool stack_in_ram =
      stack > image::ram_section.base && stack <= image::ram_section.end() && stack % 4 == 0;
  if (!stack_in_ram || (entry & 1) == 0 || !image::flash_section.contains(entry)) {
    return std::unexpected(path.string() + " does not start with a vector table" + taken_here);
  }
  return image;
}

Result load_through_socket(const std::vector<std::uint8_t>& image,
                           const std::filesystem::path& socket, std::chrono::milliseconds timeout,
                           const ProgressSink& progress) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = socket.string();
  if (name.size() >= sizeof address.sun_path) return std::unexpected(name + ": path too long");
  std::copy(name.begin(), name.end(), address.sun_path);
  const Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!descriptor.valid() ||
      ::connect(descriptor.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(system_error("no board at " + name) + " (is goldcrest-board running?)");
  }
  ControlSocket control(descriptor.number(), SteadyClock::now() + timeout);
  const auto request = "program " + std::to_string(image.size()) + "\n";
  if (auto sent = control.send(request.data(), request.size()); !sent) return sent;
  if (auto sent = control.send(image.data(), image.size()); !sent) return sent;
  for (;;) {
    const auto line = control.line();
    if (!line) return std::unexpected(line.error());
    if (const auto numbers = parse_progress(*line)) {
      progress(numbers->first, numbers->second);
    } else if (line->starts_with("ok")) {
      return {};
    } else {
      return std::unexpected("the board refuses: " +
                             line->substr(line->starts_with("error ") ? 6 : 0));
    }
  }
}

Result load_through_drive(const std::vector<std::uint8_t>& image, const std::string& file_name,
                          const std::filesystem::path& drive, std::chrono::milliseconds timeout,
                          const ProgressSink& progress) {
  std::error_code error;
  if (!std::filesystem::is_directory(drive, error)) {
    return std::unexpected(drive.string() + " is not a folder (is the ST-Link drive mounted?)");
  }
  const auto failure_note = drive / "FAIL.TXT";
  (void)std::filesystem::remove(failure_note, error);
  const auto target = drive / file_name;
  {
    const Descriptor file(::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.valid()) return std::unexpected(system_error("cannot write " + target.string()));
    for (std::size_t at = 0; at < image.size();) {
      const auto size = std::min(chunk_bytes, image.size() - at);
      const auto written = ::write(file.number(), image.data() + at, size);
      if (written < 0 || ::fdatasync(file.number()) != 0) {
        const auto reason = system_error("cannot write " + target.string());
        (void)std::filesystem::remove(target, error);
        return std::unexpected(reason);
      }
      at += static_cast<std::size_t>(written);
      progress(at, image.size());
    }
  }
  const auto deadline = SteadyClock::now() + timeout;
  while (SteadyClock::now() < deadline) {
    // In this order: an ST-Link that refuses says so before it takes the file away.
    const bool taken = !std::filesystem::exists(target, error);
    if (const auto reason = refusal(failure_note)) {
      (void)std::filesystem::remove(target, error);
      return std::unexpected("the ST-Link refuses: " + *reason);
    }
    if (taken) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // a drive has no other signal
  }
  (void)std::filesystem::remove(target, error);
  return std::unexpected("the ST-Link did not take " + file_name + " within " +
                         std::to_string(timeout.count() / 1000) + " s (is there a board behind " +
                         drive.string() + "?)");
}

}  // namespace goldcrest::loader
