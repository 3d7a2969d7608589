// SPDX-License-Identifier: MIT
#include "tests/scenarios/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/wire/coap.hpp"
#include "host/server/log.hpp"
#include "tests/scenarios/places.hpp"

namespace goldcrest::scenario {

namespace coap = wire::coap;

namespace {

std::vector<packer::PublicKey> keys(bool checks_signatures) {
  if (!checks_signatures) return {};
  return {public_key()};
}

bool is_classic(base::Bytes datagram) {
  const auto message = coap::parse(datagram);
  return message && message->code == coap::Code::get &&
         message->options.path_is(wire::updates_path) &&
         wire::parse_classic_request(message->payload).has_value();
}

}  // namespace

Server::Server(sim::World& world, bool checks_signatures)
    : world_(world),
      endpoint_(places::server()),
      store_(keys(checks_signatures)),
      engine_(store_, {}, this) {
  listens();
}

void Server::protects_conversations(const oscore::SharedContext& shared) {
  server::RequestLog* log = this;
  protection_.emplace(engine_, shared, seed(), log);
}

void Server::starts_again() {
  if (!protection_) return;
  const auto shared = protection_->shared();
  const auto reserved = protection_->reserved();
  server::RequestLog* log = this;
  protection_.emplace(engine_, shared, seed(), log, reserved);
}

void Server::listens() {
  world_.internet().listen(
      endpoint_, [this](base::Instant now, const wire::Endpoint& from, base::Bytes datagram) {
        receive(now, from, datagram);
      });
}

void Server::receive(base::Instant now, const wire::Endpoint& from, base::Bytes datagram) {
  if (classic_only_ && !is_classic(datagram)) {
    const auto header = coap::peek_header(datagram);
    if (!header || header->type != coap::Type::confirmable) return;
    log_.push_back("RST to what is not the classic protocol");
    world_.internet().send(now, endpoint_, from,
                           coap::empty_message(coap::Type::reset, header->message_id));
    return;
  }
  const auto answer = protection_ ? protection_->receive(now, from, datagram)
                                  : engine_.receive(now, from, datagram);
  if (!answer) return;
  if (!on_path_) return world_.internet().send(now, endpoint_, from, *answer);
  for (const auto& arrives : on_path_(from, datagram, *answer)) {
    world_.internet().send(now, endpoint_, from, arrives);
  }
}

void Server::publishes(std::string_view version) {
  const auto path = release(version);
  if (!publishes(path.filename().string(), read_all(path))) {
    throw std::runtime_error(fmt::format("the server refuses {}", path.string()));
  }
}

bool Server::publishes(const std::string& name, File bytes) {
  const auto added = store_.add(name, std::move(bytes));
  log_.push_back(added ? "serving " + name : "refused " + name + ": " + added.error());
  return added.has_value();
}

void Server::withdraws(const std::string& name) {
  if (!store_.remove(name)) throw std::runtime_error("the server does not have " + name);
}

void Server::request(const server::RequestRecord& record) {
  const auto seconds = static_cast<double>(record.time.time_since_epoch().count()) / 1e6;
  log_.push_back(fmt::format("{:.3f} {}", seconds, server::to_text(record)));
  if (record.classic) ++classic_requests_;
  if (record.ask) {
    asked_.push_back({.time = record.time,
                      .device = record.ask->device,
                      .running = record.ask->running,
                      .last_result = record.ask->last_result,
                      .rejected = record.ask->rejected.size(),
                      .offered = record.update != nullptr});
  }
  if (record.length > 0 && record.update != nullptr) {
    served_.push_back({.time = record.time,
                       .to = record.from,
                       .classic = record.classic.has_value(),
                       .offset = record.offset,
                       .length = record.length});
  }
}

unsigned Server::restarts() const {
  // A first block that is repeated because its answer was lost is no new beginning.
  constexpr std::uint32_t well_beyond_the_first = 2048;
  bool further = false;
  unsigned count = 0;
  for (const auto& piece : served_) {
    if (piece.offset > well_beyond_the_first) further = true;
    if (piece.offset > 0 || !further) continue;
    ++count;
    further = false;
  }
  return count;
}

std::uint64_t Server::bytes_served() const {
  std::uint64_t sum = 0;
  for (const auto& piece : served_) sum += piece.length;
  return sum;
}

std::size_t Server::lines_with(std::string_view text) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      log_, [&](const auto& line) { return line.find(text) != std::string::npos; }));
}

std::string Server::last_lines(std::size_t count) const {
  std::string text;
  for (std::size_t at = log_.size() - std::min(count, log_.size()); at < log_.size(); ++at) {
    text += log_[at] + "\n";
  }
  return text;
}

}  // namespace goldcrest::scenario
