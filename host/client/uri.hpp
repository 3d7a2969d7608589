// SPDX-License-Identifier: MIT
// coap URIs (RFC 7252 section 6): coap://host[:port]/path?query, taken apart into what goes into
// options.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace goldcrest::client {

struct CoapUri {
  std::string host;  ///< name or address, without brackets
  std::uint16_t port = 5683;
  bool host_is_name = false;  ///< then it goes into Uri-Host
  std::string path;           ///< percent-decoded segments separated by '/', without a leading one
  std::string query;          ///< percent-decoded arguments separated by '&'
};

/// Fails with one line that says what is wrong with the URI.
[[nodiscard]] std::expected<CoapUri, std::string> parse_coap_uri(std::string_view text);

}  // namespace goldcrest::client
