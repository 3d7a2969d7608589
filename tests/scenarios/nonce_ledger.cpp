// SPDX-License-Identifier: MIT
#include "tests/scenarios/nonce_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/limits.hpp"
#include "core/oscore/message.hpp"
#include "core/wire/coap.hpp"
#include "core/wire/ieee802154.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/sixlowpan.hpp"
#include "core/wire/udp.hpp"
#include "host/packer/hex.hpp"

namespace goldcrest::scenario {

namespace coap = wire::coap;

namespace {

// The mesh's prefix, which our nodes compress away.
constexpr wire::AddressContext mesh{.identifier = 0, .prefix = {{0xAA, 0xAA}}};

/// Where the CoAP message begins in a datagram of which the beginning is there.
std::optional<std::size_t> message_offset(base::Bytes datagram) {
  const auto upper = wire::upper_layer(datagram);
  if (!upper || upper->protocol != wire::next_header::udp) return std::nullopt;
  const auto offset = static_cast<std::size_t>(upper->payload.data() - datagram.data());
  return offset + wire::UdpDatagram::header_size;
}

std::string name_of(const oscore::RequestBinding& binding) {
  return fmt::format("kid {}, Partial IV {}",
                     packer::to_hex({binding.kid.data(), binding.kid.size()}),
                     packer::to_hex(binding.partial_iv.bytes()));
}

/// Of a request of which the ciphertext may not have come yet.
std::optional<oscore::RequestBinding> binding_of(base::Bytes request) {
  const auto message = coap::parse(request);
  if (!message || !coap::is_request(message->code)) return std::nullopt;
  const auto option = message->options.find(oscore::oscore_option);
  const auto value = option ? oscore::parse_option(option->value) : std::nullopt;
  const auto binding =
      value ? oscore::binding_of(*value) : std::unexpected(oscore::Error::malformed);
  return binding ? std::optional(*binding) : std::nullopt;
}

}  // namespace

NonceLedger::NonceLedger(sim::Air& air, sim::StationId station) : station_(station) {
  air.observe([this](base::Instant, sim::StationId sender, base::Bytes frame) {
    if (sender == station_) sees(frame);
  });
}

void NonceLedger::sees(base::Bytes frame) {
  const auto mac = wire::MacFrame::parse(frame);
  if (!mac || mac->type != wire::MacFrameType::data) return;
  const wire::LinkAddresses link{mac->source, mac->destination};
  File datagram(limits::datagram_bytes);
  const auto fragment = wire::FragmentHeader::parse(mac->payload);
  if (!fragment) {
    const auto size = wire::decompress(mac->payload, link, {&mesh, 1}, datagram);
    if (!size) return;
    const auto whole = base::Bytes(datagram).first(*size);
    const auto offset = message_offset(whole);
    if (offset) (void)sees_message(whole.subspan(*offset));
    return;
  }
  const auto data = mac->payload.subspan(fragment->size());
  if (fragment->first) {
    partial_.reset();
    datagram.resize(fragment->datagram_size);
    const auto size =
        wire::decompress_first_fragment(data, fragment->datagram_size, link, {&mesh, 1}, datagram);
    const auto offset = size ? message_offset(datagram) : std::nullopt;
    if (!offset || *offset > *size) return;
    const auto nonce = sees_message(base::Bytes(datagram).first(*size).subspan(*offset));
    if (nonce) partial_ = {fragment->datagram_tag, *nonce, *offset};
  } else if (partial_ && partial_->tag == fragment->datagram_tag) {
    sees_piece(partial_->nonce, fragment->datagram_offset - partial_->message_at, data);
  }
}

// The beginning of a message, at least. Its nonce, if it is a protected request.
std::optional<std::string> NonceLedger::sees_message(base::Bytes message) {
  const auto binding = binding_of(message);
  if (!binding) {
    const auto header = coap::peek_header(message);
    if (header && coap::is_request(header->code)) ++unprotected_;
    return std::nullopt;
  }
  const auto nonce = name_of(*binding);
  if (messages_.contains(nonce)) ++repetitions_;
  last_sequence_ = std::max(last_sequence_, binding->partial_iv.sequence());
  sees_piece(nonce, 0, message);
  return nonce;
}

// How a message is cut into fragments may change with its repetition.
void NonceLedger::sees_piece(const std::string& nonce, std::size_t at, base::Bytes bytes) {
  auto& known = messages_[nonce];
  for (const auto byte : bytes) {
    const auto [place, added] = known.try_emplace(at++, byte);
    if (added || place->second == byte) continue;
    conflicts_.push_back(fmt::format("two requests with {} differ at byte {}", nonce, at - 1));
    return;
  }
}

void NonceLedger::answered(base::Bytes request, base::Bytes answer) {
  const auto message = coap::parse(answer);
  const auto option =
      message ? oscore::read_option(*message) : std::unexpected(oscore::Error::malformed);
  const auto binding = binding_of(request);
  if (!option || !binding) return;
  // Without a Partial IV of its own it has the nonce of the request.
  const auto nonce = option->partial_iv ? fmt::format("the server's Partial IV {}",
                                                      packer::to_hex(option->partial_iv->bytes()))
                                        : name_of(*binding);
  const auto [known, added] =
      answers_.try_emplace(nonce, message->payload.begin(), message->payload.end());
  if (added || std::ranges::equal(known->second, message->payload)) return;
  conflicts_.push_back(fmt::format("two answers with {} differ", nonce));
}

}  // namespace goldcrest::scenario
