// SPDX-License-Identifier: MIT
// Keeps the server from being a weapon: who forges the address of a victim into small requests must
// not have large answers sent there (RFC 7252 section 11.3).
//
// An answer of at most three times its request (with their IPv4 and UDP headers) goes to anyone.
// What exceeds that is paid from a budget of the sender's network, IPv4 /24 or IPv6 /48, so that
// clients that know nothing of all this are served as ever while nobody forges; or is free, to an
// address that has lately returned an Echo value sent there (RFC 9175). Nothing is kept for a
// request but a number in a table of fixed size, whose places are found by a secret: nobody can
// choose whom to share with.
//
// Invariant: memory does not depend on what arrives.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::server {

class AddressGuard {
 public:
  static constexpr std::size_t factor = 3;
  static constexpr std::size_t header_bytes = 28;  ///< IPv4 and UDP
  /// Of a network, in bytes: at most, and earned each second.
  static constexpr std::uint32_t budget_bytes = 1024 * 1024;
  static constexpr std::uint32_t budget_bytes_per_s = 32 * 1024;
  static constexpr std::size_t networks = 16'384;
  static constexpr std::size_t addresses = 4096;
  /// An Echo value is taken for one to two of these; an address counts as real as long after it.
  static constexpr base::Duration echo_period = std::chrono::minutes(4);

  using Secret = std::array<std::uint8_t, 16>;
  using Echo = std::array<std::uint8_t, 8>;

  explicit AddressGuard(const Secret& secret);

  /// Whether an answer of `answer` bytes may go to `to`, whose request had `request` bytes. What
  /// exceeds the factor is taken from the budget.
  bool allows(base::Instant now, const wire::Ipv6Address& to, std::size_t request,
              std::size_t answer);
  /// What `to` has to return.
  Echo echo_for(base::Instant now, const wire::Ipv6Address& to) const;
  /// Takes the Echo option of a request from `from`.
  void take_echo(base::Instant now, const wire::Ipv6Address& from, base::Bytes value);

 private:
  struct Budget {
    std::uint32_t bytes = budget_bytes;
    base::Instant at{};
  };
  struct Proof {
    wire::Ipv6Address address;
    base::Instant until{};
  };

  Echo echo_of(std::int64_t period, const wire::Ipv6Address& address) const;
  std::size_t place(std::uint8_t purpose, base::Bytes bytes, std::size_t places) const;
  bool proven(base::Instant now, const wire::Ipv6Address& address) const;

  Secret secret_;
  std::vector<Budget> budgets_;
  std::vector<Proof> proofs_;
};

}  // namespace goldcrest::server
