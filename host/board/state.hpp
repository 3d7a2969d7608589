// SPDX-License-Identifier: MIT
// The archive of a board's state. Every part has one `void serialize(Saver&)` that names each field
// once; the same code path saves and loads, so the two cannot drift apart:
//
//   void Usart::serialize(Saver& saver) {
//     saver.section("USART");
//     saver(status_, data_, baud_, receive_queue_);
//   }
//
// Numbers are little-endian in their own width; a container is its length in 32 bits, then its
// elements. While loading, every length is checked against the bytes that are left, and the first
// fault makes all further fields read as zero; whoever started the load asks error() at the end.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace goldcrest::board {

class Saver {
 public:
  /// Saves: bytes() holds what has been named so far.
  Saver() = default;
  /// Loads from `bytes`, which must outlive the Saver.
  explicit Saver(std::span<const std::uint8_t> bytes) : input_(bytes), loading_(true) {}

  bool loading() const { return loading_; }
  const std::vector<std::uint8_t>& bytes() const { return output_; }
  std::vector<std::uint8_t> take_bytes() { return std::move(output_); }
  /// Empty while all is well.
  const std::string& error() const { return error_; }
  /// A part may refuse what it loads (an index out of range); the first reason is kept.
  void fail(std::string_view reason);
  std::size_t remaining() const { return input_.size(); }

  /// Saves the name; while loading, it must be the same.
  void section(std::string_view name);

  template <typename... Fields>
  void operator()(Fields&... fields) {
    (field(fields), ...);
  }

  /// `size` bytes as they are.
  void raw(std::uint8_t* data, std::size_t size);

 private:
  template <typename T>
  struct is_pair : std::false_type {};
  template <typename A, typename B>
  struct is_pair<std::pair<A, B>> : std::true_type {};

  template <typename T>
  void field(T& value) {
    if constexpr (std::same_as<T, bool>) {
      std::uint8_t byte = value ? 1 : 0;
      number(byte);
      value = byte != 0;
    } else if constexpr (std::is_enum_v<T>) {
      auto underlying = static_cast<std::underlying_type_t<T>>(value);
      number(underlying);
      value = static_cast<T>(underlying);
    } else if constexpr (std::is_integral_v<T>) {
      number(value);
    } else if constexpr (std::same_as<T, double>) {
      auto pattern = std::bit_cast<std::uint64_t>(value);
      number(pattern);
      value = std::bit_cast<double>(pattern);
    } else if constexpr (is_pair<T>::value) {
      field(value.first);
      field(value.second);
    } else {
      value.serialize(*this);
    }
  }

  template <typename T, std::size_t size>
  void field(T (&values)[size]) {
    for (T& value : values) field(value);
  }

  template <typename T, std::size_t size>
  void field(std::array<T, size>& values) {
    for (T& value : values) field(value);
  }

  template <typename T>
  void field(std::optional<T>& value) {
    bool present = value.has_value();
    field(present);
    if (loading_) value = present ? std::optional<T>(T{}) : std::nullopt;
    if (present) field(*value);
  }

  template <typename T>
  void field(std::vector<T>& values) {
    sequence(values);
  }
  template <typename T>
  void field(std::deque<T>& values) {
    sequence(values);
  }
  void field(std::string& values) { sequence(values); }

  template <typename Container>
  void sequence(Container& values) {
    auto count = static_cast<std::uint32_t>(values.size());
    number(count);
    if (loading_) {
      values.clear();
      if (count > input_.size()) {  // every element takes a byte at least
        fail("a length is longer than the file");
        return;
      }
      values.resize(count);
    }
    for (auto& value : values) field(value);
  }

  template <typename T>
  void number(T& value) {
    using Unsigned = std::make_unsigned_t<T>;
    std::array<std::uint8_t, sizeof(T)> bytes{};
    if (!loading_) {
      auto rest = static_cast<std::uint64_t>(static_cast<Unsigned>(value));
      for (auto& byte : bytes) {
        byte = static_cast<std::uint8_t>(rest & 0xFF);
        rest >>= 8;
      }
    }
    raw(bytes.data(), bytes.size());
    if (loading_) {
      std::uint64_t result = 0;
      for (std::size_t index = sizeof(T); index-- > 0;) result = result << 8 | bytes[index];
      value = static_cast<T>(static_cast<Unsigned>(result));
      if constexpr (std::same_as<T, std::int64_t>) check_time(value);
    }
  }

  /// A signed number of 64 bits is a time: one that the board can come to and go on from, or never.
  void check_time(std::int64_t& time);

  std::vector<std::uint8_t> output_;
  std::span<const std::uint8_t> input_;
  bool loading_ = false;
  std::string error_;
};

}  // namespace goldcrest::board
