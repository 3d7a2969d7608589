// SPDX-License-Identifier: MIT
#include "firmware/chip/reset.hpp"

#include "firmware/chip/console.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/registers/rcc.hpp"

namespace goldcrest::chip {

ResetCause take_reset_cause() {
  const auto flags = rcc().csr.read();
  rcc().csr.set(rcc_csr::rmvf);
  rcc().csr.clear(rcc_csr::rmvf);
  if ((flags & rcc_csr::porrstf) != 0) return ResetCause::power_on;
  if ((flags & rcc_csr::iwdgrstf) != 0) return ResetCause::watchdog;
  if ((flags & rcc_csr::wwdgrstf) != 0) return ResetCause::window_watchdog;
  if ((flags & rcc_csr::lpwrrstf) != 0) return ResetCause::low_power;
  if ((flags & rcc_csr::oblrstf) != 0) return ResetCause::option_bytes;
  if ((flags & rcc_csr::sftrstf) != 0) return ResetCause::software;
  return ResetCause::pin;
}

std::string_view describe(ResetCause cause) {
  switch (cause) {
    case ResetCause::power_on:
      return "power-on";
    case ResetCause::pin:
      return "reset pin";
    case ResetCause::software:
      return "software";
    case ResetCause::watchdog:
      return "watchdog";
    case ResetCause::window_watchdog:
      return "window watchdog";
    case ResetCause::low_power:
      return "low power";
    case ResetCause::option_bytes:
      return "option bytes";
  }
  return "unknown";
}

void reset() {
  console_write_now("");
  data_barrier();
  scb().aircr.write(scb_aircr::vectkey | scb_aircr::sysresetreq);
  data_barrier();
  for (;;) {
  }
}

}  // namespace goldcrest::chip
