// SPDX-License-Identifier: MIT
// The OSCORE option (RFC 8613 section 6.1): a compressed COSE object without its ciphertext.
//
//    0 1 2 3 4 5 6 7 <------------- n bytes -------------->
//   +-+-+-+-+-+-+-+-+--------------------------------------
//   |0 0 0|h|k|  n  |       Partial IV (if any) ...
//   +-+-+-+-+-+-+-+-+--------------------------------------
//    <- 1 byte -> <----- s bytes ------>
//   +------------+----------------------+------------------+
//   | s (if any) | kid context (if any) | kid (if any) ... |
//   +------------+----------------------+------------------+
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"

namespace goldcrest::oscore {

/// CoAP option numbers of RFC 8613 section 2 and RFC 9175 section 2.2.1.
inline constexpr std::uint16_t oscore_option = 9;
inline constexpr std::uint16_t echo_option = 252;

/// Longest Sender or Recipient ID with AES-CCM-16-64-128: nonce length minus 6 (section 3.3).
inline constexpr std::size_t identifier_bytes = 7;
/// Our bound on the ID Context, which the RFC bounds at 255.
inline constexpr std::size_t id_context_bytes = 16;
/// Sequence numbers are below 2^40 (section 7.2.1).
inline constexpr std::uint64_t sequence_limit = std::uint64_t{1} << 40u;

/// A Sender Sequence Number as it travels: 1 to 5 bytes, no leading zeros; zero is one byte.
class PartialIv {
 public:
  /// sequence < sequence_limit.
  static PartialIv of(std::uint64_t sequence);
  /// Nothing when `bytes` is not of the form above.
  static std::optional<PartialIv> parse(base::Bytes bytes);

  base::Bytes bytes() const { return {bytes_.data(), bytes_.size()}; }
  std::uint64_t sequence() const;

 private:
  base::FixedVector<std::uint8_t, 5> bytes_;
};

/// The views point into what was parsed.
struct OptionValue {
  std::optional<PartialIv> partial_iv;
  std::optional<base::Bytes> kid_context;
  std::optional<base::Bytes> kid;
};

/// Nothing for reserved flag bits and lengths, what is cut short, and bytes that nothing announces.
std::optional<OptionValue> parse_option(base::Bytes value);

inline constexpr std::size_t option_value_bytes = 1 + 5 + 1 + id_context_bytes + identifier_bytes;
/// The part of `out` that was used; `out` must hold option_value_bytes, and the identifiers of
/// `value` must be within the bounds above.
base::Bytes emit_option(const OptionValue& value, base::MutableBytes out);

}  // namespace goldcrest::oscore
