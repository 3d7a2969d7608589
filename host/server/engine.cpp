// SPDX-License-Identifier: MIT
#include "host/server/engine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/crypto/crc32.hpp"

namespace goldcrest::server {

namespace coap = wire::coap;
namespace option = wire::coap::option;
using coap::Code;
using coap::Type;

namespace {

constexpr std::string_view discovery_path = ".well-known/core";

// RFC 7252 table 4 and RFC 7959 table 1: what this server processes of the critical options.
struct OptionRule {
  std::uint16_t number;
  std::size_t min_length;
  std::size_t max_length;
  bool repeatable;
};
constexpr std::array<OptionRule, 8> option_rules{{
    {option::if_match, 0, 8, true},
    {option::uri_host, 1, 255, false},
    {option::uri_port, 0, 2, false},
    {option::uri_path, 0, 255, true},
    {option::uri_query, 0, 255, true},
    {option::accept, 0, 2, false},
    {option::block2, 0, 3, false},
    {option::block1, 0, 3, false},
}};

// Section 5.4.1, 5.4.3 and 5.4.5: unknown, ill-sized and surplus critical options count the same.
bool acceptable(const coap::Option& candidate, std::optional<std::uint16_t> previous) {
  if (!coap::critical(candidate.number)) return true;
  const auto rule = std::ranges::find(option_rules, candidate.number, &OptionRule::number);
  return rule != option_rules.end() && candidate.value.size() >= rule->min_length &&
         candidate.value.size() <= rule->max_length &&
         (rule->repeatable || previous != candidate.number);
}

bool has_tag(const coap::Message& request, std::uint16_t number, base::Bytes etag) {
  return std::ranges::any_of(request.options, [&](const coap::Option& candidate) {
    return candidate.number == number && wire::same_tag(candidate.value, etag);
  });
}

bool accepts(const coap::Message& request, std::uint16_t format) {
  const auto accept = request.options.uint(option::accept);
  return !accept || *accept == format;
}

base::Bytes bytes_of(const wire::EntityTag& etag) {
  return {etag.data(), etag.size()};
}

}  // namespace

// A field device can prove nothing of itself that a forger could not claim, and takes a block that
// is smaller than the one it asked for to be a whole one. So either its answers are kept this
// small, or forgers decide whether it is served.
bool Engine::goes_to_anyone(const RequestRecord& record, const Response& response) {
  return record.classic && response.payload.size() <= free_classic_bytes;
}

std::optional<base::Bytes> Engine::receive(base::Instant now, const wire::Endpoint& from,
                                           base::Bytes datagram, std::string_view context) {
  const auto header = coap::peek_header(datagram);
  if (!header) return std::nullopt;
  const bool confirmable = header->type == Type::confirmable;
  const auto message = coap::parse(datagram);
  const bool is_request = message && coap::is_request(message->code) &&
                          (confirmable || header->type == Type::non_confirmable);
  if (!is_request) {
    // A ping, a stray response, a reserved code or a format error (RFC 7252 sections 4.2, 4.3).
    if (!confirmable) return std::nullopt;
    empty_ = coap::empty_message(Type::reset, header->message_id);
    return empty_;
  }
  RequestRecord record{.time = now,
                       .from = from,
                       .request = *message,
                       .response = {},
                       .classic = {},
                       .ask = {},
                       .context = context,
                       .reason = {}};
  const bool guarded = guard_ != nullptr && context.empty();
  if (guarded) {
    if (const auto echo = message->options.find(option::echo)) {
      guard_->take_echo(now, from.address, echo->value);
    }
  }
  const auto response = handle(*message, record);
  if (!response.reset) record.response = response.code;
  auto answer = write(*message, response);
  if (guarded && answer && !goes_to_anyone(record, response) &&
      !guard_->allows(now, from.address, datagram.size(), answer->size())) {
    answer = challenge(*message, record);
  }
  if (log_ != nullptr) log_->request(record);
  return answer;
}

// Who speaks the classic protocol knows no Echo, but repeats a request that gets no answer.
// Everyone else is told how to show that the address is his own.
std::optional<base::Bytes> Engine::challenge(const Message& request, RequestRecord& record) {
  record.update = nullptr;
  record.length = 0;
  record.reason = "too much for an address that may be forged";
  if (record.classic) {
    record.response.reset();
    record.withheld = true;
    return std::nullopt;
  }
  echo_ = guard_->echo_for(record.time, record.from.address);
  record.response = Code::unauthorized;
  Response response;
  response.code = Code::unauthorized;
  response.echo = echo_;
  return write(request, response);
}

std::optional<base::Bytes> Engine::write(const Message& request, const Response& response) {
  const bool confirmable = request.type == Type::confirmable;
  // A non-confirmable request with a critical option we do not know is rejected in silence.
  if (!confirmable && response.code == Code::bad_option) return std::nullopt;
  if (response.reset) {
    empty_ = coap::empty_message(Type::reset, request.message_id);
    return empty_;
  }
  // Non-confirmable answers take the request's message id: unique as long as the client's are, and
  // the same for a duplicate.
  coap::MessageWriter writer(message_, confirmable ? Type::acknowledgement : Type::non_confirmable,
                             response.code, request.message_id, request.token);
  if (!response.etag.empty()) writer.option(option::etag, response.etag);
  if (response.content_format) {
    writer.option_uint(option::content_format, *response.content_format);
  }
  if (response.block2) writer.option_block(option::block2, *response.block2);
  if (response.block1) writer.option_block(option::block1, *response.block1);
  if (response.size2) writer.option_uint(option::size2, *response.size2);
  if (response.size1) writer.option_uint(option::size1, *response.size1);
  if (!response.echo.empty()) writer.option(option::echo, response.echo);
  writer.payload(response.payload);
  const auto written = writer.finish();
  base::ensure(written.has_value());
  return written;
}

Engine::Response Engine::error(Code code, std::string_view diagnostic, RequestRecord& record) {
  record.reason = diagnostic;
  Response response;
  response.code = code;
  response.payload = coap::bytes_of(diagnostic);
  return response;
}

Engine::Response Engine::reset(std::string_view reason, RequestRecord& record) {
  record.reason = reason;
  Response response;
  response.reset = true;
  return response;
}

Engine::Response Engine::handle(const Message& request, RequestRecord& record) {
  if (auto refused = check_options(request, record)) return *refused;
  if (auto refused = check_payload(request, record)) return *refused;
  auto response = dispatch(request, record);
  if (request.options.count(option::block1) > 0 && !response.reset) {
    response.block1 = request.options.block(option::block1);
  }
  return response;
}

std::optional<Engine::Response> Engine::check_options(const Message& request,
                                                      RequestRecord& record) {
  std::optional<std::uint16_t> previous;
  for (const auto& candidate : request.options) {
    if (candidate.number == option::proxy_uri || candidate.number == option::proxy_scheme) {
      return error(Code::proxying_not_supported, "this server is no proxy", record);
    }
    if (!acceptable(candidate, previous)) {
      text_ = fmt::format("critical option {} is unknown, repeated or of a wrong length",
                          candidate.number);
      return error(Code::bad_option, text_, record);
    }
    previous = candidate.number;
  }
  for (const auto number : {option::block1, option::block2}) {
    if (request.options.count(number) > 0 && !request.options.block(number)) {
      return error(Code::bad_request, "block size exponent 7 is reserved", record);
    }
  }
  return std::nullopt;
}

std::optional<Engine::Response> Engine::check_payload(const Message& request,
                                                      RequestRecord& record) {
  // Requests are short: what comes in several blocks is too long.
  const auto block1 = request.options.block(option::block1);
  const bool in_blocks = block1 && (block1->number > 0 || block1->more);
  if (request.payload.size() <= request_payload_limit && !in_blocks) return std::nullopt;
  auto response =
      error(Code::request_entity_too_large, "requests carry at most 1024 bytes", record);
  response.size1 = request_payload_limit;
  return response;
}

Engine::Response Engine::method_not_allowed(RequestRecord& record, std::string_view allowed) {
  return error(Code::method_not_allowed, allowed, record);
}

Engine::Response Engine::dispatch(const Message& request, RequestRecord& record) {
  const auto& options = request.options;
  if (options.path_is(wire::updates_path)) {
    if (request.code == Code::fetch) return handle_ask(request, record);
    if (request.code != Code::get) return method_not_allowed(record, "FETCH or GET");
    if (request.payload.empty()) return handle_links(request, false, record);
    const auto classic = wire::parse_classic_request(request.payload);
    if (!classic) return error(Code::bad_request, wire::describe(classic.error()), record);
    return handle_classic(request, *classic, record);
  }
  if (options.path_is(discovery_path)) {
    if (request.code != Code::get) return method_not_allowed(record, "GET");
    return handle_links(request, true, record);
  }
  for (const auto& [name, update] : store_.updates()) {
    if (!options.path_is(update.path)) continue;
    if (request.code != Code::get) return method_not_allowed(record, "GET");
    return handle_file(request, update, record);
  }
  return handle_unknown(request, record);
}

// Field devices expect RST for a path that is not there; everyone else expects 4.04.
Engine::Response Engine::handle_unknown(const Message& request, RequestRecord& record) {
  if (request.code == Code::get) {
    if (const auto classic = wire::parse_classic_request(request.payload)) {
      record.classic = *classic;
      return reset("no such path", record);
    }
  }
  return error(Code::not_found, "no such path", record);
}

Engine::Response Engine::handle_classic(const Message& request, const wire::ClassicRequest& classic,
                                        RequestRecord& record) {
  record.classic = classic;
  record.update = store_.choose(classic.product, classic.image_type, classic.version, {});
  if (record.update == nullptr) return reset("nothing newer", record);
  const auto& update = *record.update;
  if (classic.offset >= update.bytes.size()) {
    return error(Code::bad_request, "offset beyond the end", record);
  }
  auto response = blocks(request, base::Bytes(update.bytes).subspan(classic.offset),
                         bytes_of(update.etag), std::nullopt, record);
  record.offset += classic.offset;
  return response;
}

Engine::Response Engine::handle_ask(const Message& request, RequestRecord& record) {
  const auto format = request.options.uint(option::content_format);
  if (format != coap::content_format::cbor) {
    return error(Code::unsupported_content_format, "application/cbor (60) is asked for", record);
  }
  if (!accepts(request, coap::content_format::cbor)) {
    return error(Code::not_acceptable, "the answer is application/cbor (60)", record);
  }
  const auto ask = wire::parse_ask(request.payload);
  if (!ask) {
    const bool malformed = ask.error() == wire::UpdateProtocolError::malformed;
    return error(malformed ? Code::bad_request : Code::unprocessable_entity,
                 wire::describe(ask.error()), record);
  }
  record.ask = *ask;
  record.update = store_.choose(ask->product, ask->image_type, ask->running,
                                {ask->rejected.data(), ask->rejected.size()});
  wire::Answer answer{.retry_after_s = settings_.retry_after_s, .offer = std::nullopt};
  if (const auto* update = record.update) {
    answer.offer = wire::Offer{.path = update->path,
                               .size = static_cast<std::uint32_t>(update->bytes.size()),
                               .version = update->manifest.version,
                               .etag = update->etag,
                               .digest = update->manifest.digest};
  } else {
    record.reason = "nothing newer";
  }
  const auto payload = wire::emit(answer, answer_);
  base::ensure(payload.has_value());
  Response response;
  response.content_format = coap::content_format::cbor;
  response.payload = *payload;
  return response;
}

Engine::Response Engine::handle_file(const Message& request, const Update& update,
                                     RequestRecord& record) {
  record.update = &update;
  if (!accepts(request, coap::content_format::octet_stream)) {
    return error(Code::not_acceptable, "the file is application/octet-stream (42)", record);
  }
  const auto etag = bytes_of(update.etag);
  // An empty If-Match asks only that the resource exists (RFC 7252 section 5.10.8.1).
  if (request.options.count(option::if_match) > 0 && !has_tag(request, option::if_match, etag) &&
      !has_tag(request, option::if_match, {})) {
    return error(Code::precondition_failed, "the file has another ETag", record);
  }
  if (has_tag(request, option::etag, etag)) {
    Response response;
    response.code = Code::valid;
    response.etag = etag;
    return response;
  }
  return blocks(request, update.bytes, etag, coap::content_format::octet_stream, record);
}

Engine::Response Engine::handle_links(const Message& request, bool with_discovery,
                                      RequestRecord& record) {
  if (!accepts(request, coap::content_format::link_format)) {
    return error(Code::not_acceptable, "the list is application/link-format (40)", record);
  }
  text_.clear();
  if (with_discovery) text_ = "</updates>;rt=\"goldcrest.updates\";ct=\"40 60\"";
  for (const auto& [name, update] : store_.updates()) {
    if (!text_.empty()) text_ += ',';
    text_ += fmt::format("</{}>;rt=\"goldcrest.fmu\";ct=42;sz={};title=\"{}\"", update.path,
                         update.bytes.size(), update.name);
  }
  const auto representation = coap::bytes_of(text_);
  base::store_be32(etag_.data(), crypto::Crc32::of(representation));
  return blocks(request, representation, etag_, coap::content_format::link_format, record);
}

// RFC 7959 section 2.4. Size2 goes with the first block, so that the others stay short.
Engine::Response Engine::blocks(const Message& request, base::Bytes representation,
                                base::Bytes etag, std::optional<std::uint16_t> content_format,
                                RequestRecord& record) {
  const auto asked = request.options.block(option::block2);
  auto block = asked.value_or(coap::Block{});
  const auto offset = block.offset();
  const auto largest = settings_.max_size_exponent;
  if (!asked || block.size_exponent > largest) {
    block.size_exponent = largest;
    block.number = offset >> (largest + 4u);
  }
  if (offset >= representation.size() && !(offset == 0 && representation.empty())) {
    return error(Code::bad_request, "block beyond the end", record);
  }
  Response response;
  response.payload =
      representation.subspan(offset, std::min(block.size(), representation.size() - offset));
  block.more = offset + response.payload.size() < representation.size();
  response.etag = etag;
  response.content_format = content_format;
  if (asked || block.more) response.block2 = block;
  if (offset == 0 && (block.more || request.options.count(option::size2) > 0)) {
    response.size2 = static_cast<std::uint32_t>(representation.size());
  }
  record.offset = offset;
  record.length = static_cast<std::uint32_t>(response.payload.size());
  return response;
}

}  // namespace goldcrest::server
