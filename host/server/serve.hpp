// SPDX-License-Identifier: MIT
// The body of `goldcrest server`: folder, socket, log and loop around the engine.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "host/server/engine.hpp"
#include "host/server/protected_engine.hpp"

namespace goldcrest::server {

struct ServeOptions {
  std::string folder = "updates";
  std::string bind = "::";
  std::uint16_t port = wire::coap::default_port;
  std::vector<std::string> public_keys;  ///< files; with them, signatures are checked
  EngineSettings engine;
  std::string oscore_contexts;  ///< file; empty: OSCORE is not spoken
  OscorePolicy oscore_policy = OscorePolicy::optional;
  bool json = false;
  bool quiet = false;  ///< requests are not logged
};

/// Serves until a stop signal. Fails with one line when it cannot begin to.
[[nodiscard]] std::expected<void, std::string> serve(const ServeOptions& options);

}  // namespace goldcrest::server
