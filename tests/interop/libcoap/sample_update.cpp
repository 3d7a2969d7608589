// SPDX-License-Identifier: MIT
// Writes a complete, signed and encrypted update file of random contents into a folder, under its
// proper name, for tests that need one without a compiler for ARM.
//
// usage: sample_update FOLDER MAJOR MINOR BUILD IMAGE_BYTES
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"

namespace {

template <typename Number>
std::optional<Number> number(const char* text) {
  Number value{};
  const char* end = text + std::strlen(text);
  const auto [stop, failure] = std::from_chars(text, end, value);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace goldcrest;
  const auto major = argc == 6 ? number<std::uint8_t>(argv[2]) : std::nullopt;
  const auto minor = argc == 6 ? number<std::uint8_t>(argv[3]) : std::nullopt;
  const auto build = argc == 6 ? number<std::uint16_t>(argv[4]) : std::nullopt;
  const auto size = argc == 6 ? number<std::uint32_t>(argv[5]) : std::nullopt;
  if (!major || !minor || !build || !size || *size % 4 != 0) {
    fmt::print(stderr, "usage: sample_update FOLDER MAJOR MINOR BUILD IMAGE_BYTES\n");
    return 2;
  }
  const auto file =
      image::testing::make_image({.version = {*major, *minor, *build}, .image_size = *size}).file();
  const auto path = fmt::format("{}/{}_{}_{}_{}_APP_0x{:08X}.fmu", argv[1],
                                image::testing::product.text(), *major, *minor, *build,
                                crypto::Crc32::of(file));
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  out.close();
  if (!out) {
    fmt::print(stderr, "sample_update: cannot write {}\n", path);
    return 1;
  }
  fmt::print("{}\n", path);
  return 0;
}
