// SPDX-License-Identifier: MIT
// Packets of GDB's remote serial protocol (GDB manual, appendix E.1): `$payload#checksum`, with
// escaped bytes, acknowledged by + and - until both sides agree not to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace goldcrest::board::gdb {

/// The longest payload that is taken, before unescaping.
inline constexpr std::size_t packet_max = 0x4000;

/// Finds packets in what arrives.
class PacketReader {
 public:
  enum class Kind : std::uint8_t {
    packet,
    interrupt,  ///< Ctrl-C
    acknowledged,
    rejected,  ///< the last packet is to be sent again
    damaged,   ///< wrong checksum
    too_long,  ///< nothing sensible can follow
  };
  struct Event {
    Kind kind = Kind::damaged;
    std::string payload;  ///< unescaped
  };

  void push(std::string_view bytes) { pending_ += bytes; }
  /// The next event; none until more bytes come.
  std::optional<Event> next();

 private:
  std::string pending_;
};

/// `payload` escaped, framed and with its checksum.
std::string make_packet(std::string_view payload);

std::string to_hex(std::span<const std::uint8_t> bytes);
std::string to_hex(std::string_view text);
/// A register's value as packets carry it: its bytes, lowest first.
std::string word_to_hex(std::uint32_t value);
/// Nothing if a character is no digit, or one is left over.
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

/// Takes the fields of a payload one after the other.
class Fields {
 public:
  explicit Fields(std::string_view rest) : rest_(rest) {}

  /// A hexadecimal number of at most 32 bits at the front.
  std::optional<std::uint32_t> number();
  /// True if `character` was next.
  bool skip(char character);
  /// What comes before `separator`, or all that is left; the separator is taken as well.
  std::string_view until(char separator);
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace goldcrest::board::gdb
