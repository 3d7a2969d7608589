// SPDX-License-Identifier: MIT
#include "host/air/zep_station.hpp"

namespace goldcrest::air {

namespace {
/// NTP time of the wall clock, as ZEP wants it; Wireshark shows it, nobody here reads it.
std::uint64_t ntp_now() {
  using namespace std::chrono;
  constexpr std::uint64_t seconds_1900_to_1970 = 2'208'988'800;
  const auto microseconds_since_1970 = static_cast<std::uint64_t>(
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
  const auto seconds = microseconds_since_1970 / 1'000'000 + seconds_1900_to_1970;
  const auto fraction = ((microseconds_since_1970 % 1'000'000) << 32) / 1'000'000;
  return (seconds << 32) | fraction;
}
}  // namespace

std::expected<ZepStation, std::string> ZepStation::open(const wire::Endpoint& air,
                                                        std::uint16_t device_id) {
  auto socket = system::UdpSocket::open({});
  if (!socket) return std::unexpected(socket.error());
  return ZepStation(std::move(*socket), air, device_id);
}

bool ZepStation::emit(const ZepPacket& packet) {
  std::array<std::uint8_t, zep_datagram_bytes_max> buffer{};
  base::ByteWriter writer(buffer);
  emit_zep(packet, writer);
  return writer.ok() && socket_.send(air_, writer.written());
}

bool ZepStation::send(base::Bytes frame) {
  return emit(
      {.device_id = device_id_, .ntp_time = ntp_now(), .sequence = sequence_++, .frame = frame});
}

void ZepStation::receive(const std::function<void(base::Bytes)>& heard) {
  std::array<std::uint8_t, 512> buffer{};
  for (int taken = 0; taken < system::UdpSocket::turn; ++taken) {
    const auto received = socket_.receive(buffer);
    if (!received) return;
    if (received->from != air_) continue;
    const auto packet = parse_zep(received->payload);
    if (packet && packet->type == ZepType::data) heard(packet->frame);
  }
}

void ZepStation::advance(base::Instant now) {
  if (now < next_hello_) return;
  next_hello_ = now + hello_interval;
  (void)emit({.type = ZepType::hello, .sequence = sequence_++, .frame = {}});
}

}  // namespace goldcrest::air
