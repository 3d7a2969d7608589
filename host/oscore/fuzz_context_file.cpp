// SPDX-License-Identifier: MIT
// Any bytes as a file of security contexts. What is read is written, read the same again, and
// serves both ends; a device's provisioning line is one that the device understands.
#include "core/base/ensure.hpp"
#include "core/update/secure_context.hpp"
#include "host/oscore/context_file.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto contexts = oscore::parse_contexts({data, size}, "fuzz");
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)oscore::parse_eui64(text);
  if (!contexts) {
    base::ensure(!contexts.error().empty());
    return 0;
  }
  for (const auto& context : *contexts) {
    (void)oscore::device_end(context);
    (void)oscore::server_end(context);
    const auto line = oscore::provisioning_line(context);
    base::ensure(!line || update::parse_secure_context_text(*line).has_value());
  }
  return 0;
}
