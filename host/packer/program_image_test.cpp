// SPDX-License-Identifier: MIT
#include "host/packer/program_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "host/packer/files.hpp"
#include "host/packer/test_arm_program.hpp"
#include "host/packer/test_folder.hpp"

namespace goldcrest::packer {
namespace {

using image::ImageType;
using testing::AllOf;
using testing::HasSubstr;

/// The image with the offset added to every listed word.
std::vector<std::uint8_t> moved(const ProgramImage& program, std::uint32_t offset) {
  auto bytes = program.bytes;
  for (const auto at : program.relocations) {
    base::store_le32(bytes.data() + at, base::load_le32(bytes.data() + at) + offset);
  }
  return bytes;
}

/// Relocating to APP2 must give what the linker makes when told to link there.
void expect_same_as_linked_at_app2(const TestFolder& folder, ArmProgram program) {
  const auto at_app1 = build_arm_program(folder.path(), "app1", program);
  program.base = image::app2_section.base;
  const auto at_app2 = build_arm_program(folder.path(), "app2", program);
  const auto image = read_program_image(at_app1, ImageType::app);
  ASSERT_TRUE(image) << image.error().text;
  auto expected_app1 = objcopy(at_app1);
  auto expected_app2 = objcopy(at_app2);
  ASSERT_GT(expected_app1.size(), 0x200u);
  expected_app1.resize(image->bytes.size());
  expected_app2.resize(image->bytes.size());
  EXPECT_EQ(image->bytes, expected_app1);
  EXPECT_EQ(moved(*image, image::offset_of(image::Slot::app2)), expected_app2);
  // Not by luck: without the table the two differ.
  EXPECT_NE(expected_app1, expected_app2);
  EXPECT_GT(image->relocations.size(), 10u);
}

class EveryOptimisation : public testing::TestWithParam<const char*> {};

TEST_P(EveryOptimisation, relocating_gives_what_linking_elsewhere_gives) {
  const TestFolder folder;
  expect_same_as_linked_at_app2(folder, {.source = arm_rich_program, .compiler_flags = GetParam()});
}

INSTANTIATE_TEST_SUITE_P(Flags, EveryOptimisation,
                         testing::Values("-O0", "-O2", "-Os", "-O3 -fno-inline", "-Os -flto"));

TEST(ProgramImage, newlib_printf_relocates_too) {
  const TestFolder folder;
  expect_same_as_linked_at_app2(
      folder, {.source = R"(
#include <stdio.h>
#include <stdlib.h>
extern "C" {
int _write(int, const char*, int n) { return n; } int _read(int, char*, int) { return 0; }
int _close(int) { return 0; } int _lseek(int, int, int) { return 0; } int _isatty(int) { return 1; }
int _fstat(int, void*) { return 0; } void* _sbrk(int) { return nullptr; }
void _exit(int) { for (;;) {} }
int _kill(int, int) { return -1; } int _getpid() { return 1; }
void run() { printf("%d %s %5.2f\n", rand(), "text", 1.5 * rand()); qsort(nullptr, 0, 0, nullptr); }
})",
               .compiler_flags = "-Os -Dmemcpy=unused_copy",
               .linker_flags = "-Wl,--emit-relocs,--start-group -lc -lm -lgcc -Wl,--end-group"});
}

TEST(ProgramImage, takes_product_type_and_version_from_the_info_record) {
  const TestFolder folder;
  const auto elf =
      build_arm_program(folder.path(), "app", {.source = arm_rich_program, .version = 0x0203001F});
  const auto image = read_program_image(elf, ImageType::app);
  ASSERT_TRUE(image) << image.error().text;
  EXPECT_EQ(image->info.product.text(), "TEST-PRODUCT");
  EXPECT_EQ(image->info.version, (base::Version{2, 3, 31}));
  EXPECT_EQ(image->base, image::link_base);
  EXPECT_EQ(image->bytes.size() % 4, 0u);
  const auto wrong = read_program_image(elf, ImageType::mta);
  ASSERT_FALSE(wrong);
}

/// The line with which an APP of this source is refused.
std::string refusal(const ArmProgram& program) {
  const TestFolder folder;
  const auto image =
      read_program_image(build_arm_program(folder.path(), "app", program), ImageType::app);
  EXPECT_FALSE(image);
  return image ? std::string() : image.error().text;
}

TEST(ProgramImage, split_addresses_are_refused_by_name) {
  EXPECT_THAT(refusal({.source = R"(
int target() { return 5; }
[[gnu::noinline]] int (*address())() {
  int (*f)();
  asm volatile("movw %0, #:lower16:_Z6targetv\n movt %0, #:upper16:_Z6targetv" : "=r"(f));
  return f;
}
volatile int sink;
extern "C" void run() { sink = address()() + target(); })"}),
              AllOf(HasSubstr("R_ARM_THM_MOVW_ABS_NC"), HasSubstr("_Z6targetv"),
                    HasSubstr("section .text"), HasSubstr("-mword-relocations")));
}

TEST(ProgramImage, split_addresses_of_ram_are_fine) {
  const TestFolder folder;
  expect_same_as_linked_at_app2(folder, {.source = std::string(arm_rich_program) + R"(
[[gnu::used, gnu::noinline]] int ram_by_halves() {
  int* p;
  asm volatile("movw %0, #:lower16:input\n movt %0, #:upper16:input" : "=r"(p));
  return *p;
}
extern "C" void perhaps() { sink = ram_by_halves(); })"});
}

TEST(ProgramImage, unaligned_pointers_are_refused) {
  EXPECT_THAT(refusal({.source = R"(
int target() { return 5; }
struct [[gnu::packed]] Packed { char tag; int (*function)(); };
extern const Packed packed[2]; const Packed packed[2] = {{'a', target}, {'b', target}};
volatile int sink;
extern "C" void run() { sink = packed[sink % 2].function(); })"}),
              AllOf(HasSubstr("not word-aligned"), HasSubstr("_Z6targetv")));
}

TEST(ProgramImage, distances_between_flash_and_ram_are_refused) {
  EXPECT_THAT(refusal({.source = R"(
int variable = 5;
volatile int sink;
asm(".section .rodata.distance,\"a\"\n.align 2\n.global distance\ndistance: .word variable - .\n"
    ".text\n");
extern "C" const int distance;
extern "C" void run() { sink = distance + variable; })"}),
              AllOf(HasSubstr("R_ARM_REL32"), HasSubstr("variable")));
}

TEST(ProgramImage, ram_code_that_calls_into_the_image_is_refused) {
  EXPECT_THAT(refusal({.source = R"(
volatile int sink;
[[gnu::noinline]] int in_flash(int x) { return x + sink; }
[[gnu::section(".ramfunc"), gnu::noinline]] int in_ram(int x) { return in_flash(x) + 1; }
extern "C" void run() { sink = in_ram(sink); })"}),
              AllOf(HasSubstr("R_ARM_THM_"), HasSubstr("in_flash"), HasSubstr("-mlong-calls")));
}

TEST(ProgramImage, global_offset_tables_are_refused) {
  EXPECT_THAT(refusal({.source = R"(
extern int variable; int variable = 3; volatile int sink;
extern "C" void run() { sink = variable; })",
                       .compiler_flags = "-Os -fPIC -msingle-pic-base"}),
              HasSubstr("R_ARM_GOT"));
}

TEST(ProgramImage, addresses_in_the_slot_behind_the_image_are_refused) {
  EXPECT_THAT(refusal({.source = R"(
extern "C" uint32_t trailer; volatile uint32_t sink;
extern "C" void run() { sink = (uint32_t)&trailer; })",
                       .linker_flags = "-Wl,--emit-relocs,--defsym=trailer=0x0803F000"}),
              AllOf(HasSubstr("trailer"), HasSubstr("behind the image")));
}

TEST(ProgramImage, a_link_without_kept_relocations_is_refused) {
  EXPECT_THAT(refusal({.source = arm_rich_program, .linker_flags = ""}),
              HasSubstr("--emit-relocs"));
}

TEST(ProgramImage, a_program_at_the_wrong_place_is_refused) {
  EXPECT_THAT(refusal({.source = arm_rich_program, .base = 0x08020000}),
              HasSubstr("does not start"));
  EXPECT_THAT(refusal({.source = arm_rich_program, .base = 0x08000000}),
              HasSubstr("outside the place of APP"));
}

TEST(ProgramImage, a_wrong_info_record_is_refused) {
  EXPECT_THAT(refusal({.source = arm_rich_program, .image_type = 2}),
              HasSubstr("says that this is MTA"));
  EXPECT_THAT(refusal({.source = arm_rich_program, .product = "no spaces, please"}),
              HasSubstr("Info record"));
  EXPECT_THAT(refusal({.source = arm_rich_program, .version = 0}), HasSubstr("Info record"));
}

TEST(ProgramImage, what_is_no_arm_program_is_refused_in_one_line) {
  for (const char* path : {"/proc/self/exe", "/dev/null", "/", "/no/such/file"}) {
    const auto image = read_program_image(path, ImageType::app);
    ASSERT_FALSE(image) << path;
    EXPECT_THAT(image.error().text, AllOf(HasSubstr(path), testing::Not(HasSubstr("\n"))));
  }
}

TEST(ProgramImage, damaged_files_never_crash) {
  const TestFolder folder;
  const auto elf = build_arm_program(folder.path(), "app", {.source = arm_rich_program});
  const auto good = read_file(elf, 1 << 22);
  ASSERT_TRUE(good);
  std::mt19937 random(20261122);
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    auto bytes = *good;
    const auto changes = 1 + random() % 4;
    // The first and last KiB hold the headers, where damage matters most.
    for (unsigned i = 0; i < changes; ++i) {
      const std::size_t reach = round % 3 == 0 ? bytes.size() : 1024;
      const std::size_t at = random() % reach;
      bytes[round % 3 == 1 ? bytes.size() - 1 - at : at] = static_cast<std::uint8_t>(random());
    }
    if (round % 7 == 0) bytes.resize(random() % bytes.size());
    const auto file = ElfFile::parse(bytes, "damaged.elf");
    if (file && make_program_image(*file, ImageType::app, "damaged.elf")) ++accepted;
  }
  EXPECT_LT(accepted, 3000);
}

}  // namespace
}  // namespace goldcrest::packer
