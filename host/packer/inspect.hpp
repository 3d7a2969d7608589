// SPDX-License-Identifier: MIT
// `goldcrest inspect`: what is in an update file or a MAN image, and which checks it passes with
// the keys at hand. The file is not trusted in any way.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

/// No file that inspect can read is longer.
inline constexpr std::size_t inspected_file_limit = 1u << 20;

struct InspectionKeys {
  std::vector<PublicKey> public_keys;
  std::optional<ContentKey> content_key;
};

enum class CheckState { passed, failed, not_made };

struct Check {
  std::string name;
  CheckState state = CheckState::not_made;
  std::string detail;  ///< why it failed or was not made
};

struct Inspection {
  nlohmann::ordered_json fields;  ///< never contains key material, only key ids
  std::vector<Check> checks;

  /// No check failed.
  bool sound() const;
  /// `fields` with the checks added.
  nlohmann::ordered_json json() const;
  /// The same for people, a line a field.
  std::string text() const;
};

/// `file_name` (without folders) is compared with the content if it has the form of such names.
/// Fails when the bytes are neither an update file nor a MAN image, or a damaged one.
Result<Inspection> inspect(base::Bytes file, std::string_view file_name,
                           const InspectionKeys& keys);

}  // namespace goldcrest::packer
