// SPDX-License-Identifier: MIT
// The first lines of the application: who it is, what else is on the board, where it will ask.
// docs/console.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/version.hpp"
#include "core/image/flash_map.hpp"
#include "core/image/slot.hpp"
#include "core/update/secure_context.hpp"
#include "core/update/slots.hpp"
#include "core/wire/address.hpp"
#include "firmware/text/printer.hpp"

namespace goldcrest::app {

struct BannerFacts {
  std::string_view product;
  base::Version version;     ///< of this application
  image::Slot slot;          ///< that it runs from
  image::SlotStatus status;  ///< of that slot
  update::Versions versions;
  std::string_view reset_cause;
  std::optional<wire::Ipv6Address> server;  ///< absent: not provisioned
  bool protected_conversation = false;      ///< a security context is provisioned
  /// One was provisioned and is not known any more.
  std::optional<update::SecureContextError> context_error{};
};

/// An application is an updated one when the other slot holds an older version.
bool updated(const BannerFacts& facts);

void print_banner(text::Output& output, const BannerFacts& facts);

/// Why a device that has lost its security context does not speak with its server.
void print_silence(text::Output& output, update::SecureContextError why);

}  // namespace goldcrest::app
