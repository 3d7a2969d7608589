// SPDX-License-Identifier: MIT
// Under which nonce what was sealed. OSCORE's AES-CCM gives the plaintexts away, and lets others
// forge, once two different messages travel under one key and nonce (RFC 8613 sections 7.2.1 and
// 12.3). The ledger sees all that a device puts on the air, lost frames included, and all that a
// server sends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/air/air.hpp"
#include "tests/scenarios/inputs.hpp"

namespace goldcrest::scenario {

class NonceLedger {
 public:
  /// Sees each frame of `station` from now on; nobody else can observe the air then.
  NonceLedger(sim::Air& air, sim::StationId station);

  /// An answer that the server sends to a request.
  void answered(base::Bytes request, base::Bytes answer);

  /// What was sealed twice differently: lines for people; empty if all is well.
  const std::vector<std::string>& conflicts() const { return conflicts_; }
  /// Nonces of requests: how many there were, and the highest sequence number.
  std::size_t requests() const { return messages_.size(); }
  std::uint64_t last_sequence() const { return last_sequence_; }
  std::size_t answers() const { return answers_.size(); }
  /// Requests that were not protected.
  std::size_t unprotected() const { return unprotected_; }
  /// How often a request was repeated as it was.
  std::size_t repetitions() const { return repetitions_; }

 private:
  void sees(base::Bytes frame);
  std::optional<std::string> sees_message(base::Bytes message);
  void sees_piece(const std::string& nonce, std::size_t at, base::Bytes bytes);

  sim::StationId station_;
  // What was seen of the message with each nonce.
  std::map<std::string, std::map<std::size_t, std::uint8_t>> messages_;
  std::map<std::string, File> answers_;
  // The datagram whose later fragments are to come.
  struct Partial {
    std::uint16_t tag = 0;
    std::string nonce;
    std::size_t message_at = 0;
  };
  std::optional<Partial> partial_;
  std::uint64_t last_sequence_ = 0;
  std::size_t repetitions_ = 0;
  std::size_t unprotected_ = 0;
  std::vector<std::string> conflicts_;
};

}  // namespace goldcrest::scenario
