// SPDX-License-Identifier: MIT
#include "tests/scenarios/impostor.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/image/manifest.hpp"
#include "tests/scenarios/places.hpp"

namespace goldcrest::scenario {

namespace coap = wire::coap;

namespace {

constexpr std::uint8_t noise = 0xA5;
constexpr std::array<std::uint8_t, 4> his_etag{0xBA, 0xD0, 0xBA, 0xD0};
constexpr std::string_view offered_path = "updates/0badcafe";

File finished(const coap::MessageWriter& writer) {
  const auto message = writer.finish();
  if (!message) throw std::runtime_error("the impostor's message is too long");
  return {message->begin(), message->end()};
}

}  // namespace

Impostor::Impostor(Scenario& scenario) : scenario_(scenario) {
  scenario_.world().internet().listen(
      places::server(), [this](base::Instant now, const wire::Endpoint& from,
                               base::Bytes datagram) { receive(now, from, datagram); });
}

void Impostor::leaves() {
  if (!present_) return;
  present_ = false;
  scenario_.server().listens();
}

Impostor::Behaviour Impostor::offering(File file) {
  wire::Offer offer{.path = offered_path,
                    .size = static_cast<std::uint32_t>(file.size()),
                    .version = {200, 0, 0},
                    .etag = {},
                    .digest = {}};
  base::ensure(offer.etag.append(his_etag));
  // Where the manifest has it; a file without one has none.
  if (file.size() >= image::manifest_size) {
    std::copy_n(file.begin() + 112, offer.digest.size(), offer.digest.begin());
  }
  Behaviour behaviour;
  behaviour.file = std::move(file);
  behaviour.offer = offer;
  return behaviour;
}

void Impostor::receive(base::Instant now, const wire::Endpoint& from, base::Bytes datagram) {
  if (const auto message = answer(datagram)) {
    scenario_.world().internet().send(now, places::server(), from, *message);
  }
}

std::optional<File> Impostor::answer(base::Bytes datagram) {
  const auto request = coap::parse(datagram);
  if (!request || request->type != coap::Type::confirmable) return std::nullopt;
  if (request->code == coap::Code::get) return answer_get(*request);
  ++asked_;
  if (!behaviour_.classic_only) return answer_ask(*request);
  const auto reset = coap::empty_message(coap::Type::reset, request->message_id);
  return File(reset.begin(), reset.end());
}

File Impostor::answer_ask(const coap::Message& request) {
  std::array<std::uint8_t, wire::answer_bytes> storage{};
  const auto payload = wire::emit(
      wire::Answer{.retry_after_s = behaviour_.retry_after_s, .offer = behaviour_.offer}, storage);
  if (!payload) throw std::runtime_error("the impostor's offer cannot be told");
  File buffer(limits::coap_message_bytes);
  coap::MessageWriter writer(buffer, coap::Type::acknowledgement, coap::Code::content,
                             request.message_id, request.token);
  writer.option_uint(coap::option::content_format, coap::content_format::cbor);
  writer.payload(*payload);
  return finished(writer);
}

std::optional<File> Impostor::answer_get(const coap::Message& request) {
  auto block = request.options.block(coap::option::block2).value_or(coap::Block{});
  const auto offset = block.offset();
  if (behaviour_.answers && !behaviour_.answers(offset)) return std::nullopt;
  if (block.size_exponent > behaviour_.max_size_exponent) {
    block.number <<= block.size_exponent - behaviour_.max_size_exponent;
    block.size_exponent = behaviour_.max_size_exponent;
  }
  const auto& file = behaviour_.file;
  const auto begin = std::min<std::size_t>(offset, file.size());
  const auto end = std::min<std::size_t>(offset + block.size(), file.size());
  File bytes(file.begin() + static_cast<std::ptrdiff_t>(begin),
             file.begin() + static_cast<std::ptrdiff_t>(end));
  block.more = behaviour_.endless || offset + block.size() < file.size();
  if (behaviour_.endless) bytes.resize(block.size(), noise);
  if (behaviour_.changes) behaviour_.changes(offset, bytes);
  sent_.push_back(offset);

  File buffer(limits::coap_message_bytes);
  coap::MessageWriter writer(buffer, coap::Type::acknowledgement, coap::Code::content,
                             request.message_id, request.token);
  if (behaviour_.offer && !behaviour_.classic_only) {
    const auto& etag = behaviour_.offer->etag;
    writer.option(coap::option::etag, base::Bytes(etag.data(), etag.size()));
  }
  writer.option_block(coap::option::block2, block);
  if (offset == 0 && !behaviour_.endless) {
    writer.option_uint(coap::option::size2, static_cast<std::uint32_t>(file.size()));
  }
  writer.payload(bytes);
  return finished(writer);
}

}  // namespace goldcrest::scenario
