// SPDX-License-Identifier: MIT
// The SPIRIT1's registers, states, commands and interrupts by the names of the data sheet
// (DocID022758, "Register table"), for the radio's trace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/board/spirit1_registers.hpp"

namespace goldcrest::board::spirit1 {

/// "PCKTCTRL4"; "0x59" where the data sheet names nothing.
std::string register_name(std::uint8_t address);
/// "SYNTH_SETUP".
std::string_view state_name(State state);
/// "LOCKRX"; empty if it is none.
std::string_view strobe_name(std::uint8_t code);
/// "RX_DATA_READY".
std::string_view irq_name(Irq irq);

}  // namespace goldcrest::board::spirit1
