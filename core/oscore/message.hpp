// SPDX-License-Identifier: MIT
// Protecting and verifying CoAP messages with OSCORE (RFC 8613 sections 4, 5 and 8): from one whole
// datagram to another, so that everything above and below it speaks plain CoAP. Type, Message ID
// and Token stay; the code, all options but Uri-Host, Uri-Port and Proxy-Scheme, and the payload
// are encrypted.
//
// Block options are protected as inner options (section 4.1.3.4.1), each block by itself; outer
// blocks made by proxies are not put together. Observe is left out of what is protected.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/oscore/context.hpp"
#include "core/oscore/option.hpp"
#include "core/wire/coap.hpp"

namespace goldcrest::oscore {

enum class Error : std::uint8_t {
  not_protected,        ///< no OSCORE option
  malformed,            ///< the option or what it stands for cannot be decoded
  context_not_found,    ///< no context for this kid
  replayed,             ///< the Partial IV was seen before, or is too old to tell
  decryption_failed,    ///< not what the peer sealed
  malformed_plaintext,  ///< authentic, but no CoAP request or response
  unsupported,          ///< Proxy-Uri, or a message that carries OSCORE already
  too_long,             ///< does not fit the buffer
  no_sequence_number,   ///< none left, or it could not be reserved
};

std::string_view describe(Error error);

/// The unprotected answer to a request that failed so (section 8.2), to be sent with Max-Age 0.
struct ErrorAnswer {
  wire::coap::Code code = wire::coap::Code::bad_request;
  std::string_view diagnostic;
};
ErrorAnswer answer_to(Error error);

/// What ties a response to its request in the additional data: request_kid and request_piv.
struct RequestBinding {
  Identifier kid;
  PartialIv partial_iv;
};

/// More bytes than a message grows by.
inline constexpr std::size_t overhead_bytes = 3 + option_value_bytes + 2 + 1 + 8 + 3;

/// The request as it travels, in `out`. `echo`: value of an Echo option to add; empty for none.
/// `partial_iv` must never have been used with this context for anything else.
[[nodiscard]] std::expected<base::Bytes, Error> protect_request(const Context& context,
                                                                const PartialIv& partial_iv,
                                                                const wire::coap::Message& request,
                                                                base::Bytes echo,
                                                                base::MutableBytes out);

/// The response as it travels. Without a Partial IV of its own it takes the nonce of the request,
/// which no two different responses may share.
[[nodiscard]] std::expected<base::Bytes, Error> protect_response(
    const Context& context, const RequestBinding& request,
    const std::optional<PartialIv>& partial_iv, const wire::coap::Message& response,
    base::MutableBytes out);

/// The one OSCORE option of a message with a ciphertext; not_protected or malformed otherwise.
[[nodiscard]] std::expected<OptionValue, Error> read_option(const wire::coap::Message& message);

/// The binding of a protected request; malformed without kid or Partial IV.
[[nodiscard]] std::expected<RequestBinding, Error> binding_of(const OptionValue& option);

/// Room that unprotecting needs beyond the length of the protected datagram.
inline constexpr std::size_t unprotect_slack_bytes = 16;

/// The plain request, as a datagram in `out`. Replays are the caller's to reject.
[[nodiscard]] std::expected<base::Bytes, Error> unprotect_request(
    const Context& context, const RequestBinding& binding, const wire::coap::Message& request,
    base::MutableBytes out);

/// The plain response to the request with this binding.
[[nodiscard]] std::expected<base::Bytes, Error> unprotect_response(
    const Context& context, const RequestBinding& binding, const wire::coap::Message& response,
    base::MutableBytes out);

}  // namespace goldcrest::oscore
