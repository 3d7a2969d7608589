// SPDX-License-Identifier: MIT
#include "core/oscore/message.hpp"

#include <algorithm>
#include <array>

#include "core/base/ensure.hpp"
#include "core/wire/cbor.hpp"

namespace goldcrest::oscore {

namespace coap = wire::coap;

namespace {

constexpr std::uint32_t oscore_version = 1;
constexpr std::uint32_t aes_ccm_16_64_128 = 10;
constexpr std::uint8_t payload_marker = 0xFF;
constexpr std::size_t header_bytes = 4;
// An option's first byte and its longest extended delta and length.
constexpr std::size_t option_head_bytes = 5;

// Section 5.4 with section 5.3 of RFC 8152: 8 + 16 bytes around the two identifiers.
class AdditionalData {
 public:
  explicit AdditionalData(const RequestBinding& request) {
    std::array<std::uint8_t, 24> external;
    wire::cbor::Writer array(external);
    array.array(5);
    array.unsigned_integer(oscore_version);
    array.array(1);
    array.unsigned_integer(aes_ccm_16_64_128);
    array.byte_string({request.kid.data(), request.kid.size()});
    array.byte_string(request.partial_iv.bytes());
    array.byte_string({});  // no class I options are defined
    const auto external_aad = array.finish();
    base::ensure(external_aad.has_value());
    wire::cbor::Writer structure(buffer_);
    structure.array(3);
    structure.text_string("Encrypt0");
    structure.byte_string({});
    structure.byte_string(*external_aad);
    const auto encoded = structure.finish();
    base::ensure(encoded.has_value());
    size_ = encoded->size();
  }
  base::Bytes bytes() const { return base::Bytes(buffer_).first(size_); }

