// SPDX-License-Identifier: MIT
#include "host/server/protected_engine.hpp"

#include <algorithm>

#include "core/crypto/constant_time.hpp"
#include "core/wire/update_protocol.hpp"

namespace goldcrest::server {

namespace coap = wire::coap;
using coap::Code;
using coap::Type;
using oscore::Error;

namespace {

constexpr base::Duration echo_lifetime = std::chrono::seconds(247);

// Whom an ask says it is from; nothing when the request is no ask.
std::optional<wire::Eui64> asking_device(const coap::Message& request) {
  if (request.code != Code::fetch || !request.options.path_is(wire::updates_path)) {
    return std::nullopt;
  }
  const auto ask = wire::parse_ask(request.payload);
  if (!ask) return std::nullopt;
  return ask->device;
}

}  // namespace

std::optional<base::Bytes> ProtectedEngine::receive(base::Instant now, const wire::Endpoint& from,
                                                    base::Bytes datagram) {
  const auto message = coap::parse(datagram);
  const bool is_request =
      message && coap::is_request(message->code) &&
      (message->type == Type::confirmable || message->type == Type::non_confirmable);
  if (!is_request) return engine_.receive(now, from, datagram);
  if (message->options.count(oscore::oscore_option) == 0) {
    return receive_plain(now, from, datagram, *message);
  }
  return receive_protected(now, from, datagram, *message);
}

std::optional<base::Bytes> ProtectedEngine::receive_plain(base::Instant now,
                                                          const wire::Endpoint& from,
                                                          base::Bytes datagram,
                                                          const Message& request) {
  if (policy_ == OscorePolicy::required) {
    return refuse(now, from, request, {Code::unauthorized, "OSCORE is required"});
  }
  // A device that can prove who it is does; this is somebody else.
  const auto device = asking_device(request);
  if (device && sessions_.has_device(*device)) {
    return refuse(now, from, request, {Code::unauthorized, "OSCORE is required of this device"});
  }
  return engine_.receive(now, from, datagram);
}

std::optional<base::Bytes> ProtectedEngine::receive_protected(base::Instant now,
                                                              const wire::Endpoint& from,
                                                              base::Bytes datagram,
                                                              const Message& outer) {
  const auto fail = [&](Error error) {
    const auto [code, diagnostic] = oscore::answer_to(error);
    return refuse(now, from, outer, {code, diagnostic});
  };
  const auto option = oscore::read_option(outer);
  if (!option) return fail(option.error());
  const auto binding = oscore::binding_of(*option);
  if (!binding) return fail(binding.error());
  auto* session = sessions_.find({binding->kid.data(), binding->kid.size()}, option->kid_context);
  if (session == nullptr) return fail(Error::context_not_found);
  // Before the replay window, which would take a repetition for a replay.
  if (const auto earlier = session->earlier_answer(now, from, datagram)) return earlier;
  if (session->synchronised && !session->window.fresh(binding->partial_iv.sequence())) {
    return fail(Error::replayed);
  }
  const Exchange exchange{now, from, datagram, outer, *binding, *session};
  const auto plain = oscore::unprotect_request(session->context(), *binding, outer, opened_);
  if (!plain) return fail(plain.error());
  const auto request = coap::parse(*plain);
  base::ensure(request.has_value());
  if (!synchronise(exchange, *request)) return challenge(exchange, *request);
  return answer(exchange, *plain, *request);
}

// Takes the request into the replay window; false when there is none yet, and the request does not
// show that it is younger than this server's challenge.
bool ProtectedEngine::synchronise(const Exchange& exchange, const Message& request) {
  auto& session = exchange.session;
  const auto sequence = exchange.binding.partial_iv.sequence();
  if (session.synchronised) {
    session.window.accept(sequence);
    return true;
  }
  const auto echo = request.options.find(oscore::echo_option);
  const bool waited_for = session.echo_made && exchange.now - *session.echo_made < echo_lifetime;
  if (!echo || !waited_for || !crypto::equal(echo->value, session.echo)) return false;
  session.echo_made.reset();
  session.window.start_after(sequence);
  session.synchronised = true;
  return true;
}

// Sealed with a Partial IV of its own: what this request's nonce was used for before this server
// started is not known.
std::optional<base::Bytes> ProtectedEngine::challenge(const Exchange& exchange,
                                                      const Message& request) {
  auto& session = exchange.session;
  if (!session.echo_made || exchange.now - *session.echo_made >= echo_lifetime / 2) {
    random_.fill(session.echo);
    session.echo_made = exchange.now;
  }
  note(exchange.now, exchange.from, request, session.shared().name,
       {Code::unauthorized, "challenged: the first request since the start"});
  const auto partial_iv = sequence_.take();
  if (!partial_iv) {
    return refuse(exchange.now, exchange.from, exchange.outer,
                  {Code::service_unavailable, "the sequence number cannot be stored"});
  }
  return seal(exchange, plain_answer(exchange.outer, Code::unauthorized, session.echo, {}),
              partial_iv);
}

std::optional<base::Bytes> ProtectedEngine::answer(const Exchange& exchange, base::Bytes plain,
                                                   const Message& request) {
  const auto& shared = exchange.session.shared();
  const auto device = asking_device(request);
  std::optional<base::Bytes> response;
  if (device && shared.device && *device != *shared.device) {
    const Refusal refusal{Code::forbidden, "this context belongs to another device"};
    note(exchange.now, exchange.from, request, shared.name, refusal);
    response = plain_answer(exchange.outer, refusal.code, {}, refusal.reason);
  } else {
    response = engine_.receive(exchange.now, exchange.from, plain, shared.name);
    if (!response) return std::nullopt;
    // A reset cannot be sealed. It says to a classic question that there is nothing.
    if (coap::peek_header(*response)->code == Code::empty) {
      response = plain_answer(exchange.outer, Code::not_found, {}, {});
    }
  }
  const auto sealed = seal(exchange, *response, std::nullopt);
  if (sealed) {
    exchange.session.remember_answer(exchange.now, exchange.from, exchange.datagram, *sealed);
  }
  return sealed;
}

std::optional<base::Bytes> ProtectedEngine::seal(
    const Exchange& exchange, base::Bytes plain,
    const std::optional<oscore::PartialIv>& partial_iv) {
  const auto message = coap::parse(plain);
  base::ensure(message.has_value());
  const auto sealed = oscore::protect_response(exchange.session.context(), exchange.binding,
                                               partial_iv, *message, sealed_);
  base::ensure(sealed.has_value());
  return *sealed;
}

std::optional<base::Bytes> ProtectedEngine::refuse(base::Instant now, const wire::Endpoint& from,
                                                   const Message& request, const Refusal& refusal) {
  note(now, from, request, {}, refusal);
  // As the engine does: no answer to a non-confirmable message that cannot be understood.
  if (request.type == Type::non_confirmable && refusal.code == Code::bad_option) {
    return std::nullopt;
  }
  return plain_answer(request, refusal.code, {}, refusal.reason);
}

base::Bytes ProtectedEngine::plain_answer(const Message& request, Code code, base::Bytes echo,
                                          std::string_view diagnostic) {
  const auto type =
      request.type == Type::confirmable ? Type::acknowledgement : Type::non_confirmable;
  coap::MessageWriter writer(written_, type, code, request.message_id, request.token);
  // RFC 8613 section 8.2: nothing that caches may keep an error.
  if (echo.empty()) writer.option_uint(coap::option::max_age, 0);
  if (!echo.empty()) writer.option(oscore::echo_option, echo);
  writer.payload_text(diagnostic);
  const auto written = writer.finish();
  base::ensure(written.has_value());
  return *written;
}

void ProtectedEngine::note(base::Instant now, const wire::Endpoint& from, const Message& request,
                           std::string_view context, const Refusal& refusal) {
  if (log_ == nullptr) return;
  RequestRecord record{.time = now,
                       .from = from,
                       .request = request,
                       .response = refusal.code,
                       .classic = {},
                       .ask = {},
                       .context = context,
                       .reason = refusal.reason};
  log_->request(record);
}

}  // namespace goldcrest::server
