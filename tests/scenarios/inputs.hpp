// SPDX-License-Identifier: MIT
// What tests/scenarios/make_inputs has made: update files, keys and the MAN image. The environment
// variable GOLDCREST_SCENARIO_INPUTS names another folder than that of the build.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/packer/key_files.hpp"

namespace goldcrest::scenario {

using File = std::vector<std::uint8_t>;

/// The bytes of a file; throws when it cannot be read.
File read_all(const std::filesystem::path& path);

/// The update file of a version such as "1.1.31"; throws when there is none.
std::filesystem::path release(std::string_view version);
/// The update file 1.1.31 whose application hangs at its first instruction.
std::filesystem::path hanging_release();
/// The update file 1.1.31 with a signature of the type that the firmware does not check.
std::filesystem::path other_type_release();
/// Update files of security counter 1, where all others have 0: 1.1.31; 1.2.31 signed by the spare
/// key, which revokes the first; 1.3.31 signed by the first.
std::filesystem::path floor_release();
std::filesystem::path revoking_release();
std::filesystem::path revoked_release();
/// What a factory programs: BOOT, MTA, application 1.0.31, the update server's address set.
std::filesystem::path man_image();
packer::PublicKey public_key();
/// A second key that devices trust from the start.
packer::PublicKey spare_public_key();
/// The keys that all of them were made with, private ones among them.
std::filesystem::path keys_folder();
packer::ContentKey content_key();

/// The name an update file with these bytes must have; `name` is that of the original.
std::string renamed(const std::string& name, const File& bytes);

/// GOLDCREST_SEED, or 1: of everything random in a scenario.
std::uint64_t seed();
/// How often something is repeated: an environment variable, or a default for everyday.
unsigned repetitions(const char* variable, unsigned by_default);

}  // namespace goldcrest::scenario
