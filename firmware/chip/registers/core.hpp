// SPDX-License-Identifier: MIT
// The Cortex-M3's own peripherals: SysTick, NVIC, system control block, MPU (PM0056 chapter 4).
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct SysTickRegisters {
  Register ctrl;   // 0x00
  Register load;   // 0x04
  Register val;    // 0x08
  Register calib;  // 0x0C
};

struct NvicRegisters {
  Register iser[8];
  Register reserved0[24];
  Register icer[8];
  Register reserved1[24];
  Register ispr[8];
  Register reserved2[24];
  Register icpr[8];
  Register reserved3[24];
  Register iabr[8];
  Register reserved4[56];
  Register ipr[20];  // one byte an interrupt, upper four bits used
};

struct SystemControlRegisters {
  Register cpuid;  // 0x00
  Register icsr;   // 0x04
  Register vtor;   // 0x08
  Register aircr;  // 0x0C
  Register scr;    // 0x10
  Register ccr;    // 0x14
  Register shpr[3];
  Register shcsr;
  Register cfsr;  // 0x28
  Register hfsr;  // 0x2C
  Register dfsr;
  Register mmfar;
  Register bfar;
};

struct MpuRegisters {
  Register type;  // 0x00
  Register ctrl;  // 0x04
  Register rnr;   // 0x08
  Register rbar;  // 0x0C
  Register rasr;  // 0x10
};

inline SysTickRegisters& systick() {
  return peripheral<SysTickRegisters, 0xE000E010>();
}
inline NvicRegisters& nvic() {
  return peripheral<NvicRegisters, 0xE000E100>();
}
inline SystemControlRegisters& scb() {
  return peripheral<SystemControlRegisters, 0xE000ED00>();
}

inline MpuRegisters& mpu() {
  return peripheral<MpuRegisters, 0xE000ED90>();
}

namespace systick_ctrl {
inline constexpr std::uint32_t enable = bit(0);
inline constexpr std::uint32_t tickint = bit(1);
inline constexpr std::uint32_t countflag = bit(16);
// CLKSOURCE (bit 2) clear: HCLK / 8
}  // namespace systick_ctrl

namespace mpu_ctrl {
inline constexpr std::uint32_t enable = bit(0);
inline constexpr std::uint32_t privdefena = bit(2);
}  // namespace mpu_ctrl

namespace mpu_rbar {
inline constexpr std::uint32_t valid = bit(4);  // the number of the region is in bits 0 to 3
}  // namespace mpu_rbar

namespace mpu_rasr {
inline constexpr std::uint32_t enable = bit(0);
/// A region of 2 to the power of `exponent` bytes.
constexpr std::uint32_t size(unsigned exponent) {
  return (exponent - 1) << 1;
}
inline constexpr std::uint32_t normal_memory = bit(17);  // TEX 0, C: write-through
inline constexpr std::uint32_t read_write = 3u << 24;
inline constexpr std::uint32_t execute_never = bit(28);
}  // namespace mpu_rasr

namespace scb_icsr {
inline constexpr std::uint32_t pendstclr = bit(25);
inline constexpr std::uint32_t pendsvclr = bit(27);
inline constexpr std::uint32_t pendstset = bit(26);
}  // namespace scb_icsr

namespace scb_aircr {
inline constexpr std::uint32_t vectkey = 0x05FAu << 16;
inline constexpr std::uint32_t sysresetreq = bit(2);
}  // namespace scb_aircr

namespace scb_scr {
inline constexpr std::uint32_t sleepdeep = bit(2);
}  // namespace scb_scr

/// Interrupt numbers, RM0038 table "Vector table (Cat.3, 4, 5 and 6)".
enum class Interrupt : unsigned {
  rtc_wakeup = 3,
  exti9_5 = 23,
  usart2 = 38,
  exti15_10 = 40,
};
inline constexpr unsigned interrupt_count = 57;

/// Lower numbers are served first; 0 to 15.
inline void enable_interrupt(Interrupt interrupt, unsigned priority) {
  const auto number = static_cast<unsigned>(interrupt);
  const unsigned shift = (number % 4) * 8;
  nvic().ipr[number / 4].replace(0xFFu << shift, (priority << 4) << shift);
  nvic().icpr[number / 32].write(bit(number % 32));
  nvic().iser[number / 32].write(bit(number % 32));
}
inline void unmask_interrupt(Interrupt interrupt) {
  const auto number = static_cast<unsigned>(interrupt);
  nvic().iser[number / 32].write(bit(number % 32));
}
inline void mask_interrupt(Interrupt interrupt) {
  const auto number = static_cast<unsigned>(interrupt);
  nvic().icer[number / 32].write(bit(number % 32));
  asm volatile("dsb\n isb" ::: "memory");
}

inline void disable_interrupts() {
  asm volatile("cpsid i" ::: "memory");
}
inline void enable_interrupts() {
  asm volatile("cpsie i" ::: "memory");
}
inline void wait_for_interrupt() {
  asm volatile("dsb\n wfi" ::: "memory");
}
inline void data_barrier() {
  asm volatile("dsb" ::: "memory");
}

/// Keeps interrupts off for the lifetime of the object and restores what was.
class InterruptLock {
 public:
  InterruptLock() { asm volatile("mrs %0, primask\n cpsid i" : "=r"(primask_)::"memory"); }
  ~InterruptLock() { asm volatile("msr primask, %0" ::"r"(primask_) : "memory"); }
  InterruptLock(const InterruptLock&) = delete;
  InterruptLock& operator=(const InterruptLock&) = delete;

 private:
  std::uint32_t primask_;
};

}  // namespace goldcrest::chip
