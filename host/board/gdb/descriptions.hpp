// SPDX-License-Identifier: MIT
// What GDB is told about the chip: its registers and its memory map (GDB manual, appendices G.5.4
// and E.16).
#pragma once

#include <string>

namespace goldcrest::board::gdb {

/// In the order of CpuRegister, which is the order of the g packet.
const std::string& target_description();
const std::string& memory_map();

}  // namespace goldcrest::board::gdb
