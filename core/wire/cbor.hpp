// SPDX-License-Identifier: MIT
// The part of CBOR (RFC 8949) that Goldcrest's messages use, in its deterministic form (section
// 4.2.1): definite lengths and shortest integers only, read strictly and written so.
//
// Like base::ByteReader, the reader has a sticky failure: after the first thing that is not as
// asked for, every call returns zero or empty and ok() is false. Nothing it returns is larger than
// the input, and skip() has a bounded depth.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"

namespace goldcrest::wire::cbor {

/// RFC 8949 section 3.1.
enum class Major : std::uint8_t {
  unsigned_integer = 0,
  negative_integer = 1,
  byte_string = 2,
  text_string = 3,
  array = 4,
  map = 5,
  tag = 6,
  simple = 7,
};

/// Deepest nesting skip() follows.
inline constexpr unsigned max_depth = 4;

class Reader {
 public:
  explicit Reader(base::Bytes bytes) : reader_(bytes), bytes_(bytes) {}

  bool ok() const { return reader_.ok(); }
  /// True when all is well and nothing is left.
  bool at_end() const { return ok() && reader_.remaining() == 0; }
  /// The major type of the next item; nothing at the end or after a failure.
  std::optional<Major> next_major() const;

  /// An unsigned integer of at most `max`.
  std::uint64_t unsigned_integer(std::uint64_t max = UINT64_MAX);
  base::Bytes byte_string();
  /// The bytes of a text string; UTF-8 is not checked, the caller knows what it allows.
  std::string_view text_string();
  bool boolean();
  /// Number of elements that follow; never more than bytes are left.
  std::size_t array();
  /// Number of pairs that follow; never more than half the bytes that are left.
  std::size_t map();
  /// Passes over one item of any kind, nested at most max_depth deep.
  void skip() { skip(max_depth); }
  /// Marks the input as bad, for a check that only the caller can make.
  void fail() { reader_.fail(); }

 private:
  struct Head {
    Major major = Major::simple;
    std::uint8_t additional = 0;  // the five low bits
    std::uint64_t argument = 0;
  };
  Head head();
  std::uint64_t head_of(Major expected);
  void skip(unsigned depth);

  base::ByteReader reader_;
  base::Bytes bytes_;
};

class Writer {
 public:
  explicit Writer(base::MutableBytes buffer) : writer_(buffer) {}

  bool ok() const { return writer_.ok(); }
  /// What has been written; nothing when it did not fit.
  std::optional<base::Bytes> finish() const;

  void unsigned_integer(std::uint64_t value) { head(Major::unsigned_integer, value); }
  void byte_string(base::Bytes value);
  void text_string(std::string_view value);
  void boolean(bool value);
  void null() { head(Major::simple, 22); }
  void array(std::size_t elements) { head(Major::array, elements); }
  void map(std::size_t pairs) { head(Major::map, pairs); }

 private:
  void head(Major major, std::uint64_t argument);

  base::ByteWriter writer_;
};

}  // namespace goldcrest::wire::cbor
