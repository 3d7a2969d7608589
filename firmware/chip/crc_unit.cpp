// SPDX-License-Identifier: MIT
// The unit works most significant bit first and inverts nothing at the end; turning round the bits
// of each word and of the result gives the reflected CRC of IEEE 802.3.
#include "firmware/chip/crc_unit.hpp"

#include "firmware/chip/registers/crc.hpp"
#include "firmware/chip/registers/rcc.hpp"

namespace goldcrest::chip {
namespace {

std::uint32_t reverse_bits(std::uint32_t value) {
  std::uint32_t result;
  asm("rbit %0, %1" : "=r"(result) : "r"(value));
  return result;
}

}  // namespace

std::uint32_t hardware_crc32(base::Bytes bytes) {
  rcc().ahbenr.set(rcc_ahb::crc);
  (void)rcc().ahbenr.read();
  crc_unit().cr.write(crc_cr::reset);
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    crc_unit().dr.write(reverse_bits(base::load_le32(bytes.data() + i)));
  }
  const auto value = ~reverse_bits(crc_unit().dr.read());
  rcc().ahbenr.clear(rcc_ahb::crc);
  return value;
}

}  // namespace goldcrest::chip
