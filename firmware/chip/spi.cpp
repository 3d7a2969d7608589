// SPDX-License-Identifier: MIT
#include "firmware/chip/spi.hpp"

#include "firmware/chip/gpio.hpp"
#include "firmware/chip/registers/rcc.hpp"
#include "firmware/chip/registers/spi.hpp"

namespace goldcrest::chip {
namespace {
constexpr unsigned spi_alternate_function = 5;
}

void start_spi() {
  enable_gpio();
  rcc().apb2enr.set(rcc_apb2::spi1);
  pins::radio_select.set(true);
  pins::radio_select.configure(PinMode::output);
  pins::spi_sck.configure(PinMode::alternate, Pull::down, spi_alternate_function);
  pins::spi_miso.configure(PinMode::alternate, Pull::none, spi_alternate_function);
  pins::spi_mosi.configure(PinMode::alternate, Pull::none, spi_alternate_function);
  // Software slave management with SSI high: NSS is an ordinary pin of ours.
  spi1().cr1.write(spi_cr1::mstr | spi_cr1::br_div4 | spi_cr1::ssm | spi_cr1::ssi);
  spi1().cr1.set(spi_cr1::spe);
}

std::uint8_t spi_transfer(std::uint8_t byte) {
  auto& spi = spi1();
  spi.dr.write(byte);
  while (!spi.sr.any(spi_sr::rxne)) {
  }
  return static_cast<std::uint8_t>(spi.dr.read());
}

}  // namespace goldcrest::chip
