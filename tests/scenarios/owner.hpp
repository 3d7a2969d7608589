// SPDX-License-Identifier: MIT
// Whoever can sign: the owner of the scenarios' devices, who signs whatever an attacker has brought
// him to sign, and a stranger, who has a key of the same kind.
#pragma once

#include <cstdint>
#include <string_view>

#include "host/packer/lms_signer.hpp"
#include "tests/scenarios/inputs.hpp"

namespace goldcrest::scenario {

/// Fields of a manifest by their place (docs/formats/fmu.md), to be changed as no packer would.
namespace manifest_field {
inline constexpr std::size_t format = 4;
inline constexpr std::size_t image_type = 5;
inline constexpr std::size_t signature_type = 6;
inline constexpr std::size_t encryption = 7;
inline constexpr std::size_t product = 8;
inline constexpr std::size_t version = 40;
inline constexpr std::size_t minimum_version = 44;
inline constexpr std::size_t sequence = 48;
inline constexpr std::size_t image_size = 52;
inline constexpr std::size_t link_base = 72;
inline constexpr std::size_t content_key_id = 76;
inline constexpr std::size_t signing_key_id = 80;
inline constexpr std::size_t digest = 112;
}  // namespace manifest_field

/// A file with a field of four bytes, or a text, put into its manifest; the signature is as before.
File with_field(File file, std::size_t field, std::uint32_t value);
File with_text(File file, std::size_t field, std::string_view text);

class Signer {
 public:
  static Signer& owner();
  /// Made up by the seed of the scenario; nobody trusts it.
  static Signer stranger();

  /// The file with its first 144 bytes signed anew, whatever they say. Leaves come from the top of
  /// the tree, where the packer never gets: each once in a process.
  File signs(File file);
  std::uint32_t key_id() const;

 private:
  explicit Signer(const packer::LmsSecret& secret)
      : secret_(secret), tree_(packer::LmsTree::build(secret)), leaf_(tree_leaves()) {}
  std::uint32_t tree_leaves() const { return secret_.parameters().leaves(); }

  packer::LmsSecret secret_;
  packer::LmsTree tree_;
  std::uint32_t leaf_;
};

}  // namespace goldcrest::scenario
