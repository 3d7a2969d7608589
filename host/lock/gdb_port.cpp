// SPDX-License-Identifier: MIT
#include "host/lock/gdb_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

#include "core/base/bytes.hpp"

namespace goldcrest::lock {

namespace {

using Failure = std::unexpected<std::string>;

constexpr std::uint32_t read_max = 1024;  // fits every server's packets
constexpr std::size_t packet_max = 16384;
constexpr std::chrono::milliseconds pause(20);

std::uint8_t checksum(std::string_view payload) {
  unsigned sum = 0;
  for (const char each : payload) sum += static_cast<unsigned char>(each);
  return static_cast<std::uint8_t>(sum);
}

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char each : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(each));
  return hex;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view hex) {
  if (hex.empty() || hex.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  for (std::size_t at = 0; at < hex.size(); at += 2) {
    std::uint8_t value = 0;
    const auto* end = hex.data() + at + 2;
    const auto parsed = std::from_chars(hex.data() + at, end, value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    bytes.push_back(value);
  }
  return bytes;
}

}  // namespace

std::expected<std::uint32_t, std::string> read_word(DebugPort& port, std::uint32_t address) {
  const auto bytes = port.read(address, 4);
  if (!bytes) return Failure(bytes.error());
  if (bytes->size() != 4) return Failure(fmt::format("{:#010x} cannot be read whole", address));
  return base::load_le32(bytes->data());
}

std::expected<GdbPort, std::string> GdbPort::connect(const wire::Endpoint& server,
                                                     std::chrono::milliseconds timeout) {
  auto stream = system::Stream::connect(server);
  if (!stream) return Failure(stream.error());
  return connect(std::move(*stream), timeout);
}

std::expected<GdbPort, std::string> GdbPort::connect(system::Stream stream,
                                                     std::chrono::milliseconds timeout) {
  GdbPort port(std::move(stream), timeout);
  // Why it is halted: an answer shows that there is a chip behind the server.
  const auto halted = port.ask("?");
  if (!halted) return Failure(halted.error());
  if (!halted->starts_with('S') && !halted->starts_with('T')) {
    return Failure("the debug server does not halt the CPU: '" + *halted + "'");
  }
  return port;
}

std::expected<void, std::string> GdbPort::reset_and_halt() {
  const auto answer = ask("qRcmd," + to_hex("reset halt"));
  if (!answer) return Failure(answer.error());
  if (*answer != "OK") return Failure("the debug server does not reset the chip: " + *answer);
  return {};
}

std::expected<std::vector<std::uint8_t>, std::string> GdbPort::read(std::uint32_t address,
                                                                    std::uint32_t size) {
  const auto wanted = std::min(size, read_max);
  const auto answer = ask(fmt::format("m{:x},{:x}", address, wanted));
  if (!answer) return Failure(answer.error());
  const auto bytes = from_hex(*answer);
  if (!bytes || bytes->size() > wanted) {
    return Failure(fmt::format("the debug port does not let {:#010x} be read", address));
  }
  return *bytes;
}

std::expected<void, std::string> GdbPort::write_word(std::uint32_t address, std::uint32_t value) {
  std::array<char, 4> bytes{};
  for (unsigned index = 0; index < 4; ++index) bytes[index] = static_cast<char>(value >> 8 * index);
  const auto hex = to_hex({bytes.data(), bytes.size()});
  const auto answer = ask(fmt::format("M{:x},4:{}", address, hex));
  if (!answer) return Failure(answer.error());
  if (*answer != "OK") {
    return Failure(fmt::format("the debug port does not let {:#010x} be written", address));
  }
  return {};
}

std::expected<void, std::string> GdbPort::let_time_pass() {
  if (auto sent = send("c"); !sent) return sent;
  std::this_thread::sleep_for(pause);  // the time that is to pass
  if (auto sent = stream_.send("\x03", deadline()); !sent) return sent;
  const auto stopped = packet();
  if (!stopped) return Failure(stopped.error());
  if (!stopped->starts_with('S') && !stopped->starts_with('T')) {
    return Failure("the CPU does not halt: '" + *stopped + "'");
  }
  return {};
}

std::expected<void, std::string> GdbPort::detach() {
  const auto answer = ask("D");
  if (!answer) return Failure(answer.error());
  return {};
}

// --- packets -------------------------------------------------------------------------------------

std::expected<void, std::string> GdbPort::send(std::string_view payload) {
  return stream_.send(fmt::format("${}#{:02x}", payload, checksum(payload)), deadline());
}

std::expected<char, std::string> GdbPort::next() {
  if (pending_.empty()) {
    auto more = stream_.receive(deadline());
    if (!more) return Failure(more.error());
    pending_ = std::move(*more);
  }
  const char first = pending_.front();
  pending_.erase(0, 1);
  return first;
}

std::expected<std::string, std::string> GdbPort::packet() {
  const auto until = [this](char end) -> std::expected<std::string, std::string> {
    std::string text;
    for (;;) {
      const auto character = next();
      if (!character) return Failure(character.error());
      if (*character == end) return text;
      text += *character;
      if (text.size() > packet_max) return Failure("the debug server answers nonsense");
    }
  };
  if (auto noise = until('$'); !noise) return noise;  // acknowledgements
  const auto payload = until('#');
  if (!payload) return payload;
  std::string digits;
  for (int index = 0; index < 2; ++index) {
    const auto digit = next();
    if (!digit) return Failure(digit.error());
    digits += *digit;
  }
  const auto sum = from_hex(digits);
  if (!sum || sum->front() != checksum(*payload)) {
    return Failure("the debug server's answer is damaged");
  }
  if (auto sent = stream_.send("+", deadline()); !sent) return Failure(sent.error());
  return payload;
}

std::expected<std::string, std::string> GdbPort::ask(std::string_view payload) {
  if (auto sent = send(payload); !sent) return Failure(sent.error());
  for (;;) {
    auto answer = packet();
    const bool output = answer && answer->starts_with('O') && *answer != "OK";
    if (!output) return answer;
  }
}

}  // namespace goldcrest::lock
