// SPDX-License-Identifier: MIT
#include "host/server/address_guard.hpp"

#include <algorithm>

#include "core/crypto/constant_time.hpp"
#include "core/crypto/sha256.hpp"

namespace goldcrest::server {
namespace {

constexpr std::uint8_t purpose_echo = 1;
constexpr std::uint8_t purpose_budget = 2;
constexpr std::uint8_t purpose_proof = 3;

base::Bytes network_of(const wire::Ipv6Address& address) {
  // ::ffff:a.b.c is as long as the /24 it is.
  constexpr std::size_t ipv4_network = 15;
  constexpr std::size_t ipv6_network = 6;
  return base::Bytes(address.bytes).first(address.ipv4_mapped() ? ipv4_network : ipv6_network);
}

// The secret comes first and the rest has one length for each purpose, so a plain hash serves.
crypto::Digest keyed_hash(const AddressGuard::Secret& secret, std::uint8_t purpose,
                          base::Bytes bytes) {
  crypto::Sha256 hash;
  hash.update(secret);
  hash.update(base::Bytes(&purpose, 1));
  hash.update(bytes);
  return hash.finish();
}

}  // namespace

AddressGuard::AddressGuard(const Secret& secret)
    : secret_(secret), budgets_(networks), proofs_(addresses) {}

bool AddressGuard::allows(base::Instant now, const wire::Ipv6Address& to, std::size_t request,
                          std::size_t answer) {
  const auto free = factor * (request + header_bytes);
  const auto size = answer + header_bytes;
  if (size <= free) return true;
  if (proven(now, to)) return true;
  auto& budget = budgets_[place(purpose_budget, network_of(to), networks)];
  const auto idle_us = std::max<std::int64_t>((now - budget.at).count(), 0);
  const auto earned = std::min<std::int64_t>(idle_us, 60'000'000) * budget_bytes_per_s / 1'000'000;
  if (earned > 0) {
    budget.bytes = static_cast<std::uint32_t>(
        std::min<std::int64_t>(budget_bytes, std::int64_t{budget.bytes} + earned));
    budget.at = now;
  }
  const auto excess = size - free;
  if (excess > budget.bytes) return false;
  budget.bytes -= static_cast<std::uint32_t>(excess);
  return true;
}

bool AddressGuard::proven(base::Instant now, const wire::Ipv6Address& address) const {
  const auto& proof = proofs_[place(purpose_proof, address.bytes, addresses)];
  return proof.address == address && now < proof.until;
}

AddressGuard::Echo AddressGuard::echo_of(std::int64_t period,
                                         const wire::Ipv6Address& address) const {
  std::array<std::uint8_t, 4 + 16> text{};
  base::store_be32(text.data(), static_cast<std::uint32_t>(period));
  std::ranges::copy(address.bytes, text.begin() + 4);
  const auto digest = keyed_hash(secret_, purpose_echo, text);
  Echo echo{};
  std::copy_n(digest.begin(), echo.size(), echo.begin());
  return echo;
}

AddressGuard::Echo AddressGuard::echo_for(base::Instant now, const wire::Ipv6Address& to) const {
  return echo_of(now.time_since_epoch() / echo_period, to);
}

void AddressGuard::take_echo(base::Instant now, const wire::Ipv6Address& from, base::Bytes value) {
  const auto period = now.time_since_epoch() / echo_period;
  // Both are looked at in any case, for equal time.
  const bool recent = crypto::equal(value, echo_of(period, from));
  const bool former = crypto::equal(value, echo_of(period - 1, from));
  if (!recent && !former) return;
  proofs_[place(purpose_proof, from.bytes, addresses)] = {.address = from,
                                                          .until = now + echo_period};
}

std::size_t AddressGuard::place(std::uint8_t purpose, base::Bytes bytes, std::size_t places) const {
  const auto digest = keyed_hash(secret_, purpose, bytes);
  return base::load_be32(digest.data()) % places;
}

}  // namespace goldcrest::server
