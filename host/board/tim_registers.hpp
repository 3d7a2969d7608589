// SPDX-License-Identifier: MIT
// Registers of the timers, RM0038 "TIMx registers": offsets, bits, and which bits each kind has.
#pragma once

#include <array>
#include <cstdint>

#include "host/board/tim.hpp"

namespace goldcrest::board::tim {

enum Offset : std::uint32_t {
  cr1 = 0x00,
  cr2 = 0x04,
  smcr = 0x08,
  dier = 0x0C,
  sr = 0x10,
  egr = 0x14,
  ccmr1 = 0x18,
  ccmr2 = 0x1C,
  ccer = 0x20,
  cnt = 0x24,
  psc = 0x28,
  arr = 0x2C,
  ccr1 = 0x34,
  ccr4 = 0x40,
  dcr = 0x48,
  dmar = 0x4C,
  option_register = 0x50,
};

// CR1
inline constexpr std::uint32_t counter_enable = 1u << 0;
inline constexpr std::uint32_t update_disable = 1u << 1;
inline constexpr std::uint32_t update_by_overflow_only = 1u << 2;
inline constexpr std::uint32_t one_pulse = 1u << 3;
inline constexpr std::uint32_t count_down = 1u << 4;
inline constexpr std::uint32_t reload_preload = 1u << 7;

// CR2
inline constexpr std::uint32_t channel_requests_at_update = 1u << 3;
inline constexpr std::uint32_t first_input_is_xor = 1u << 7;
// MMS
inline constexpr unsigned master_reset = 0;
inline constexpr unsigned master_enable = 1;
inline constexpr unsigned master_update = 2;
inline constexpr unsigned master_compare_pulse = 3;
inline constexpr unsigned master_reference = 4;  ///< of channel 1; the others follow

// SMCR
inline constexpr unsigned first_encoder_mode = 1;
inline constexpr unsigned last_encoder_mode = 3;
inline constexpr unsigned reset_mode = 4;
inline constexpr unsigned gated_mode = 5;
inline constexpr unsigned trigger_mode = 6;
inline constexpr unsigned external_clock_mode = 7;
inline constexpr std::uint32_t external_clock_2 = 1u << 14;
inline constexpr std::uint32_t external_trigger_inverted = 1u << 15;
// TS: 0–3 the internal triggers, then
inline constexpr unsigned first_input_edges = 4;
inline constexpr unsigned first_input_filtered = 5;
inline constexpr unsigned second_input_filtered = 6;
inline constexpr unsigned external_trigger_input = 7;

// OR of TIM10 and TIM11: the external trigger is TIM9, not LSE
inline constexpr std::uint32_t external_trigger_remap = 1u << 2;

// SR, EGR and the lower half of DIER; DMA enables are 8 bits further up
inline constexpr std::uint32_t update_flag = 1u << 0;
inline constexpr std::uint32_t compare_flag = 1u << 1;  ///< of channel 1; the others follow
inline constexpr std::uint32_t trigger_flag = 1u << 6;
inline constexpr std::uint32_t overcapture_flag = 1u << 9;
inline constexpr std::uint32_t interrupt_flags = 0x5Fu;
inline constexpr std::uint32_t update_request = 1u << 8;
inline constexpr std::uint32_t compare_request = 1u << 9;
inline constexpr std::uint32_t compare_requests = 0x1E00u;
inline constexpr unsigned trigger_request_bit = 14;
inline constexpr std::uint32_t dma_enables = 0x5F00u;

/// Bits that can be written.
struct Masks {
  std::uint32_t control1;
  std::uint32_t control2;
  std::uint32_t slave_mode;
  std::uint32_t interrupts;
  std::uint32_t events;
  std::uint32_t channel_enables;
};

/// By TimerKind.
inline constexpr std::array<Masks, 4> all_masks{{{0x3FF, 0xF8, 0xFFFF, 0x5F5F, 0x5F, 0xBBBB},
                                                 {0x3FF, 0x70, 0xFFF7, 0x0047, 0x47, 0x00BB},
                                                 {0x38F, 0x00, 0xFF00, 0x0003, 0x03, 0x000B},
                                                 {0x08F, 0x70, 0x0000, 0x0101, 0x01, 0x0000}}};

constexpr const Masks& masks(TimerKind kind) {
  return all_masks[static_cast<unsigned>(kind)];
}

}  // namespace goldcrest::board::tim
