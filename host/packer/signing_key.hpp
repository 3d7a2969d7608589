// SPDX-License-Identifier: MIT
// The stateful signer. A leaf of an LMS tree that signs two different messages gives forgeries away
// (RFC 8554 section 9.2), so before a signature leaves sign():
//
//   1. the key directory is locked, so that signing processes take turns;
//   2. the stored index is compared with two journals: one beside the key, one in the account of
//   the
//      person who signs. A lower index means that an old copy of the key came back: refused;
//   3. the next index is written and synced (file and folder), then both journals, in that order,
//   so
//      that a crash at any point loses a leaf at most and never looks like a rolled-back key.
//
// What this cannot see: a copy used on another machine or account, or a restored snapshot of the
// whole machine. Hence the rule: never copy a key directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

/// The points between the synced writes of a reservation, for tests that crash there.
enum class ReservationStep { checked, key_written, journal_written, record_written };

struct SigningOptions {
  /// Where the account's journals live; default_state_directory() unless a test says otherwise.
  std::filesystem::path state_directory;
  /// create_keys(): the content key to take over, for a spare signing key of a product whose
  /// devices have that one; empty to make a new one.
  std::filesystem::path content_key;
  /// Called after each step while the key is locked.
  std::function<void(ReservationStep)> on_step;
  /// One line for stderr: waiting for the lock, the tree being rebuilt.
  std::function<void(const std::string&)> notice;
};

/// $XDG_STATE_HOME/goldcrest, or ~/.local/state/goldcrest.
Result<std::filesystem::path> default_state_directory();

struct Signature {
  std::vector<std::uint8_t> bytes;
  std::uint32_t index = 0;            ///< the leaf that signed
  std::uint32_t remaining = 0;        ///< leaves left
  std::vector<std::string> warnings;  ///< lines the person should see
};

struct KeyStatus {
  LmsParameters parameters;
  PublicKey public_key;
  std::uint32_t next_index = 0;
  std::optional<std::uint32_t> journal_index;  ///< of signing.state; nothing when it is missing
  std::optional<std::uint32_t> account_index;  ///< of this account; nothing when it never signed
  std::vector<std::string> warnings;
  std::optional<std::string> refusal;  ///< why sign() would refuse; nothing when it would not
};

/// Creates `directory` with signing.key, signing.pub, signing.state, signing.tree and content.key,
/// all at once or not at all. The directory must not exist, or be empty. `height` 5, 10, 15 or 20.
Result<KeyStatus> create_keys(const std::filesystem::path& directory, std::uint32_t height,
                              const SigningOptions& options);

/// Signs with the next leaf of the key in `directory`.
Result<Signature> sign(const std::filesystem::path& directory, base::Bytes message,
                       const SigningOptions& options);

/// What `goldcrest key status` shows; changes nothing.
Result<KeyStatus> key_status(const std::filesystem::path& directory, const SigningOptions& options);

/// Gives up all leaves below `next_index`, the way out after a rolled-back or damaged state for
/// someone who knows which leaves have been used. Only ever forward, never below a journal.
Result<KeyStatus> advance_key(const std::filesystem::path& directory, std::uint32_t next_index,
                              const SigningOptions& options);

}  // namespace goldcrest::packer
