// SPDX-License-Identifier: MIT
#include "firmware/chip/clock.hpp"

#include "firmware/chip/registers/flash.hpp"
#include "firmware/chip/registers/pwr.hpp"
#include "firmware/chip/registers/rcc.hpp"

namespace goldcrest::chip {
namespace {

// Polls at the MSI's 2.1 MHz; the slowest of these events takes well below a millisecond.
constexpr unsigned polls = 20'000;

constexpr std::uint32_t rcc_cr_reset = rcc_cr::msion | rcc_cr::msirdy;

bool wait_set(const Register& reg, std::uint32_t bits) {
  for (unsigned i = 0; i < polls; ++i) {
    if (reg.all(bits)) return true;
  }
  return false;
}

bool wait_value(const Register& reg, std::uint32_t mask, std::uint32_t value) {
  for (unsigned i = 0; i < polls; ++i) {
    if ((reg.read() & mask) == value) return true;
  }
  return false;
}

void set_voltage_range(std::uint32_t range) {
  rcc().apb1enr.set(rcc_apb1::pwr);
  pwr().cr.replace(pwr_cr::vos_mask, range);
  (void)wait_value(pwr().csr, pwr_csr::vosf, 0);
}

}  // namespace

bool run_at_full_speed() {
  set_voltage_range(pwr_cr::vos_range1);
  // ACC64 first: the other two may only be set once it is.
  flash_interface().acr.set(flash_acr::acc64);
  flash_interface().acr.set(flash_acr::prften);
  flash_interface().acr.set(flash_acr::latency);
  if (!wait_set(flash_interface().acr, flash_acr::latency)) return false;

  rcc().cr.set(rcc_cr::hsion);
  if (!wait_set(rcc().cr, rcc_cr::hsirdy)) return false;
  rcc().cfgr.write(rcc_cfgr::pllmul_4 | rcc_cfgr::plldiv_2);
  rcc().cr.set(rcc_cr::pllon);
  if (!wait_set(rcc().cr, rcc_cr::pllrdy)) return false;
  rcc().cfgr.replace(rcc_cfgr::sw_mask, rcc_cfgr::sw_pll);
  return wait_value(rcc().cfgr, rcc_cfgr::sws_mask, rcc_cfgr::sws_pll);
}

void restore_reset_clock() {
  rcc().cr.set(rcc_cr::msion);
  (void)wait_set(rcc().cr, rcc_cr::msirdy);
  rcc().cfgr.replace(rcc_cfgr::sw_mask, rcc_cfgr::sw_msi);
  (void)wait_value(rcc().cfgr, rcc_cfgr::sws_mask, rcc_cfgr::sws_msi);
  rcc().cr.write(rcc_cr_reset);
  rcc().cfgr.write(0);
  flash_interface().acr.clear(flash_acr::latency);
  flash_interface().acr.clear(flash_acr::prften);
  flash_interface().acr.clear(flash_acr::acc64);
  set_voltage_range(pwr_cr::vos_range2);
  rcc().ahbenr.write(rcc_ahb::flitf);
  rcc().apb2enr.write(0);
  rcc().apb1enr.write(0);
}

}  // namespace goldcrest::chip
