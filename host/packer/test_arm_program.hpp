// SPDX-License-Identifier: MIT
// For tests: real ARM programs, compiled and linked at test time with arm-none-eabi-g++ as the
// firmware is, small but with everything that can hold an address.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "host/packer/files.hpp"

namespace goldcrest::packer {

struct ArmProgram {
  std::string source;
  int image_type = 3;
  std::string product = "TEST-PRODUCT";
  std::uint32_t version = 0x01000001;
  std::uint32_t base = 0x08010000;
  std::string compiler_flags = "-Os";
  std::string linker_flags = "-Wl,--emit-relocs";
};

/// What every program starts with: vector table, Info record, startup that copies .data.
inline constexpr const char* arm_startup = R"(
#include <stdint.h>
extern "C" {
extern uint32_t stack_end, data_start, data_end, data_load, bss_start, bss_end;
typedef void (*initialiser)();
extern initialiser init_array_start[], init_array_end[];
void run();
[[noreturn]] void reset_handler() {
  uint32_t* from = &data_load;
  for (uint32_t* to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t* to = &bss_start; to < &bss_end;) *to++ = 0;
  for (initialiser* i = init_array_start; i < init_array_end; ++i) (*i)();
  run();
  for (;;) {}
}
[[gnu::weak]] void default_handler() { for (;;) {} }
void* memcpy(void* to, const void* from, unsigned size) {
  for (unsigned i = 0; i < size; ++i) ((volatile char*)to)[i] = ((const char*)from)[i];
  return to;
}
}
extern "C" [[gnu::section(".vectors"), gnu::used]] const void* const vectors[73] = {
    &stack_end, (void*)reset_handler, (void*)default_handler, (void*)default_handler};
struct Info {
  char magic[4]; uint8_t record, type; uint16_t zero; uint32_t version; char product[32];
  uint32_t zero2;
};
[[gnu::section(".info"), gnu::used]] extern const Info info = {
    {'G', 'I', 'N', 'F'}, 1, IMAGE_TYPE, 0, VERSION, PRODUCT, 0};
)";

inline constexpr const char* arm_linker_script = R"(
ENTRY(reset_handler)
MEMORY {
  FLASH (rx) : ORIGIN = BASE, LENGTH = 192K
  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 80K
}
SECTIONS {
  .vectors : { KEEP(*(.vectors)) . = 0x140; KEEP(*(.info)) } > FLASH
  .text : { *(.text*) *(.rodata*) } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  .init_array : {
    init_array_start = .; KEEP(*(SORT(.init_array.*))) KEEP(*(.init_array)) init_array_end = .;
  } > FLASH
  .data : ALIGN(4) {
    data_start = .; *(.data*) *(.ramfunc*) . = ALIGN(4); data_end = .;
  } > RAM AT> FLASH
  data_load = LOADADDR(.data);
  .bss (NOLOAD) : ALIGN(4) { bss_start = .; *(.bss*) *(COMMON) . = ALIGN(4); bss_end = .; } > RAM
  stack_end = ORIGIN(RAM) + LENGTH(RAM);
  /DISCARD/ : { *(.ARM.extab*) }
}
)";

/// A program with pointers of every kind, all of which relocation by words can express.
inline constexpr const char* arm_rich_program = R"(
struct Shape { virtual int area() const = 0; };
struct Square final : Shape { int side; explicit Square(int s) : side(s) {}
  int area() const override { return side * side; } };
struct Circle final : Shape { int radius; explicit Circle(int r) : radius(r) {}
  int area() const override { return 3 * radius * radius; } };
volatile int input;
volatile int sink;
static int twice(int x) { return 2 * x; }
static int square(int x) { return x * x; }
using Function = int (*)(int);
const Function table[] = {twice, square, twice};
const char* names[] = {"alpha", "beta", "gamma"};            // .data: pointers into flash
volatile int* variables[] = {&input, &sink};                  // .data: pointers into RAM
const char* const constant_names[] = {"one", "two"};          // flash: pointers into flash
volatile uint32_t* const peripheral = (volatile uint32_t*)0x40020000;
extern "C" [[gnu::weak]] void perhaps();
[[gnu::section(".ramfunc"), gnu::noinline, gnu::long_call]] int in_ram(int x) { return x + 1; }
[[gnu::section(".ramfunc"), gnu::noinline]] int near_ram(int x);
[[gnu::section(".ramfunc"), gnu::noinline]] int near_ram(int x) { return x + input; }
Square make_square() { return Square(input); }
Square global_square = make_square();                         // .init_array
[[gnu::noinline]] int choose(int x) {
  switch (x) {
    case 0: return sink; case 1: return input * 3; case 2: return input + 7;
    case 3: sink = 9; return 1;
    case 4: return near_ram(2); case 5: return input ^ 0x55; case 6: sink = 4; return 8;
    case 9: return input << 3; default: return -1;
  }
}
extern "C" void run() {
  const Circle circle(input);
  const Shape* shapes[] = {&global_square, &circle};
  for (const Shape* shape : shapes) sink = sink + shape->area();
  sink = table[input % 3](input) + choose(input) + in_ram(input) + near_ram(input);
  sink = names[input % 3][0] + constant_names[input % 2][1] + *variables[input % 2];
  *peripheral = (uint32_t)sink;
  perhaps();
}
)";

/// Compiles and links into `folder`; the path of the ELF file. Fails the test when that fails.
inline std::filesystem::path build_arm_program(const std::filesystem::path& folder,
                                               const std::string& name, const ArmProgram& program) {
  const auto elf = folder / (name + ".elf");
  std::ofstream(folder / (name + ".cpp")) << arm_startup << program.source;
  std::string script = arm_linker_script;
  script.replace(script.find("BASE"), 4, std::to_string(program.base));
  std::ofstream(folder / (name + ".ld")) << script;
  const std::string command =
      "cd '" + folder.string() +
      "' && arm-none-eabi-g++ -std=c++20 -mcpu=cortex-m3 -mthumb "
      "-ffunction-sections -fdata-sections -fno-exceptions -fno-rtti -fno-threadsafe-statics "
      "-fno-use-cxa-atexit -fno-tree-loop-distribute-patterns -nostdlib -Wl,--gc-sections "
      "-Wl,--no-warn-rwx-segments " +
      program.compiler_flags + " -DIMAGE_TYPE=" + std::to_string(program.image_type) +
      " -DVERSION=" + std::to_string(program.version) + " -DPRODUCT='\"" + program.product +
      "\"' -T " + name + ".ld " + name + ".cpp " + program.linker_flags + " -lgcc -o " + name +
      ".elf 2> " + name + ".log";
  const int status = std::system(command.c_str());
  std::ifstream log(folder / (name + ".log"));
  EXPECT_EQ(status, 0) << std::string(std::istreambuf_iterator<char>(log), {});
  return elf;
}

/// The flat binary that objcopy makes of an ELF file.
inline std::vector<std::uint8_t> objcopy(const std::filesystem::path& elf) {
  const auto binary = elf.string() + ".bin";
  const std::string command =
      "arm-none-eabi-objcopy -O binary '" + elf.string() + "' '" + binary + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  const auto bytes = read_file(binary, 1 << 20);
  EXPECT_TRUE(bytes);
  return bytes.value_or(std::vector<std::uint8_t>());
}

}  // namespace goldcrest::packer
