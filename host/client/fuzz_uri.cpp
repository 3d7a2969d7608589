// SPDX-License-Identifier: MIT
// Any text as a coap URI: what is taken has a host, and a path that does not begin with a slash.
#include "core/base/ensure.hpp"
#include "host/client/uri.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto uri = client::parse_coap_uri({reinterpret_cast<const char*>(data), size});
  if (uri) base::ensure(!uri->host.empty() && uri->path.size() + uri->query.size() <= size);
  return 0;
}
