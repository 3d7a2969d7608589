// SPDX-License-Identifier: MIT
#include "core/net/coap_exchange.hpp"

#include <algorithm>

namespace goldcrest::net {

namespace coap = wire::coap;

namespace {

coap::Token token_of(std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  base::store_be32(bytes.data(), value);
  return coap::Token(bytes);
}

void write_query(coap::MessageWriter& writer, std::string_view query) {
  while (!query.empty()) {
    const auto ampersand = query.find('&');
    writer.option_text(coap::option::uri_query, query.substr(0, ampersand));
    query = ampersand == std::string_view::npos ? std::string_view() : query.substr(ampersand + 1);
  }
}

std::optional<base::Bytes> write_request(base::MutableBytes buffer, std::uint16_t message_id,
                                         std::uint32_t token, const CoapRequest& request,
                                         base::Bytes echo) {
  coap::MessageWriter writer(buffer, coap::Type::confirmable, request.method, message_id,
                             token_of(token));
  if (!request.host.empty()) writer.option_text(coap::option::uri_host, request.host);
  writer.path(request.path);
  if (request.content_format) {
    writer.option_uint(coap::option::content_format, *request.content_format);
  }
  write_query(writer, request.query);
  if (request.accept) writer.option_uint(coap::option::accept, *request.accept);
  if (request.block2) writer.option_block(coap::option::block2, *request.block2);
  if (!echo.empty()) writer.option(coap::option::echo, echo);
  writer.payload(request.payload);
  return writer.finish();
}

// `encoded` again, under another message id and with this Echo option.
std::optional<base::Bytes> write_with_echo(base::MutableBytes buffer, base::Bytes encoded,
                                           std::uint16_t message_id, base::Bytes echo) {
  const auto request = coap::parse(encoded);
  base::ensure(request.has_value());
  coap::MessageWriter writer(buffer, coap::Type::confirmable, request->code, message_id,
                             request->token);
  // Its number is the highest that requests of ours have.
  for (const auto& option : request->options) {
    if (option.number != coap::option::echo) writer.option(option.number, option.value);
  }
  writer.option(coap::option::echo, echo);
  writer.payload(request->payload);
  return writer.finish();
}

}  // namespace

void CoapExchanges::set_server(const wire::Endpoint& server) {
  server_ = server;
  exchanges_.clear();
  acknowledged_ids_.clear();
  echo_.clear();
}

std::uint32_t CoapExchanges::unused_token() {
  while (true) {
    const auto token = random_.next();
    if (std::ranges::none_of(exchanges_, [=](const auto& e) { return e.token == token; })) {
      return token;
    }
  }
}

std::optional<ExchangeHandle> CoapExchanges::start(base::Instant now, const CoapRequest& request,
                                                   const CoapTransmissionParameters& parameters) {
  if (exchanges_.full()) return std::nullopt;
  Exchange exchange;
  exchange.token = unused_token();
  exchange.message_id = next_message_id_;
  const auto message = write_request(exchange.message, exchange.message_id, exchange.token, request,
                                     {echo_.data(), echo_.size()});
  if (!message) return std::nullopt;
  ++next_message_id_;
  exchange.length = static_cast<std::uint16_t>(message->size());
  exchange.deadline = now;
  // Uniform between ACK_TIMEOUT and ACK_TIMEOUT * ACK_RANDOM_FACTOR, in percent steps.
  base::ensure(parameters.ack_random_percent >= 100);
  const auto percent = 100 + random_.below(parameters.ack_random_percent - 100 + 1);
  exchange.timeout = parameters.ack_timeout * percent / 100;
  exchange.response_timeout = parameters.response_timeout;
  exchange.max_transmissions = static_cast<std::uint8_t>(1 + parameters.max_retransmit);
  (void)exchanges_.push_back(exchange);
  return ExchangeHandle{exchange.token};
}

void CoapExchanges::cancel(ExchangeHandle exchange) {
  const auto found = std::ranges::find(exchanges_, exchange.token, &Exchange::token);
  if (found != exchanges_.end()) {
    exchanges_.erase(static_cast<std::size_t>(found - exchanges_.begin()));
  }
}

void CoapExchanges::send_empty(const wire::Endpoint& destination, coap::Type type,
                               std::uint16_t id) {
  // When too many wait, the oldest goes: the peer repeats what still matters to it.
  if (empty_messages_.full()) empty_messages_.erase(0);
  (void)empty_messages_.push_back({destination, type, id});
}

CoapOutcome CoapExchanges::finish(base::Instant now, std::size_t index, CoapOutcome::Kind kind) {
  const auto& exchange = exchanges_[index];
  CoapOutcome outcome;
  outcome.kind = kind;
  outcome.exchange = ExchangeHandle{exchange.token};
  outcome.round_trip = now - exchange.first_sent;
  outcome.retransmitted = exchange.transmissions > 1;
  exchanges_.erase(index);
  return outcome;
}

std::optional<CoapOutcome> CoapExchanges::receive(base::Instant now, const wire::Endpoint& from,
                                                  base::Bytes datagram) {
  const auto message = coap::parse(datagram);
  if (!message || from != server_) {
    // Section 4.2: a confirmable message that cannot be processed is rejected with a reset. So is
    // anything from a stranger, as this endpoint is no server.
    const auto header = coap::peek_header(datagram);
    if (header && header->type == coap::Type::confirmable) {
      send_empty(from, coap::Type::reset, header->message_id);
    }
    return std::nullopt;
  }
  if (message->code == coap::Code::empty && message->type != coap::Type::confirmable) {
    return receive_empty(now, *message);
  }
  if (coap::is_response(message->code) && message->type != coap::Type::reset) {
    return receive_response(now, *message);
  }
  if (message->type == coap::Type::confirmable) {  // a ping, a request or a reserved code
    send_empty(from, coap::Type::reset, message->message_id);
  }
  return std::nullopt;
}

std::optional<CoapOutcome> CoapExchanges::receive_empty(base::Instant now,
                                                        const coap::Message& message) {
  for (std::size_t index = 0; index < exchanges_.size(); ++index) {
    auto& exchange = exchanges_[index];
    if (exchange.message_id != message.message_id || exchange.transmissions == 0) continue;
    if (message.type == coap::Type::reset) {
      return finish(now, index, CoapOutcome::Kind::reset);
    }
    if (message.type == coap::Type::acknowledgement && !exchange.acknowledged) {
      exchange.acknowledged = true;
      exchange.deadline = now + exchange.response_timeout;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<CoapOutcome> CoapExchanges::receive_response(base::Instant now,
                                                           const coap::Message& message) {
  const bool confirmable = message.type == coap::Type::confirmable;
  for (std::size_t index = 0; index < exchanges_.size(); ++index) {
    auto& exchange = exchanges_[index];
    if (exchange.transmissions == 0 || token_of(exchange.token) != message.token) continue;
    if (message.type == coap::Type::acknowledgement && exchange.message_id != message.message_id) {
      continue;
    }
    if (confirmable) {
      send_empty(server_, coap::Type::acknowledgement, message.message_id);
      if (acknowledged_ids_.full()) acknowledged_ids_.erase(0);
      (void)acknowledged_ids_.push_back(message.message_id);
    }
    if (repeat_with_echo(now, exchange, message)) return std::nullopt;
    auto outcome = finish(now, index, CoapOutcome::Kind::response);
    outcome.message = message;
    return outcome;
  }
  if (confirmable) {
    send_empty(
        server_,
        acknowledged_before(message.message_id) ? coap::Type::acknowledgement : coap::Type::reset,
        message.message_id);
  }
  return std::nullopt;
}

bool CoapExchanges::repeat_with_echo(base::Instant now, Exchange& exchange,
                                     const coap::Message& message) {
  const auto echo = message.options.find(coap::option::echo);
  if (message.code != coap::Code::unauthorized || !echo || echo->value.empty() ||
      echo->value.size() > echo_.capacity()) {
    return false;
  }
  echo_.clear();
  base::ensure(echo_.append(echo->value));
  if (exchange.challenged) return false;
  std::array<std::uint8_t, limits::coap_request_bytes> again;
  const auto written = write_with_echo(again, base::Bytes(exchange.message).first(exchange.length),
                                       next_message_id_, {echo_.data(), echo_.size()});
  if (!written) return false;
  std::ranges::copy(*written, exchange.message.begin());
  exchange.length = static_cast<std::uint16_t>(written->size());
  exchange.message_id = next_message_id_++;
  exchange.challenged = true;
  exchange.acknowledged = false;
  exchange.transmissions = 0;
  exchange.deadline = now;
  return true;
}

bool CoapExchanges::acknowledged_before(std::uint16_t message_id) const {
  return std::ranges::find(acknowledged_ids_, message_id) != acknowledged_ids_.end();
}

std::optional<CoapOutcome> CoapExchanges::advance(base::Instant now) {
  for (std::size_t index = 0; index < exchanges_.size(); ++index) {
    const auto& exchange = exchanges_[index];
    const bool exhausted = exchange.transmissions == exchange.max_transmissions;
    if ((exchange.acknowledged || exhausted) && exchange.deadline <= now) {
      return finish(now, index, CoapOutcome::Kind::timeout);
    }
  }
  return std::nullopt;
}

std::optional<CoapExchanges::Transmission> CoapExchanges::next_transmission(base::Instant now) {
  if (!empty_messages_.empty()) {
    const auto message = empty_messages_.front();
    empty_messages_.erase(0);
    empty_buffer_ = coap::empty_message(message.type, message.message_id);
    return Transmission{message.destination, empty_buffer_};
  }
  for (auto& exchange : exchanges_) {
    if (!exchange.wants_transmission(now)) continue;
    if (exchange.transmissions == 0) exchange.first_sent = now;
    exchange.deadline = now + exchange.timeout;
    exchange.timeout *= 2;
    ++exchange.transmissions;
    return Transmission{server_, base::Bytes(exchange.message).first(exchange.length)};
  }
  return std::nullopt;
}

base::Instant CoapExchanges::next_deadline() const {
  if (!empty_messages_.empty()) return base::Instant{};  // the origin of time: due at once
  auto deadline = base::never;
  for (const auto& exchange : exchanges_) deadline = std::min(deadline, exchange.deadline);
  return deadline;
}

}  // namespace goldcrest::net