 private:
  std::array<std::uint8_t, 40> buffer_;
  std::size_t size_ = 0;
};

// Section 4.1: the options of class U alone. Max-Age and No-Response may be outer options as well,
// which this implementation neither needs nor believes.
constexpr bool stays_outside(std::uint16_t number) {
  return number == coap::option::uri_host || number == coap::option::uri_port ||
         number == coap::option::proxy_scheme;
}

bool can_be_protected(const coap::Message& message) {
  return std::ranges::none_of(message.options, [](const coap::Option& option) {
    return option.number == coap::option::proxy_uri || option.number == oscore_option;
  });
}

// The options of `message` that `wanted` takes, with one more in its place among them.
template <typename Wanted>
void write_options(coap::MessageWriter& writer, const coap::Message& message, Wanted wanted,
                   const std::optional<coap::Option>& added) {
  bool pending = added.has_value();
  for (const auto& option : message.options) {
    if (!wanted(option.number)) continue;
    if (pending && option.number > added->number) {
      writer.option(added->number, added->value);
      pending = false;
    }
    writer.option(option.number, option.value);
  }
  if (pending) writer.option(added->number, added->value);
}

// Section 5.3: code, class E options, payload; at the start of `out`. MessageWriter wants a header
// in front, which the code then takes the place of.
std::optional<std::size_t> write_plaintext(const coap::Message& message, base::Bytes echo,
                                           base::MutableBytes out) {
  coap::MessageWriter writer(out, message.type, message.code, 0);
  const auto added = echo.empty() ? std::nullopt : std::optional(coap::Option{echo_option, echo});
  const auto wanted = [&](std::uint16_t number) {
    return !stays_outside(number) && number != coap::option::observe &&
           (echo.empty() || number != echo_option);
  };
  write_options(writer, message, wanted, added);
  writer.payload(message.payload);
  const auto written = writer.finish();
  if (!written) return std::nullopt;
  const auto rest = written->subspan(header_bytes);
  out[0] = static_cast<std::uint8_t>(message.code);
  std::ranges::copy(rest, out.begin() + 1);
  return 1 + rest.size();
}

struct Sealing {
  coap::Code code = coap::Code::post;  // the outer one: the same for all requests, all responses
  OptionValue option;
  crypto::CcmNonce nonce;
  base::Bytes echo;
};

std::expected<base::Bytes, Error> seal(const Context& context, const RequestBinding& binding,
                                       const Sealing& sealing, const coap::Message& message,
                                       base::MutableBytes out) {
  if (!can_be_protected(message)) return std::unexpected(Error::unsupported);
  std::array<std::uint8_t, option_value_bytes> value;
  coap::MessageWriter outer(out, message.type, sealing.code, message.message_id, message.token);
  write_options(outer, message, stays_outside,
                coap::Option{oscore_option, emit_option(sealing.option, value)});
  const auto head = outer.finish();
  if (!head || head->size() == out.size()) return std::unexpected(Error::too_long);
  out[head->size()] = payload_marker;

  const auto room = out.subspan(head->size() + 1);
  const auto length = write_plaintext(message, sealing.echo, room);
  if (!length || *length + crypto::ccm_tag_size > room.size()) {
    return std::unexpected(Error::too_long);
  }
  const AdditionalData additional(binding);
  context.sender_cipher().seal(sealing.nonce, additional.bytes(),
                               room.first(*length + crypto::ccm_tag_size));
  return out.first(head->size() + 1 + *length + crypto::ccm_tag_size);
}

// The opened plaintext at the end of `out`, as a message whose views point there.
std::expected<coap::Message, Error> parse_plaintext(base::MutableBytes out, std::size_t length) {
  const auto with_header = out.last(length + header_bytes - 1);
  const auto code = with_header[header_bytes - 1];
  const std::array<std::uint8_t, header_bytes> header{0x40, code, 0, 0};
  std::ranges::copy(header, with_header.begin());
  const auto inner = coap::parse(with_header);
  if (!inner || inner->code == coap::Code::empty) {
    return std::unexpected(Error::malformed_plaintext);
  }
  const bool clean = std::ranges::none_of(inner->options, [](const coap::Option& option) {
    return stays_outside(option.number) || option.number == oscore_option;
  });
  if (!clean) return std::unexpected(Error::malformed_plaintext);
  return *inner;
}

// Both option lists are in order already.
void merge_options(coap::MessageWriter& writer, const coap::Message& outer,
                   const coap::Message& inner) {
  auto from_inner = inner.options.begin();
  const auto write_inner_below = [&](std::uint32_t number) {
    for (; from_inner != inner.options.end() && from_inner->number < number; ++from_inner) {
      writer.option(from_inner->number, from_inner->value);
    }
  };
  for (const auto& option : outer.options) {
    if (!stays_outside(option.number)) continue;  // sections 8.2 and 8.4, step 1
    write_inner_below(option.number);
    writer.option(option.number, option.value);
  }
  write_inner_below(0x10000);
}

std::expected<base::Bytes, Error> open(const crypto::AesCcm& cipher, const crypto::CcmNonce& nonce,
                                       const RequestBinding& binding, const coap::Message& outer,
                                       bool (*expected)(coap::Code), base::MutableBytes out) {
  const auto sealed = outer.payload;
  if (sealed.size() <= crypto::ccm_tag_size) return std::unexpected(Error::malformed);
  const auto length = sealed.size() - crypto::ccm_tag_size;
  // The plaintext goes to the end of the buffer and is then written out at its start. In front of
  // it there must be room for what comes before it in the result; then writing never overtakes
  // reading, as no inner option gets longer on the way.
  std::size_t before = header_bytes + outer.token.bytes().size();
  for (const auto& option : outer.options) {
    if (stays_outside(option.number)) before += option_head_bytes + option.value.size();
  }
  if (out.size() < before + sealed.size()) return std::unexpected(Error::too_long);
  const auto opened = out.last(sealed.size());
  std::ranges::copy(sealed, opened.begin());
  const AdditionalData additional(binding);
  if (!cipher.open(nonce, additional.bytes(), opened)) {
    return std::unexpected(Error::decryption_failed);
  }
  out = out.first(out.size() - crypto::ccm_tag_size);
  const auto inner = parse_plaintext(out, length);
  if (!inner) return std::unexpected(inner.error());
  if (!expected(inner->code)) return std::unexpected(Error::malformed_plaintext);
  coap::MessageWriter writer(out, outer.type, inner->code, outer.message_id, outer.token);
  merge_options(writer, outer, *inner);
  writer.payload(inner->payload);
  const auto written = writer.finish();
  base::ensure(written.has_value());
  return *written;
}

}  // namespace

std::string_view describe(Error error) {
  switch (error) {
    case Error::not_protected:
      return "not protected by OSCORE";
    case Error::malformed:
      return "malformed OSCORE option or object";
    case Error::context_not_found:
      return "no security context for this kid";
    case Error::replayed:
      return "replayed";
    case Error::decryption_failed:
      return "decryption failed";
    case Error::malformed_plaintext:
      return "malformed plaintext";
    case Error::unsupported:
      return "cannot be protected";
    case Error::too_long:
      return "too long";
    case Error::no_sequence_number:
      return "no sequence number";
  }
  return "unknown error";
}

ErrorAnswer answer_to(Error error) {
  switch (error) {
    case Error::malformed:
      return {coap::Code::bad_option, "Failed to decode COSE"};
    case Error::context_not_found:
      return {coap::Code::unauthorized, "Security context not found"};
    case Error::replayed:
      return {coap::Code::unauthorized, "Replay detected"};
    case Error::not_protected:
      return {coap::Code::unauthorized, "OSCORE is required"};
    case Error::decryption_failed:
      return {coap::Code::bad_request, "Decryption failed"};
    case Error::malformed_plaintext:
    case Error::unsupported:
      return {coap::Code::bad_request, "Malformed plaintext"};
    case Error::too_long:
      return {coap::Code::request_entity_too_large, "Too long"};
    case Error::no_sequence_number:
      return {coap::Code::service_unavailable, "No sequence number"};
  }
  return {};
}

std::expected<base::Bytes, Error> protect_request(const Context& context,
                                                  const PartialIv& partial_iv,
                                                  const coap::Message& request, base::Bytes echo,
                                                  base::MutableBytes out) {
  base::ensure(coap::is_request(request.code));
  RequestBinding binding{.kid = {}, .partial_iv = partial_iv};
  base::ensure(binding.kid.append(context.sender_id()));
  const Sealing sealing{.code = coap::Code::post,
                        .option = {.partial_iv = partial_iv,
                                   .kid_context = context.id_context(),
                                   .kid = context.sender_id()},
                        .nonce = context.nonce(context.sender_id(), partial_iv),
                        .echo = echo};
  return seal(context, binding, sealing, request, out);
}

std::expected<base::Bytes, Error> protect_response(const Context& context,
                                                   const RequestBinding& request,
                                                   const std::optional<PartialIv>& partial_iv,
                                                   const coap::Message& response,
                                                   base::MutableBytes out) {
  base::ensure(coap::is_response(response.code));
  const base::Bytes kid(request.kid.data(), request.kid.size());
  const Sealing sealing{.code = coap::Code::changed,
                        .option = {.partial_iv = partial_iv, .kid_context = {}, .kid = {}},
                        .nonce = partial_iv ? context.nonce(context.sender_id(), *partial_iv)
                                            : context.nonce(kid, request.partial_iv),
                        .echo = {}};
  return seal(context, request, sealing, response, out);
}

std::expected<OptionValue, Error> read_option(const coap::Message& message) {
  const auto found = message.options.find(oscore_option);
  if (!found) return std::unexpected(Error::not_protected);
  // Section 2: not repeatable, and nothing without a ciphertext.
  const auto value = parse_option(found->value);
  if (!value || message.options.count(oscore_option) > 1 ||
      message.payload.size() <= crypto::ccm_tag_size) {
    return std::unexpected(Error::malformed);
  }
  return *value;
}

std::expected<RequestBinding, Error> binding_of(const OptionValue& option) {
  if (!option.partial_iv || !option.kid) return std::unexpected(Error::malformed);
  RequestBinding binding{.kid = {}, .partial_iv = *option.partial_iv};
  // No context has a longer identifier.
  if (!binding.kid.append(*option.kid)) return std::unexpected(Error::context_not_found);
  return binding;
}

std::expected<base::Bytes, Error> unprotect_request(const Context& context,
                                                    const RequestBinding& binding,
                                                    const coap::Message& request,
                                                    base::MutableBytes out) {
  return open(context.recipient_cipher(), context.nonce(context.recipient_id(), binding.partial_iv),
              binding, request, coap::is_request, out);
}

std::expected<base::Bytes, Error> unprotect_response(const Context& context,
                                                     const RequestBinding& binding,
                                                     const coap::Message& response,
                                                     base::MutableBytes out) {
  const auto option = read_option(response);
  if (!option) return std::unexpected(option.error());
  const auto nonce = option->partial_iv ? context.nonce(context.recipient_id(), *option->partial_iv)
                                        : context.nonce({binding.kid.data(), binding.kid.size()},
                                                        binding.partial_iv);
  return open(context.recipient_cipher(), nonce, binding, response, coap::is_response, out);
}

}  // namespace goldcrest::oscore
