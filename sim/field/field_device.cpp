// SPDX-License-Identifier: MIT
#include "sim/field/field_device.hpp"

#include <array>
#include <stdexcept>

#include "core/wire/udp.hpp"
#include "core/wire/update_protocol.hpp"

namespace goldcrest::sim {

namespace coap = wire::coap;
using namespace std::chrono_literals;

namespace {

constexpr std::uint8_t size_exponent = 4;  // 256 bytes
constexpr std::uint16_t first_message_id = 0x2C96;
constexpr std::uint8_t first_dao_sequence = 0xF1;
constexpr std::uint8_t route_lifetime = 30;  // minutes
constexpr auto deafness = 200ms;
constexpr auto first_timeout = 2500ms;
constexpr unsigned max_retransmissions = 4;

// What it tells of itself with every packet; the recording has it too.
constexpr wire::RplOption rpl_option{.instance = 0x1E, .sender_rank = 0x012B};

wire::Ipv6Address own_address() {
  return wire::Ipv6Address::from_prefix({{0xAA, 0xAA}}, FieldDevice::eui64);
}

Frame request_message(std::uint16_t message_id, std::uint32_t block) {
  std::array<std::uint8_t, wire::classic_request_bytes> storage{};
  const auto payload = wire::emit(
      wire::ClassicRequest{.product = "OTA-STM32L1-SPIRIT1", .version = FieldDevice::version},
      storage);
  Frame message(128);
  coap::MessageWriter writer(message, coap::Type::confirmable, coap::Code::get, message_id);
  writer.path(wire::updates_path);
  writer.option_block(coap::option::block2, {.number = block, .size_exponent = size_exponent});
  if (!payload) throw std::logic_error("the request's payload is too long");
  writer.payload(*payload);
  const auto written = writer.finish();
  if (!written) throw std::logic_error("the request is too long");
  message.resize(written->size());
  return message;
}

}  // namespace

template <typename Body>
void FieldDevice::sends_rpl(const wire::MacAddress& to, const wire::Ipv6Address& destination,
                            const Body& body) {
  const auto source = wire::Ipv6Address::link_local_from(eui64);
  Frame datagram(limits::datagram_bytes);
  base::ByteWriter writer(datagram);
  wire::emit_ipv6(
      writer,
      {.next_header = wire::next_header::icmpv6, .source = source, .destination = destination},
      [&](base::ByteWriter& out) { wire::emit_icmpv6(out, source, destination, body); });
  station_.sends_datagram(to, writer.written());
}

void FieldDevice::sends_dis() {
  sends_rpl(wire::MacAddress::broadcast(), wire::all_rpl_nodes, wire::Dis{});
}

void FieldDevice::sends_dao(std::uint8_t sequence) {
  if (!dio_) return;
  std::array<std::uint8_t, 32> storage{};
  base::ByteWriter route(storage);
  wire::emit_route(
      route, {.target = {.prefix = own_address()}, .transit = {.path_lifetime = route_lifetime}});
  sends_rpl(parent_, wire::Ipv6Address::link_local_from(parent_.extended),
            wire::Dao{.instance = dio_->instance,
                      .sequence = sequence,
                      .dodag_id = dio_->dodag_id,
                      .options = route.written()});
}

bool FieldDevice::joins(base::Duration limit) {
  for (const auto end = station_.now() + limit; station_.now() < end;) {
    sends_dis();
    for (int wait = 0; wait < 100; ++wait) {
      station_.runs_for(50ms);
      while (auto datagram = station_.takes()) {
        const auto message = datagram->rpl();
        if (!message || message->code != wire::rpl_code::dio) continue;
        const auto dio = wire::Dio::parse(*message);
        if (!dio) continue;
        dio_ = *dio;
        parent_ = datagram->from;
        sends_dao(first_dao_sequence);
        station_.runs_for(2s);
        sends_dao(first_dao_sequence + 1);
        station_.runs_for(500ms);
        return true;
      }
    }
  }
  return false;
}

void FieldDevice::sends_request(std::uint16_t message_id) {
  const auto& destination = server_;
  const auto message = request_message(message_id, block_);
  Frame inner(limits::datagram_bytes);
  base::ByteWriter writer(inner);
  wire::emit_ipv6(writer,
                  {.next_header = wire::next_header::udp,
                   .source = own_address(),
                   .destination = destination.address},
                  [&](base::ByteWriter& out) {
                    wire::UdpDatagram{.source_port = destination.port,
                                      .destination_port = destination.port,
                                      .payload = message}
                        .emit(out, own_address(), destination.address);
                  });
  Frame datagram(limits::datagram_bytes);
  base::ByteWriter with_option(datagram);
  base::ensure(wire::insert_rpl_option(writer.written(), rpl_option, with_option));
  station_.sends_datagram(parent_, with_option.written());
}

FieldDevice::Outcome FieldDevice::updates(base::Duration limit) {
  const auto end = station_.now() + limit;
  for (std::uint16_t message_id = first_message_id; station_.now() < end; ++message_id) {
    auto timeout = base::Duration(first_timeout);
    got_block_ = false;
    for (unsigned attempt = 0; !got_block_; ++attempt) {
      if (attempt > max_retransmissions) return Outcome::gave_up;
      if (attempt > 0) ++retransmissions_;
      sends_request(message_id);
      const auto until = station_.now() + timeout;
      timeout *= 2;
      while (station_.now() < until && !got_block_) {
        station_.runs_for(2ms);
        if (const auto outcome = takes_answer(message_id)) return *outcome;
      }
    }
    // It writes its flash with interrupts off.
    station_.is_deaf_until(station_.now() + deafness);
    station_.runs_for(deafness);
  }
  return Outcome::gave_up;
}

std::optional<FieldDevice::Outcome> FieldDevice::takes_answer(std::uint16_t message_id) {
  while (const auto datagram = station_.takes()) {
    const auto upper = datagram->upper();
    if (!upper || upper->protocol != wire::next_header::udp) continue;
    const auto header = datagram->header();
    const auto udp = wire::UdpDatagram::parse(upper->payload, header.source, header.destination);
    if (!udp || header.destination != own_address() || header.source != server_.address ||
        udp->destination_port != 5683) {
      continue;
    }
    const auto answer = coap::parse(udp->payload);
    if (!answer || answer->message_id != message_id) continue;
    if (answer->type == coap::Type::reset) return Outcome::nothing_newer;
    if (answer->type != coap::Type::acknowledgement) continue;
    if (answer->code != coap::Code::content) return Outcome::refused;
    return takes_block(*answer);
  }
  return std::nullopt;
}

std::optional<FieldDevice::Outcome> FieldDevice::takes_block(const coap::Message& answer) {
  const auto block = answer.options.block(coap::option::block2);
  if (!block || block->number != block_ || block->size_exponent != size_exponent ||
      (block->more && answer.payload.size() != block->size())) {
    return Outcome::refused;
  }
  file_.insert(file_.end(), answer.payload.begin(), answer.payload.end());
  got_block_ = true;
  ++block_;
  if (!block->more) return Outcome::complete;
  return std::nullopt;
}

}  // namespace goldcrest::sim
