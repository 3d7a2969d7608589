// SPDX-License-Identifier: MIT
#include "host/board/firmware_file.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <random>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

class FirmwareFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "goldcrest-firmware-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// The program `name` as objcopy writes it in `format`.
  fs::path converted(const std::string& name, const std::string& format) {
    const fs::path result = folder_ / (name + "." + format);
    const std::string source = std::string(GOLDCREST_BOARD_PROGRAMS) + "/" + name + ".elf";
    const std::string command =
        "arm-none-eabi-objcopy -O " + format + " '" + source + "' '" + result.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return result;
  }

  fs::path folder_;
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string error_of(std::string_view text) {
  const auto image = parse_firmware(bytes_of(text));
  return image ? "none" : image.error();
}

TEST_F(FirmwareFile, ElfHexAndBinaryOfOneProgramAreTheSame) {
  const auto binary = read_firmware(std::string(GOLDCREST_BOARD_PROGRAMS) + "/hello.bin");
  const auto elf = read_firmware(std::string(GOLDCREST_BOARD_PROGRAMS) + "/hello.elf");
  const auto hex = read_firmware(converted("hello", "ihex"));
  ASSERT_TRUE(binary) << binary.error();
  ASSERT_TRUE(elf) << elf.error();
  ASSERT_TRUE(hex) << hex.error();
  EXPECT_EQ(binary->address, 0x08000000u);
  EXPECT_EQ(elf->address, binary->address);
  EXPECT_EQ(hex->address, binary->address);
  EXPECT_EQ(elf->bytes, binary->bytes);
  EXPECT_EQ(hex->bytes, binary->bytes);
  EXPECT_EQ(binary->bytes.size() % 256, 0u);
}

TEST_F(FirmwareFile, DamagedFilesAreRefusedWithTheReason) {
  EXPECT_THAT(error_of(""), HasSubstr("nothing to program"));
  EXPECT_THAT(error_of("\177ELF"), HasSubstr("cut off"));
  EXPECT_THAT(error_of(":0400000001020304F3\n"), HasSubstr("damaged"));  // checksum
  EXPECT_THAT(error_of(":0200000408\n"), HasSubstr("damaged"));          // length
  EXPECT_THAT(error_of(":020000040800F2\n:0400000001020304F2\n"), HasSubstr("no end record"));
  EXPECT_THAT(error_of(":020000042000DA\n:0400000001020304F2\n"), HasSubstr("outside"));
  EXPECT_THAT(error_of(":00000006FA\n"), HasSubstr("unknown type"));
  EXPECT_THAT(error_of(std::string(600'000, 'x')), HasSubstr("outside"));
  EXPECT_FALSE(read_firmware(folder_ / "missing").has_value());
  EXPECT_FALSE(read_firmware(folder_).has_value());
}

TEST_F(FirmwareFile, ACutOrChangedElfFileIsReadSafely) {
  std::ifstream file(std::string(GOLDCREST_BOARD_PROGRAMS) + "/hello.elf", std::ios::binary);
  const std::vector<std::uint8_t> whole{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(whole.size(), 100u);
  std::mt19937 random(1);
  unsigned refused = 0;
  for (unsigned round = 0; round < 2'000; ++round) {
    auto bytes = whole;
    if (round % 2 == 0) bytes.resize(random() % whole.size());
    for (unsigned change = 0; change < 3 && !bytes.empty(); ++change) {
      bytes[random() % std::min<std::size_t>(bytes.size(), 120)] =
          static_cast<std::uint8_t>(random());
    }
    if (!parse_firmware(bytes)) ++refused;
  }
  EXPECT_GT(refused, 500u);
}

}  // namespace
}  // namespace goldcrest::board
