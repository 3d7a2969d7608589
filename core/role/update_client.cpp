// SPDX-License-Identifier: MIT
#include "core/role/update_client.hpp"

#include <algorithm>

namespace goldcrest::role {

namespace coap = wire::coap;
using std::chrono::seconds;
using wire::UpdateResult;

namespace {

// The manifest, at the start of every file, holds the digest of the image and the file's IV: its
// hash tells files apart where the server gives no ETag.
constexpr std::uint32_t identity_bytes = 144;

// From a change under the download to the next ask.
constexpr base::Duration restart_pause = seconds(3);

// Bounds on what owner and server may wish, so that a device neither floods nor falls silent.
constexpr base::Duration shortest_interval = seconds(10);
constexpr base::Duration longest_interval = std::chrono::days(7);

// FNV-1a, 64 bits.
constexpr std::uint64_t hash_start = 0xCBF29CE484222325u;
constexpr std::uint64_t hash_prime = 0x100000001B3u;

// Servers from before the current protocol answer FETCH with one of these.
bool means_no_fetch(coap::Code code) {
  return code == coap::Code::not_found || code == coap::Code::method_not_allowed ||
         code == coap::Code::not_implemented;
}

constexpr Refusal same_as_before{UpdateResult::refused_format,
                                 "the server still offers the file that was refused"};

}  // namespace

UpdateClient::UpdateClient(base::Random& random, UpdateSink& sink, UpdateEvents& events,
                           const UpdateClientSettings& settings)
    : random_(random),
      sink_(sink),
      events_(events),
      settings_(settings),
      installations_left_(settings.installations),
      exchanges_(random, wire::Endpoint{}),
      download_(exchanges_, reorder_buffer_) {}

void UpdateClient::set_server(const wire::Endpoint& server) {
  download_.stop();
  drop_staged();
  exchanges_.set_server(server);
  ask_exchange_.reset();
  have_server_ = !server.address.unspecified();
  if (busy()) state_ = State::idle;
  if (state_ == State::idle && online_) next_ask_ = base::Instant{};
}

void UpdateClient::set_online(base::Instant now, bool online) {
  if (online && !online_ && next_ask_ == base::never) next_ask_ = now + settings_.first_ask_after;
  online_ = online;
}

void UpdateClient::start(base::Instant now) {
  if (state_ != State::idle) return;
  refused_until_ = now;
  installations_left_ = std::max(installations_left_, 1u);
  begin_session(now);
}

void UpdateClient::begin_session(base::Instant now) {
  restarts_ = 0;
  last_progress_ = now;
  if (!have_server_) return fail(now, "no update server is set");
  if (!online_) return fail(now, "the network has not been joined yet");
  ask_server(now);
}

void UpdateClient::ask_server(base::Instant now) {
  std::array<std::uint8_t, wire::ask_bytes> buffer;
  ask_.block_size = static_cast<std::uint16_t>(16u << settings_.max_size_exponent);
  const auto payload = wire::emit(ask_, buffer);
  base::ensure(payload.has_value());
  server_interval_s_ = 0;  // a wish ends with the question that comes after it
  exchanges_.cancel_all();
  ask_exchange_ = exchanges_.start(now, {.method = coap::Code::fetch,
                                         .path = wire::updates_path,
                                         .content_format = coap::content_format::cbor,
                                         .payload = *payload});
  base::ensure(ask_exchange_.has_value());
  classic_ = false;
  state_ = State::asking;
  events_.asked(false);
}

// The classic protocol has no ask of its own: the first block's request is the question, and its
// payload goes with every further one.
void UpdateClient::ask_classic(base::Instant now) {
  const auto payload = wire::emit(wire::ClassicRequest{.product = ask_.product,
                                                       .image_type = ask_.image_type,
                                                       .version = ask_.running,
                                                       .offset = 0},
                                  classic_payload_);
  if (!payload) return fail(now, "the product id is not valid");
  classic_ = true;
  announced_ = false;
  identity_ = {hash_start, 0};
  offered_tag_.clear();
  if (!may_install(now)) return wait_to_install(now);
  sink_.begin();
  installing_ = false;
  written_ = 0;
  net::CoapRequest request;
  request.path = wire::updates_path;
  request.payload = *payload;
  net::DownloadSettings download;
  // What field servers have been asked for over the years: 256 bytes, one request at a time.
  download.max_size_exponent = std::min<std::uint8_t>(settings_.max_size_exponent, 4);
  download_.begin(now, request, download);
  state_ = State::downloading;
  events_.asked(true);
}

void UpdateClient::handle_ask_outcome(base::Instant now, const net::CoapOutcome& outcome) {
  ask_exchange_.reset();
  if (outcome.kind == net::CoapOutcome::Kind::timeout) {
    // In the middle of an update the server is worth waiting for.
    if (restarts_ > 0 && now < give_up_at()) return ask_server(now);
    return fail(now, "the server does not answer");
  }
  events_.server_reached();
  if (outcome.kind == net::CoapOutcome::Kind::reset) return ask_classic(now);
  const auto& message = outcome.message;
  if (means_no_fetch(message.code)) return ask_classic(now);
  if (message.code == coap::Code::valid) return nothing_newer(now);
  if (message.code != coap::Code::content) return fail(now, coap::describe(message.code));
  const auto format = message.options.uint(coap::option::content_format);
  if (format != coap::content_format::cbor) return ask_classic(now);
  handle_answer(now, message.payload);
}

void UpdateClient::handle_answer(base::Instant now, base::Bytes payload) {
  const auto answer = wire::parse_answer(payload);
  if (!answer) return fail(now, "the server's answer is malformed");
  server_interval_s_ = answer->retry_after_s;
  if (!answer->offer) return nothing_newer(now);
  begin_download(now, *answer->offer);
}

void UpdateClient::begin_download(base::Instant now, const wire::Offer& offer) {
  identity_ = {hash_start, 0};
  offered_tag_ = offer.etag;
  if (now < refused_until_ && std::ranges::equal(offered_tag_, refused_tag_)) {
    events_.refused(same_as_before, end_session(now, poll_interval()));
    return;
  }
  if (ask_.rejects(offer.digest)) {
    return refuse(now, {UpdateResult::refused_rejected, "this image was rejected before"});
  }
  if (offer.version <= ask_.running) {
    return refuse(now, {UpdateResult::refused_version, "the offered version is not newer"});
  }
  if (!may_install(now)) return wait_to_install(now);
  std::ranges::copy(offer.path, path_.begin());
  sink_.begin();
  installing_ = false;
  written_ = 0;
  net::CoapRequest request;
  request.path = std::string_view(path_.data(), offer.path.size());
  net::DownloadSettings download;
  download.max_size_exponent = settings_.max_size_exponent;
  download.outstanding = limits::coap_exchanges;
  download_.begin(
      now, request, download,
      {.size = offer.size, .etag = base::Bytes(offered_tag_.data(), offered_tag_.size())});
  state_ = State::downloading;
  announced_ = true;
  events_.found(offer.version, offer.size);
}

void UpdateClient::handle_blocks(base::Instant now, const net::CoapOutcome& outcome) {
  if (!download_.handle(now, outcome)) return;
  if (classic_ && download_.received() == 0 && outcome.kind != net::CoapOutcome::Kind::timeout) {
    events_.server_reached();
  }
  while (state_ == State::downloading) {
    const auto bytes = download_.next_data();
    if (!bytes) break;
    stage(now, *bytes);
  }
  if (state_ == State::downloading && staged_.empty()) handle_download_end(now);
}

// The bytes are views into a datagram that is about to go away. What was staged before is nearly
// always written long before the next block has crossed the air.
void UpdateClient::stage(base::Instant now, base::Bytes bytes) {
  while (state_ == State::downloading && !bytes.empty()) {
    if (!staged_.empty()) {
      write_step(now);
      continue;
    }
    const auto piece = bytes.first(std::min(bytes.size(), staged_.capacity()));
    base::ensure(staged_.append(piece));
    bytes = bytes.subspan(piece.size());
  }
}

void UpdateClient::write_step(base::Instant now) {
  const auto left = base::Bytes(staged_.data(), staged_.size()).subspan(staged_written_);
  const auto step = left.first(std::min(left.size(), limits::flash_step_bytes));
  staged_written_ += step.size();
  take_bytes(now, step);
  if (staged_written_ == staged_.size()) drop_staged();
}

void UpdateClient::drop_staged() {
  staged_.clear();
  staged_written_ = 0;
}

void UpdateClient::take_bytes(base::Instant now, base::Bytes bytes) {
  last_progress_ = now;
  if (note_identity(bytes) && refused_before(now)) {
    download_.stop();
    events_.refused(same_as_before, end_session(now, poll_interval()));
    return;
  }
  written_ += static_cast<std::uint32_t>(bytes.size());
  const auto written = sink_.write(bytes);
  if (!installing_ && sink_.total_size() != 0) {
    installing_ = true;
    --installations_left_;
  }
  if (!written) return refuse(now, written.error());
  announce();
  events_.progress(written_, download_.size().value_or(sink_.total_size()));
}

// Hashes the manifest as it comes by; true when it is complete with these bytes.
bool UpdateClient::note_identity(base::Bytes bytes) {
  if (identity_.bytes == identity_bytes) return false;
  for (const auto byte :
       bytes.first(std::min<std::size_t>(bytes.size(), identity_bytes - identity_.bytes))) {
    identity_.hash = (identity_.hash ^ byte) * hash_prime;
    ++identity_.bytes;
  }
  return identity_.bytes == identity_bytes;
}

bool UpdateClient::refused_before(base::Instant now) const {
  return now < refused_until_ && refused_identity_ == identity_;
}

void UpdateClient::announce() {
  if (announced_ || sink_.total_size() == 0) return;
  announced_ = true;
  events_.found(sink_.version(), sink_.total_size());
}

// Each accepted manifest may cost the other slot an erase of its pages, also when no image follows
// that fits it.
bool UpdateClient::may_install(base::Instant now) {
  const auto missing = settings_.installations - installations_left_;
  const auto granted = (now - installation_granted_) / settings_.installation_interval;
  if (missing == 0 || granted >= missing) {
    installations_left_ = settings_.installations;
    installation_granted_ = now;
  } else {
    installations_left_ += static_cast<unsigned>(granted);
    installation_granted_ += granted * settings_.installation_interval;
  }
  return installations_left_ > 0;
}

void UpdateClient::handle_download_end(base::Instant now) {
  switch (download_.status()) {
    case net::DownloadStatus::idle:
    case net::DownloadStatus::running:
      return;
    case net::DownloadStatus::complete:
      return finish_download(now);
    case net::DownloadStatus::reset:
    case net::DownloadStatus::not_found:
      // To the classic question "is there something newer?" these mean no.
      if (classic_ && download_.received() == 0) return nothing_newer(now);
      return restart(now);
    case net::DownloadStatus::changed:
      return restart(now);
    case net::DownloadStatus::rejected:
      return fail(now, coap::describe(download_.response_code()));
    case net::DownloadStatus::malformed:
    case net::DownloadStatus::request_too_long:
      return fail(now, "the server's blocks are malformed");
  }
}

void UpdateClient::finish_download(base::Instant now) {
  if (const auto finished = sink_.finish(); !finished) return refuse(now, finished.error());
  ask_.last_result = UpdateResult::installed;
  state_ = State::installed;
  events_.complete(sink_.version());
}

// The file has changed or gone: ask again, and begin with the first byte of what there is now.
void UpdateClient::restart(base::Instant now) {
  if (restarts_ >= settings_.max_restarts) return fail(now, "the file keeps changing");
  ++restarts_;
  download_.stop();
  drop_staged();
  state_ = State::restarting;
  next_ask_ = now + restart_pause;
}

void UpdateClient::refuse(base::Instant now, const Refusal& refusal) {
  download_.stop();
  ask_.last_result = refusal.result;
  refused_identity_ = identity_;
  refused_tag_ = offered_tag_;
  // Trouble with our own flash is no fault of the file.
  const bool remember = refusal.result != UpdateResult::flash_error;
  refused_until_ = remember ? now + settings_.refusal_memory : now;
  events_.refused(refusal, end_session(now, poll_interval()));
}

void UpdateClient::fail(base::Instant now, std::string_view reason) {
  events_.failed(reason, end_session(now, std::min(settings_.retry_interval, poll_interval())));
}

void UpdateClient::wait_to_install(base::Instant now) {
  events_.failed("too many downloads have come to nothing", end_session(now, poll_interval()));
}

void UpdateClient::nothing_newer(base::Instant now) {
  events_.nothing_newer(end_session(now, poll_interval()));
}

base::Duration UpdateClient::end_session(base::Instant now, base::Duration interval) {
  download_.stop();
  drop_staged();
  exchanges_.cancel_all();
  ask_exchange_.reset();
  state_ = State::idle;
  // Up to a tenth later, so that a fleet that starts together spreads out.
  interval += interval * random_.below(101) / 1000;
  next_ask_ = now + interval;
  return interval;
}

base::Duration UpdateClient::poll_interval() const {
  const auto ours = std::clamp(settings_.poll_interval, shortest_interval, longest_interval);
  if (server_interval_s_ == 0) return ours;
  return std::clamp<base::Duration>(seconds(server_interval_s_), shortest_interval,
                                    std::max(ours, settings_.longest_wish));
}

base::Instant UpdateClient::give_up_at() const {
  return last_progress_ + settings_.give_up_after;
}

void UpdateClient::receive(base::Instant now, const wire::Endpoint& from, base::Bytes payload) {
  const auto outcome = exchanges_.receive(now, from, payload);
  if (!outcome) return;
  if (ask_exchange_ == outcome->exchange) {
    handle_ask_outcome(now, *outcome);
  } else {
    handle_blocks(now, *outcome);
  }
  download_.advance(now);
}

void UpdateClient::advance(base::Instant now) {
  while (const auto outcome = exchanges_.advance(now)) {
    if (ask_exchange_ == outcome->exchange) {
      handle_ask_outcome(now, *outcome);
    } else {
      handle_blocks(now, *outcome);
    }
  }
  if (!staged_.empty()) {
    write_step(now);
    if (state_ == State::downloading && staged_.empty()) handle_download_end(now);
  }
  if (state_ == State::idle && online_ && have_server_ && next_ask_ <= now) begin_session(now);
  if (state_ == State::restarting && next_ask_ <= now) ask_server(now);
  if (busy() && give_up_at() <= now) {
    ask_.last_result = UpdateResult::gave_up;
    fail(now, "no progress for too long");
  }
  download_.advance(now);
}

std::optional<net::UdpTransmission> UpdateClient::next_transmission(base::Instant now) {
  const auto transmission = exchanges_.next_transmission(now);
  if (!transmission) return std::nullopt;
  return net::UdpTransmission{transmission->destination, settings_.local_port,
                              transmission->message};
}

base::Instant UpdateClient::next_deadline() const {
  if (!staged_.empty()) return base::Instant{};
  auto deadline = std::min(exchanges_.next_deadline(), download_.next_deadline());
  if (busy()) deadline = std::min(deadline, give_up_at());
  const bool waits_to_ask = state_ == State::idle && online_ && have_server_;
  if (waits_to_ask || state_ == State::restarting) deadline = std::min(deadline, next_ask_);
  return deadline;
}

}  // namespace goldcrest::role
