// SPDX-License-Identifier: MIT
// libFuzzer target: a UDP packet with any bytes and the checksum set right parses, and emits again
// to the same bytes.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/wire/checksum.hpp"
#include "core/wire/udp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  std::array<std::uint8_t, 2048> packet{};
  std::array<std::uint8_t, 2048> emitted{};
  if (size > packet.size()) return 0;
  const wire::Ipv6Address source{{0xFE, 0x80}};
  const wire::Ipv6Address destination{{0xFF, 0x02}};
  std::copy_n(data, size, packet.begin());
  (void)wire::UdpDatagram::parse({data, size}, source, destination);
  if (size < wire::UdpDatagram::header_size) return 0;
  const std::size_t length = base::load_be16(packet.data() + 4);
  if (length < wire::UdpDatagram::header_size || length > size) return 0;
  base::store_be16(packet.data() + wire::UdpDatagram::checksum_offset, 0);
  auto checksum =
      wire::upper_layer_checksum(source, destination, 17, base::Bytes(packet).first(length));
  if (checksum == 0) checksum = 0xFFFF;
  base::store_be16(packet.data() + wire::UdpDatagram::checksum_offset, checksum);
  const auto datagram =
      wire::UdpDatagram::parse(base::Bytes(packet).first(size), source, destination);
  if (!datagram) std::abort();
  base::ByteWriter writer(emitted);
  datagram->emit(writer, source, destination);
  if (writer.size() != length ||
      !std::equal(writer.written().begin(), writer.written().end(), packet.begin())) {
    std::abort();
  }
  return 0;
}
