// SPDX-License-Identifier: MIT
// Somebody on the path between a device and its server, who hears every datagram, has no key, and
// is always quicker than the server: what he can answer in its place.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "core/base/bytes.hpp"

namespace goldcrest::sim {

class Forger {
 public:
  using Datagram = std::vector<std::uint8_t>;

  /// An answer of the server's, to be repeated another day.
  void hears(base::Bytes answer);
  /// Forged answers to this request: "nothing newer", errors and a reset without protection, what
  /// looks protected and is not, and what the server sealed for other requests. Each names the
  /// request as its answer would. Empty when the datagram is no request.
  std::vector<Datagram> answers_to(base::Bytes request) const;

 private:
  std::deque<Datagram> heard_;
};

}  // namespace goldcrest::sim
