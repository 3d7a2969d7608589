// SPDX-License-Identifier: MIT
#include "sim/field/forger.hpp"

#include <array>
#include <stdexcept>

#include "core/oscore/option.hpp"
#include "core/wire/coap.hpp"
#include "core/wire/update_protocol.hpp"

namespace goldcrest::sim {

namespace coap = wire::coap;
using coap::Code;

namespace {

constexpr std::size_t remembered_answers = 4;
constexpr std::uint32_t a_week_s = 7 * 24 * 3600;
constexpr std::size_t longest = 1280;

/// Of what he writes himself, or has read before.
template <typename Result>
auto sound(const Result& result) {
  if (!result) throw std::logic_error("the forger's own message is wrong");
  return *result;
}

coap::MessageWriter answer(Forger::Datagram& storage, const coap::Message& request, Code code) {
  storage.resize(longest);
  return {storage, coap::Type::acknowledgement, code, request.message_id, request.token};
}

Forger::Datagram finished(Forger::Datagram storage, const coap::MessageWriter& writer) {
  storage.resize(sound(writer.finish()).size());
  return storage;
}

Forger::Datagram error(const coap::Message& request, Code code) {
  Forger::Datagram storage;
  const auto writer = answer(storage, request, code);
  return finished(std::move(storage), writer);
}

Forger::Datagram nothing_newer(const coap::Message& request) {
  std::array<std::uint8_t, wire::answer_bytes> payload{};
  const auto answered = wire::emit(wire::Answer{.retry_after_s = a_week_s, .offer = {}}, payload);
  Forger::Datagram storage;
  auto writer = answer(storage, request, Code::content);
  writer.option_uint(coap::option::content_format, coap::content_format::cbor);
  writer.payload(sound(answered));
  return finished(std::move(storage), writer);
}

// The options and payload of `like` under the request's Message ID and token.
Forger::Datagram sealed_like(const coap::Message& request, base::Bytes like) {
  const auto message = sound(coap::parse(like));
  Forger::Datagram storage;
  auto writer = answer(storage, request, message.code);
  for (const auto& option : message.options) writer.option(option.number, option.value);
  writer.payload(message.payload);
  return finished(std::move(storage), writer);
}

Forger::Datagram noise(const coap::Message& request) {
  constexpr std::array<std::uint8_t, 40> no_ciphertext{0x5A};
  Forger::Datagram storage;
  auto writer = answer(storage, request, Code::changed);
  writer.option(oscore::oscore_option, {});
  writer.payload(no_ciphertext);
  return finished(std::move(storage), writer);
}

}  // namespace

void Forger::hears(base::Bytes answer) {
  const auto message = coap::parse(answer);
  if (!message || message->options.count(oscore::oscore_option) == 0) return;
  if (heard_.size() == remembered_answers) heard_.pop_front();
  heard_.emplace_back(answer.begin(), answer.end());
}

std::vector<Forger::Datagram> Forger::answers_to(base::Bytes request) const {
  const auto message = coap::parse(request);
  if (!message || !coap::is_request(message->code)) return {};
  std::vector<Datagram> forged{nothing_newer(*message), error(*message, Code::not_found),
                               error(*message, Code::method_not_allowed),
                               error(*message, Code::unauthorized), noise(*message)};
  for (const auto type : {coap::Type::acknowledgement, coap::Type::reset}) {
    const auto empty = coap::empty_message(type, message->message_id);
    forged.emplace_back(empty.begin(), empty.end());
  }
  for (const auto& old : heard_) forged.push_back(sealed_like(*message, old));
  return forged;
}

}  // namespace goldcrest::sim
