// SPDX-License-Identifier: MIT
// Signing by a command of the user's, so that the private key can stay in a hardware security
// module, in another account or on another machine. docs/packer.md.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

struct SignCommand {
  std::string command;  ///< for /bin/sh -c; empty: there is none
  std::chrono::seconds timeout{60};
};

/// What the command gets on its standard input: for P-256 the SHA-256 of the message, 32 bytes; for
/// LMS, whose hash begins with numbers of the signature, the message itself.
std::vector<std::uint8_t> input_of_sign_command(const PublicKey& key, base::Bytes message);

/// Runs the command and takes the signature from its standard output: raw bytes as the manifest has
/// them, for P-256 also DER. Fails unless it ends in time with exit code 0 and its signature is of
/// the key's size and holds.
Result<std::vector<std::uint8_t>> sign_with_command(const SignCommand& command,
                                                    const PublicKey& key, base::Bytes message);

}  // namespace goldcrest::packer
