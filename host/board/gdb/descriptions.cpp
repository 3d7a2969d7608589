// SPDX-License-Identifier: MIT
#include "host/board/gdb/descriptions.hpp"

#include <fmt/format.h>

#include <string_view>

#include "host/board/bus.hpp"
#include "host/board/memory.hpp"

namespace goldcrest::board::gdb {
namespace {

std::string make_target_description() {
  std::string text =
      "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
      "<architecture>arm</architecture><feature name=\"org.gnu.gdb.arm.m-profile\">";
  const auto add = [&text](std::string_view name, std::string_view attributes) {
    text += fmt::format("<reg name=\"{}\" bitsize=\"32\" {}/>", name, attributes);
  };
  constexpr std::string_view general = "group=\"general\"";
  constexpr std::string_view system = "group=\"system\"";
  for (unsigned number = 0; number <= 12; ++number) add(fmt::format("r{}", number), general);
  add("sp", "type=\"data_ptr\" group=\"general\"");
  add("lr", general);
  add("pc", "type=\"code_ptr\" group=\"general\"");
  add("xpsr", general);
  text += "</feature><feature name=\"org.gnu.gdb.arm.m-system\">";
  add("msp", "type=\"data_ptr\" group=\"system\"");
  add("psp", "type=\"data_ptr\" group=\"system\"");
  for (const std::string_view name : {"primask", "basepri", "faultmask", "control"}) {
    add(name, system);
  }
  return text + "</feature></target>";
}

std::string make_memory_map() {
  std::string text =
      "<?xml version=\"1.0\"?><!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map "
      "V1.0//EN\" \"http://sourceware.org/gdb/gdb-memory-map.dtd\"><memory-map>";
  const auto add = [&text](std::string_view type, std::uint32_t start, std::uint64_t length) {
    text +=
        fmt::format("<memory type=\"{}\" start=\"{:#x}\" length=\"{:#x}\"/>", type, start, length);
  };
  add("rom", 0, flash_size);
  text += fmt::format(
      "<memory type=\"flash\" start=\"{:#x}\" length=\"{:#x}\"><property name=\"blocksize\">{:#x}"
      "</property></memory>",
      flash_base, flash_size, flash_page_size);
  add("ram", eeprom_base, eeprom_size);
  add("rom", system_memory_base, system_memory_size);
  add("ram", option_bytes_base, 0x1000);
  add("ram", ram_base, ram_size);
  add("ram", ram_bit_band_base, ram_size * 32ull);
  add("ram", peripheral_base, peripheral_size);
  add("ram", peripheral_bit_band_base, 0x02000000);
  add("ram", 0xE0000000, 0x00100000);
  return text + "</memory-map>";
}

}  // namespace

const std::string& target_description() {
  static const std::string text = make_target_description();
  return text;
}

const std::string& memory_map() {
  static const std::string text = make_memory_map();
  return text;
}

}  // namespace goldcrest::board::gdb
