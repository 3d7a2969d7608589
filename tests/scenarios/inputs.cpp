// SPDX-License-Identifier: MIT
#include "tests/scenarios/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "core/crypto/crc32.hpp"

namespace goldcrest::scenario {

namespace {

std::filesystem::path inputs_folder() {
  const char* other = std::getenv("GOLDCREST_SCENARIO_INPUTS");
  return other != nullptr ? other : GOLDCREST_SCENARIO_INPUTS;
}

const std::filesystem::path inputs = inputs_folder();

std::filesystem::path find(const std::filesystem::path& folder, std::string_view infix) {
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto name = entry.path().filename().string();
      if (name.find(infix) != std::string::npos) return entry.path();
    }
  }
  throw std::runtime_error(
      fmt::format("{} has no file with {} in its name: run `ctest -R scenario.make_inputs` first",
                  folder.string(), infix));
}

std::uint64_t number_from_environment(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return otherwise;
  char* end = nullptr;
  const auto number = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0') {
    throw std::runtime_error(fmt::format("{}={} is not a number", variable, text));
  }
  return number;
}

}  // namespace

File read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path release(std::string_view version) {
  std::string infix = fmt::format("_{}_APP_", version);
  std::ranges::replace(infix, '.', '_');
  return find(inputs / "releases", infix);
}

std::filesystem::path hanging_release() {
  return find(inputs / "hanging", "_APP_");
}

std::filesystem::path other_type_release() {
  return find(inputs / "other-type", "_APP_");
}

std::filesystem::path floor_release() {
  return find(inputs / "floor", "_APP_");
}

std::filesystem::path revoking_release() {
  return find(inputs / "revoking", "_APP_");
}

std::filesystem::path revoked_release() {
  return find(inputs / "revoked", "_APP_");
}

std::filesystem::path man_image() {
  return find(inputs, "_MAN_");
}

std::filesystem::path keys_folder() {
  return inputs / "keys";
}

packer::PublicKey public_key() {
  auto key = packer::read_public_key(keys_folder() / packer::public_key_name);
  if (!key) throw std::runtime_error(key.error().text);
  return *key;
}

packer::PublicKey spare_public_key() {
  auto key = packer::read_public_key(inputs / "spare" / packer::public_key_name);
  if (!key) throw std::runtime_error(key.error().text);
  return *key;
}

packer::ContentKey content_key() {
  auto key = packer::read_content_key(inputs / "keys" / packer::content_key_name);
  if (!key) throw std::runtime_error(key.error().text);
  return *key;
}

std::string renamed(const std::string& name, const File& bytes) {
  return name.substr(0, name.rfind("_0x")) + fmt::format("_0x{:08X}.fmu", crypto::Crc32::of(bytes));
}

std::uint64_t seed() {
  return number_from_environment("GOLDCREST_SEED", 1);
}

unsigned repetitions(const char* variable, unsigned by_default) {
  return static_cast<unsigned>(number_from_environment(variable, by_default));
}

}  // namespace goldcrest::scenario
