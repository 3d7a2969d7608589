// SPDX-License-Identifier: MIT
#include "host/loader/loader.hpp"

#include <fcntl.h>
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
#include "host/system/descriptor.hpp"

namespace goldcrest::loader {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t chunk_bytes = 4096;
constexpr const char* taken_here =
    "; `goldcrest load` takes the raw MAN image that `goldcrest man` makes";

std::string system_error(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

/// What FAIL.TXT says, once it is there. A drive is a folder that others may write to as well: no
/// pipe is waited for, no link followed, and no more read than a line has.
std::optional<std::string> refusal(const std::filesystem::path& failure_note) {
  const system::Descriptor note(
      ::open(failure_note.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!note.valid()) return std::nullopt;
  std::array<char, 200> text{};
  const auto size = ::read(note.number(), text.data(), text.size());
  const std::string_view all(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(all.substr(0, all.find_first_of("\r\n")));
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
  auto control = ControlSocket::connect(socket, timeout);
  if (!control) return std::unexpected(control.error());
  return load_through_socket(image, *control, progress);
}

Result load_through_socket(const std::vector<std::uint8_t>& image, ControlSocket& control,
                           const ProgressSink& progress) {
  const auto request = "program " + std::to_string(image.size()) + "\n";
  if (auto sent = control.send(request); !sent) return sent;
  const std::string_view bytes(reinterpret_cast<const char*>(image.data()), image.size());
  if (auto sent = control.send(bytes); !sent) return sent;
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
  (void)std::filesystem::remove(target, error);  // of an earlier attempt
  {
    // The image has keys in it: it goes into a file of our own, and through no link to elsewhere.
    const system::Descriptor file(
        ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
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
