// SPDX-License-Identifier: MIT
#include "host/board/syscfg.hpp"

#include <utility>

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t { memrmp = 0x00, pmc = 0x04, exticr1 = 0x08, exticr4 = 0x14 };

// EXTICR codes: A B C D E H F G (RM0038 8.5.3); anything above is reserved and taken as A.
constexpr std::array<unsigned, 8> ports{0, 1, 2, 3, 4, 7, 5, 6};

}  // namespace

Syscfg::Syscfg(Chip& chip) : RegisterBlock(chip, "SYSCFG", NarrowWrite::duplicate) {}

unsigned Syscfg::exti_port(unsigned line) const {
  const std::uint32_t code = exti_[line / 4] >> (4 * (line % 4)) & 15u;
  return code < ports.size() ? ports[code] : 0;
}

void Syscfg::reset(bool /*power_on*/) {
  map(0);
  mode_ = 0;
  exti_.fill(0);
}

void Syscfg::start(BootMemory chosen, BootMemory shown) {
  boot_mode_ = std::to_underlying(chosen);
  map(std::to_underlying(shown));
}

void Syscfg::map(std::uint32_t mode) {
  memory_remap_ = mode;
  if (mapper_ != nullptr) mapper_->map_boot_memory(boot_memory());
}

std::uint32_t Syscfg::read_register(std::uint32_t offset) {
  if (offset == memrmp) return memory_remap_ | boot_mode_ << 8;
  if (offset == pmc) return mode_;
  if (offset >= exticr1 && offset <= exticr4) return exti_[(offset - exticr1) / 4];
  return unmodelled_read(offset);
}

void Syscfg::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == memrmp) {
    // 2 is reserved: there is no external memory on this chip.
    if ((value & 3u) == 2u) {
      unmodelled("MEM_MODE 2 is reserved");
    } else {
      map(value & 3u);
    }
  } else if (offset == pmc) {
    mode_ = value & 0x3Fu;  // USB_PU, LCD_CAPA
  } else if (offset >= exticr1 && offset <= exticr4) {
    const unsigned index = (offset - exticr1) / 4;
    const std::uint32_t changed = exti_[index] ^ (value & 0xFFFFu);
    exti_[index] = value & 0xFFFFu;
    for (unsigned field = 0; field < 4; ++field) {
      if ((changed >> (4 * field) & 15u) != 0 && listener_ != nullptr) {
        listener_->exti_port_changed(4 * index + field);
      }
    }
  } else {
    unmodelled_write(offset, value);
  }
}

void Syscfg::serialize(Saver& saver) {
  saver.section(name());
  saver(memory_remap_, boot_mode_, mode_, exti_);
  for (const auto memory : {memory_remap_, boot_mode_}) {
    if (memory > 3 || memory == 2) saver.fail("SYSCFG: there is no such memory");
  }
}

}  // namespace goldcrest::board
