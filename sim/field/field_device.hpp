// SPDX-License-Identifier: MIT
// A field device: not our firmware, but a station that does what the recorded frames show
// (tests/vectors/contiki-spirit1): joins with DIS and DAO, then fetches an update with classic
// requests, block after block. It neither asks for nor sends link acks, and hears nothing for a
// while after every block, because it writes its flash.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/version.hpp"
#include "core/wire/coap.hpp"
#include "core/wire/rpl.hpp"
#include "sim/field/scripted_station.hpp"

namespace goldcrest::sim {

class FieldDevice {
 public:
  static constexpr wire::Eui64 eui64{{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}};
  static constexpr base::Version version{1, 1, 2};

  /// `server`: whom it asks. `seed` is of its radio's back-off.
  FieldDevice(World& world, const wire::Endpoint& server, std::uint64_t seed)
      : station_(world, eui64, seed), server_(server) {}

  ScriptedStation& station() { return station_; }

  /// DIS until a DIO comes, then its DAO and another one, as recorded. False without an answer in
  /// time.
  bool joins(base::Duration limit);
  /// The DODAG it has joined.
  const std::optional<wire::Dio>& dio() const { return dio_; }

  enum class Outcome : std::uint8_t { complete, nothing_newer, refused, gave_up };
  /// Fetches block after block, from the one that it has not got yet, until the last one.
  Outcome updates(base::Duration limit);
  /// What it has got.
  const std::vector<std::uint8_t>& file() const { return file_; }
  unsigned retransmissions() const { return retransmissions_; }

 private:
  template <typename Body>
  void sends_rpl(const wire::MacAddress& to, const wire::Ipv6Address& destination,
                 const Body& body);
  void sends_dis();
  void sends_dao(std::uint8_t sequence);
  void sends_request(std::uint16_t message_id);
  std::optional<Outcome> takes_answer(std::uint16_t message_id);
  std::optional<Outcome> takes_block(const wire::coap::Message& answer);

  ScriptedStation station_;
  wire::Endpoint server_;
  std::optional<wire::Dio> dio_;
  wire::MacAddress parent_;
  std::vector<std::uint8_t> file_;
  std::uint32_t block_ = 0;
  bool got_block_ = false;
  unsigned retransmissions_ = 0;
};

}  // namespace goldcrest::sim
