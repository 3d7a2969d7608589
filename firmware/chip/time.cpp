// SPDX-License-Identifier: MIT
#include "firmware/chip/time.hpp"

#include <algorithm>
#include <chrono>

#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/registers/exti.hpp"
#include "firmware/chip/registers/pwr.hpp"
#include "firmware/chip/registers/rcc.hpp"
#include "firmware/chip/registers/rtc.hpp"
#include "firmware/chip/wake.hpp"

namespace goldcrest::chip {
namespace {

using namespace std::chrono_literals;

constexpr unsigned ticks_per_microsecond = 4;
constexpr std::uint32_t long_period = 0x1000000;  // 2^24 ticks, 4.19 s
constexpr std::uint32_t settling_period = 4000;   // 1 ms
constexpr base::Duration lse_patience = 3s;

// Ticks at the last arrival at zero, the period under way, and the one that SysTick has been told
// to load after it.
struct Counter {
  std::uint64_t ticks = 0;
  std::uint32_t period = settling_period;
  std::uint32_t next_period = settling_period;
};
constinit Counter counter;

constinit AlarmClock clock_source = AlarmClock::settling;
constinit base::Instant alarm_at = base::never;

// Wake-up timer: RTCCLK / 2. The LSI lies between 26 and 56 kHz (data sheet); taking it as the
// fastest it can be would wake late when it is slow, so the slowest is assumed.
constexpr std::uint32_t lse_alarm_hz = 32'768 / 2;
constexpr std::uint32_t lsi_slowest_alarm_hz = 26'000 / 2;
constexpr std::uint32_t longest_alarm_counts = 0x10000;
constexpr std::uint32_t shortest_alarm_counts = 2;  // WUT = 0 is forbidden with RTCCLK / 2
constexpr unsigned wutwf_polls = 20'000;

std::uint32_t alarm_hz() {
  return clock_source == AlarmClock::lse ? lse_alarm_hz : lsi_slowest_alarm_hz;
}

// SysTick takes the new reload value at its next wrap; the wrap must not come while this is done.
void disarm() {
  rtc().cr.clear(rtc_cr::wute | rtc_cr::wutie);
  alarm_at = base::never;
}

/// Waits for it, two cycles of the RTC's clock at most (RM0038 20.6.4, WUTWF).
bool wake_up_timer_stopped() {
  for (unsigned i = 0; i < wutwf_polls; ++i) {
    if (rtc().isr.any(rtc_isr::wutwf)) return true;
  }
  return false;
}

// False when a wrap is too near: then the caller comes again.
bool use_long_period() {
  constexpr std::uint32_t safe_distance = 100;
  const InterruptLock lock;
  if (systick().val.read() < safe_distance || scb().icsr.any(scb_icsr::pendstset)) return false;
  counter.next_period = long_period;
  systick().load.write(long_period - 1);
  return true;
}

// The clock source of the RTC survives resets and can only be chosen once after an RTC domain
// reset.
void select_rtc_clock(std::uint32_t source) {
  rcc().csr.replace(rcc_csr::rtcsel_mask, source);
  rcc().csr.set(rcc_csr::rtcen);
  rtc().wpr.write(rtc_wpr::key1);
  rtc().wpr.write(rtc_wpr::key2);
  // The wake-up timer may still run from before the reset; its clock can be set while it does not.
  disarm();
  (void)wake_up_timer_stopped();
  rtc().cr.replace(rtc_cr::wucksel_mask, rtc_cr::wucksel_div2);
  exti().rtsr.set(bit(exti_line_rtc_wakeup));
  exti().imr.set(bit(exti_line_rtc_wakeup));
  exti().pr.write(bit(exti_line_rtc_wakeup));
  enable_interrupt(Interrupt::rtc_wakeup, 2);
  clock_source = source == rcc_csr::rtcsel_lse ? AlarmClock::lse : AlarmClock::lsi;
}

void settle_alarm_clock(base::Instant time) {
  const bool lse_ready = rcc().csr.any(rcc_csr::lserdy);
  if (!lse_ready && time.time_since_epoch() < lse_patience) return;
  if (!lse_ready) rcc().csr.set(rcc_csr::lsion);
  if (!lse_ready && !rcc().csr.any(rcc_csr::lsirdy)) return;
  if (!use_long_period()) return;
  select_rtc_clock(lse_ready ? rcc_csr::rtcsel_lse : rcc_csr::rtcsel_lsi);
}

// True when an interrupt will end the sleep in time.
bool arm(base::Instant time, base::Instant deadline) {
  if (clock_source == AlarmClock::settling) return deadline - time > 1ms;
  if (alarm_at <= deadline && alarm_at > time) return true;
  const auto longest = base::Duration(std::int64_t{longest_alarm_counts} * 1'000'000 / alarm_hz());
  const auto wait = std::min(deadline - time, longest);
  const auto counts = static_cast<std::uint32_t>(static_cast<std::uint32_t>(wait.count()) *
                                                 std::uint64_t{alarm_hz()} / 1'000'000);
  if (counts < shortest_alarm_counts) return false;
  disarm();
  if (!wake_up_timer_stopped()) return false;
  rtc().isr.write(~(rtc_isr::wutf | rtc_isr::init));
  exti().pr.write(bit(exti_line_rtc_wakeup));
  rtc().wutr.write(counts - 1);
  rtc().cr.set(rtc_cr::wute | rtc_cr::wutie);
  alarm_at = time + wait;
  return true;
}

}  // namespace

void start_time() {
  rcc().apb1enr.set(rcc_apb1::pwr);
  pwr().cr.set(pwr_cr::dbp);
  // A clock source other than the LSE, left by somebody, can only be changed by an RTC reset.
  const auto selected = rcc().csr.read() & rcc_csr::rtcsel_mask;
  if (selected != 0 && selected != rcc_csr::rtcsel_lse) {
    rcc().csr.set(rcc_csr::rtcrst);
    rcc().csr.clear(rcc_csr::rtcrst);
  }
  rcc().csr.set(rcc_csr::lseon);

  systick().load.write(settling_period - 1);
  systick().val.write(0);
  systick().ctrl.write(systick_ctrl::enable | systick_ctrl::tickint);
}

base::Instant now() {
  const InterruptLock lock;
  auto value = systick().val.read();
  auto ticks = counter.ticks;
  auto period = counter.period;
  if (scb().icsr.any(scb_icsr::pendstset)) {
    // Zero was reached, and the handler has not counted it yet.
    value = systick().val.read();
    ticks += period;
    period = counter.next_period;
  }
  // At zero a new period has just begun; the reload follows one tick later.
  ticks += value == 0 ? 0 : period - value;
  return base::Instant(base::Duration(static_cast<std::int64_t>(ticks / ticks_per_microsecond)));
}

void delay(base::Duration duration) {
  const auto end = now() + duration;
  while (now() < end) {
  }
}

void sleep_until(base::Instant deadline) {
  const auto time = now();
  if (clock_source == AlarmClock::settling) settle_alarm_clock(time);
  if (deadline > time && arm(time, deadline)) {
    // With interrupts off nothing can slip in between the check and the sleep; a pending one ends
    // the WFI all the same.
    disable_interrupts();
    if (!wake_requested.load(std::memory_order_relaxed)) wait_for_interrupt();
    enable_interrupts();
  }
  wake_requested.store(false, std::memory_order_relaxed);
}

AlarmClock alarm_clock() {
  return clock_source;
}

extern "C" void systick_handler() {
  counter.ticks += counter.period;
  counter.period = counter.next_period;
}

extern "C" void rtc_wakeup_handler() {
  rtc().isr.write(~(rtc_isr::wutf | rtc_isr::init));
  exti().pr.write(bit(exti_line_rtc_wakeup));
  disarm();
  request_wake();
}

}  // namespace goldcrest::chip
