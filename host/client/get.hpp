// SPDX-License-Identifier: MIT
// The body of `goldcrest get`: fetches one CoAP resource, in blocks where need be, to a file or to
// stdout.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "core/wire/coap.hpp"

namespace goldcrest::client {

struct GetOptions {
  std::string uri;
  std::string output;             ///< a file; empty or "-": stdout
  std::size_t block_size = 1024;  ///< largest asked for: 16 to 1024, a power of two
  unsigned timeout_s = 30;        ///< without any progress
  wire::coap::Code method = wire::coap::Code::get;
  std::string payload_file;                     ///< sent with every request; empty: none
  std::optional<std::uint16_t> content_format;  ///< of the payload
  std::optional<std::uint16_t> accept;
  std::string oscore_contexts;  ///< file of security contexts; empty: unprotected
  std::string oscore_context;   ///< name of the one to use; empty: the file's only one
  bool quiet = false;           ///< no progress on stderr
};

/// Fails with one line; then no output file has been touched.
[[nodiscard]] std::expected<void, std::string> get(const GetOptions& options);

}  // namespace goldcrest::client
