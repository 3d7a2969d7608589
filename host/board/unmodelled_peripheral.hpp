// SPDX-License-Identifier: MIT
// A peripheral of the chip that does nothing here: its registers have their reset values and keep
// what is written to the bits that exist, so that code which reads back what it wrote goes on;
// every access is told under `--trace unmodelled`.
//
//   DAC 0x40007400   LCD 0x40002400   USB 0x40005C00 with its packet memory at 0x40006000
//   comparators, routing interface and operational amplifiers 0x40007C00
//
// RM0038 chapters "Digital-to-analog converter", "LCD controller", "USB full speed device
// interface", "Comparators", "System configuration controller and routing interface", "Operational
// amplifiers".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

struct UnmodelledRegister {
  std::uint32_t first = 0;  ///< offset of the first register of this kind
  std::uint32_t count = 1;
  std::uint32_t reset = 0;
  std::uint32_t writable = 0;
};

class UnmodelledPeripheral final : public RegisterBlock {
 public:
  /// `registers` outlives this.
  UnmodelledPeripheral(Chip& chip, std::string_view name,
                       std::span<const UnmodelledRegister> registers);

  static std::span<const UnmodelledRegister> dac();
  static std::span<const UnmodelledRegister> lcd();
  static std::span<const UnmodelledRegister> usb();
  static std::span<const UnmodelledRegister> usb_memory();
  static std::span<const UnmodelledRegister> comparators();

  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;
  std::uint32_t peek_register(std::uint32_t offset) override;

 private:
  struct Place {
    const UnmodelledRegister* kind;
    std::size_t index;
  };
  /// Where the register at `offset` is kept; `kind` is null if there is none.
  Place find(std::uint32_t offset) const;

  std::span<const UnmodelledRegister> registers_;
  std::vector<std::uint32_t> values_;
};

}  // namespace goldcrest::board
