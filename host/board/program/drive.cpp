// SPDX-License-Identifier: MIT
#include "host/board/program/drive.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "host/system/run.hpp"

namespace goldcrest::board::program {
namespace {

constexpr const char* details_name = "DETAILS.TXT";
constexpr const char* failure_name = "FAIL.TXT";

std::span<const std::uint8_t> as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_ours(const std::string& name) {
  return name.starts_with('.') || name.starts_with(details_name) || name.starts_with(failure_name);
}

}  // namespace

std::expected<Drive, std::string> Drive::open(const std::filesystem::path& folder,
                                              std::uint32_t serial_number) {
  std::error_code error;
  (void)std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder, error)) {
    return std::unexpected(folder.string() + " is not a folder and cannot be made one");
  }
  Drive drive;
  drive.folder_ = folder;
  const std::string details = fmt::format(
      "Version: Goldcrest virtual ST-Link\nBoard: NUCLEO-L152RE (virtual)\nSerial: {:08X}\n"
      "Drop a .bin file here: it is programmed at 0x08000000 and the board is reset.\n",
      serial_number);
  if (auto written = write_file(folder / details_name, as_bytes(details)); !written) {
    return std::unexpected(written.error());
  }
  drive.watch_ = Descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!drive.watch_.valid() || ::inotify_add_watch(drive.watch_.number(), folder.c_str(),
                                                   IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
    return std::unexpected(system_error("cannot watch " + folder.string()));
  }
  return drive;
}

std::optional<Drive::Dropped> Drive::take() {
  alignas(inotify_event) std::array<char, 8192> buffer{};
  const auto size = ::read(watch_.number(), buffer.data(), buffer.size());
  for (std::ptrdiff_t at = 0; at < size;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    if (event.len > 0) closed_.emplace_back(buffer.data() + at + sizeof event);
    at += static_cast<std::ptrdiff_t>(sizeof event + event.len);
  }
  while (!closed_.empty()) {
    const std::string name = closed_.front();
    closed_.erase(closed_.begin());
    if (is_ours(name)) continue;
    const auto path = folder_ / name;
    if (path.extension() != ".bin") {
      note(name + " is not a .bin file");  // and it stays: it may be somebody's
      continue;
    }
    const auto read = read_file(path);
    if (!read) {
      note(read.error());
      continue;
    }
    const auto& bytes = read.value();
    if (bytes.has_value()) return Dropped{name, *bytes};
    // Otherwise it is gone again.
  }
  return std::nullopt;
}

void Drive::note(const std::string& reason) {
  const auto written = write_file(folder_ / failure_name, as_bytes(reason + "\n"));
  if (!written) system::print_error(written.error());
}

void Drive::fail(const std::string& name, const std::string& reason) {
  note(reason);
  std::error_code error;
  (void)std::filesystem::remove(folder_ / name, error);
}

void Drive::succeed(const std::string& name) {
  std::error_code error;
  (void)std::filesystem::remove(folder_ / failure_name, error);
  (void)std::filesystem::remove(folder_ / name, error);
}

}  // namespace goldcrest::board::program
