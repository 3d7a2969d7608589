// SPDX-License-Identifier: MIT
// SYSCFG at 0x40010000, RM0038 chapter "System configuration controller": which port each EXTI line
// listens to, and what address 0 shows: after a reset what the boot pins chose, which BOOT_MODE
// goes on telling.
#pragma once

#include <array>

#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Syscfg final : public RegisterBlock {
 public:
  explicit Syscfg(Chip& chip);

  /// The port (0 = A … 7 = H) that EXTI line `line` (0–15) is connected to.
  unsigned exti_port(unsigned line) const;
  /// Called after EXTICR has changed, with the line.
  class Listener {
   public:
    virtual void exti_port_changed(unsigned line) = 0;

   protected:
    ~Listener() = default;
  };
  void set_listener(Listener& listener) { listener_ = &listener; }

  /// MEM_MODE: what is seen at address 0.
  enum class BootMemory : std::uint8_t { program = 0, system = 1, ram = 3 };
  BootMemory boot_memory() const { return static_cast<BootMemory>(memory_remap_); }
  /// What the boot pins chose at the reset, and what address 0 shows from then on.
  void start(BootMemory chosen, BootMemory shown);
  /// Called when MEM_MODE may have changed.
  class MemoryMapper {
   public:
    virtual void map_boot_memory(BootMemory memory) = 0;

   protected:
    ~MemoryMapper() = default;
  };
  void set_mapper(MemoryMapper& mapper) { mapper_ = &mapper; }

  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  void map(std::uint32_t mode);

  std::uint32_t memory_remap_ = 0;
  std::uint32_t boot_mode_ = 0;
  std::uint32_t mode_ = 0;
  std::array<std::uint32_t, 4> exti_{};
  Listener* listener_ = nullptr;
  MemoryMapper* mapper_ = nullptr;
};

}  // namespace goldcrest::board
