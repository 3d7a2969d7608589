// SPDX-License-Identifier: MIT
#include "core/oscore/client_session.hpp"

#include <algorithm>
#include <utility>

#include "core/crypto/sha256.hpp"

namespace goldcrest::oscore {

namespace coap = wire::coap;

namespace {

// From one Message ID to that of the same request sealed anew: far from those that the layer above
// counts up to meanwhile.
constexpr std::uint16_t message_id_step = 0x2000;

}  // namespace

// Sealed it is another request on the wire, with a token of its own: short, as each byte counts
// where a frame is full, and needing no secret, for it is the seal that ties an answer to its
// request (RFC 9175 section 4.2). No two of the requests that are remembered have the same.
void ClientSession::seal_under(Request& request, const PartialIv& partial_iv) {
  const auto sequence = partial_iv.sequence();
  request.partial_iv = partial_iv;
  request.sent_token = coap::Token(
      std::array{static_cast<std::uint8_t>(sequence >> 8u), static_cast<std::uint8_t>(sequence)});
  request.echo_version = echo_version_;
  request.answered = false;
}

// The entry under which the request travels: that of its last transmission if what was sealed then
// is what would be sealed now, else one with a sequence number of its own.
std::expected<ClientSession::Request*, Error> ClientSession::request_for(
    base::Bytes datagram, const coap::Message& message) {
  decltype(Request::digest) digest;
  crypto::Sha256 hash;
  hash.update(datagram);
  hash.finish(digest);
  const auto known = std::ranges::find(requests_, digest, &Request::digest);
  const bool repeated = known != requests_.end();
  if (repeated && known->echo_version == echo_version_) return known;

  const auto partial_iv = sequence_.take();
  if (!partial_iv) return std::unexpected(Error::no_sequence_number);
  if (repeated) {
    known->sent_message_id = static_cast<std::uint16_t>(known->sent_message_id + message_id_step);
    seal_under(*known, *partial_iv);
    return known;
  }
  if (requests_.full()) requests_.erase(0);
  (void)requests_.push_back({.digest = digest,
                             .token = message.token,
                             .message_id = message.message_id,
                             .sent_message_id = message.message_id});
  seal_under(requests_.back(), *partial_iv);
  return &requests_.back();
}

RequestBinding ClientSession::binding_of(const Request& request) const {
  RequestBinding binding{.kid = {}, .partial_iv = request.partial_iv};
  base::ensure(binding.kid.append(context_.sender_id()));
  return binding;
}

std::expected<base::Bytes, Error> ClientSession::outgoing(base::Bytes datagram,
                                                          base::MutableBytes out) {
  auto message = coap::parse(datagram);
  base::ensure(message.has_value());
  if (message->code == coap::Code::empty) {
    if (out.size() < datagram.size()) return std::unexpected(Error::too_long);
    std::ranges::copy(datagram, out.begin());
    return out.first(datagram.size());
  }
  const auto request = request_for(datagram, *message);
  if (!request) return std::unexpected(request.error());
  message->message_id = (*request)->sent_message_id;
  message->token = (*request)->sent_token;
  return protect_request(context_, (*request)->partial_iv, *message, {echo_.data(), echo_.size()},
                         out);
}

std::optional<base::Bytes> ClientSession::incoming(base::Bytes datagram, base::MutableBytes out) {
  auto message = coap::parse(datagram);
  if (!message) return std::nullopt;
  if (!coap::is_response(message->code)) {
    // A ping or a request gets the reset that the layer above has for it.
    if (message->type == coap::Type::confirmable) return datagram;
    return std::nullopt;
  }
  const auto found = std::ranges::find(requests_, message->token, &Request::sent_token);
  if (found == requests_.end()) return std::nullopt;
  message->token = found->token;
  if (message->type == coap::Type::acknowledgement) {
    if (message->message_id != found->sent_message_id) return std::nullopt;
    message->message_id = found->message_id;
  }
  const auto plain = unprotect_response(context_, binding_of(*found), *message, out);
  if (!plain) {
    if (plain.error() == Error::not_protected) unprotected_answer_ = message->code;
    return std::nullopt;
  }
  unprotected_answer_.reset();
  const auto response = coap::parse(*plain);
  base::ensure(response.has_value());
  // A challenge that was recorded and comes a second time changes nothing any more.
  const bool first = !std::exchange(found->answered, true);
  const auto echo = response->options.find(echo_option);
  if (response->code == coap::Code::unauthorized && echo && !echo->value.empty()) {
    if (first) set_echo(echo->value);
    return std::nullopt;
  }
  if (first) set_echo({});
  return *plain;
}

void ClientSession::set_echo(base::Bytes value) {
  if (std::ranges::equal(value, echo_) || value.size() > echo_.capacity()) return;
  echo_.clear();
  base::ensure(echo_.append(value));
  ++echo_version_;
}

}  // namespace goldcrest::oscore
