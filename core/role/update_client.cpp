// SPDX-License-Identifier: MIT
#include "core/role/update_client.hpp"

#include <algorithm>

namespace goldcrest::role {

namespace coap = wire::coap;
using std::chrono::seconds;
using wire::UpdateResult;

namespace {

// From a change under the download to the next ask.
constexpr base::Duration restart_pause = seconds(3);

// Bounds on what owner and server may wish, so that a device neither floods nor falls silent.
constexpr base::Duration shortest_interval = seconds(10);
constexpr base::Duration longest_interval = std::chrono::days(7);

// Servers from before the current protocol answer FETCH with one of these.
bool means_no_fetch(coap::Code code) {
  return code == coap::Code::not_found || code == coap::Code::method_not_allowed ||
         code == coap::Code::not_implemented;
}

}  // namespace

UpdateClient::UpdateClient(base::Random& random, UpdateSink& sink, UpdateEvents& events,
                           const UpdateClientSettings& settings)
    : random_(random),
      sink_(sink),
      events_(events),
      settings_(settings),
      downloads_left_(settings.downloads),
      exchanges_(random, wire::Endpoint{}),
      download_(exchanges_, reorder_buffer_) {}

void UpdateClient::set_server(const wire::Endpoint& server) {
  download_.stop();
  drop_staged();
  exchanges_.set_server(server);
  ask_exchange_.reset();
  written_ = 0;
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
  downloads_left_ = std::max(downloads_left_, 1u);
  begin_session(now);
}

void UpdateClient::begin_session(base::Instant now) {
  restarts_ = 0;
  last_progress_ = now;
  patience_ends_ = now + settings_.patience;
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
  if (!offered_tag_.empty()) written_ = 0;
  offered_tag_.clear();
  net::CoapRequest request;
  request.path = wire::updates_path;
  request.payload = *payload;
  net::DownloadSettings download;
  // What field servers have been asked for over the years: 256 bytes, one request at a time.
  download.max_size_exponent = std::min<std::uint8_t>(settings_.max_size_exponent, 4);
  events_.asked(true);
  fetch(now, request, download);
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
  if (ask_.rejects(offer.digest)) {
    return refuse_offer(now, {UpdateResult::refused_rejected, "this image was rejected before"});
  }
  if (offer.version <= ask_.running) {
    return refuse_offer(now, {UpdateResult::refused_version, "the offered version is not newer"});
  }
  const bool same = std::ranges::equal(offer.etag, offered_tag_) && offer.size == download_.size();
  if (!same) written_ = 0;
  offered_tag_ = offer.etag;
  std::ranges::copy(offer.path, path_.begin());
  net::CoapRequest request;
  request.path = std::string_view(path_.data(), offer.path.size());
  net::DownloadSettings download;
  download.max_size_exponent = settings_.max_size_exponent;
  download.outstanding = limits::coap_exchanges;
  fetch(now, request, download,
        {.size = offer.size, .etag = base::Bytes(offered_tag_.data(), offered_tag_.size())});
  if (state_ != State::downloading) return;
  announced_ = true;
  events_.found(offer.version, offer.size);
}

// Goes on where the sink is, if it is within this file; else takes one of the downloads.
void UpdateClient::fetch(base::Instant now, const net::CoapRequest& request,
                         const net::DownloadSettings& settings,
                         const net::BlockDownload::Expected& expected) {
  if (written_ > 0) {
    download_.resume(now, request, written_);
  } else {
    count_downloads(now);
    if (downloads_left_ == 0) {
      return fail_download(now, "too many downloads have come to nothing");
    }
    --downloads_left_;
    sink_.begin();
    download_.begin(now, request, settings, expected);
  }
  state_ = State::downloading;
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
  const auto earned = settings_.patience_a_byte * static_cast<std::int64_t>(bytes.size());
  patience_ends_ = std::min(patience_ends_ + earned, now + settings_.patience);
  if (const auto size = download_.size(); size && written_ == 0) sink_.expect_size(*size);
  written_ += static_cast<std::uint32_t>(bytes.size());
  if (const auto written = sink_.write(bytes); !written) return refuse(now, written.error());
  announce();
  events_.progress(written_, download_.size().value_or(sink_.total_size()));
}

void UpdateClient::announce() {
  if (announced_ || sink_.total_size() == 0) return;
  announced_ = true;
  events_.found(sink_.version(), sink_.total_size());
}

// Each file that is begun costs air, and if its manifest is authentic the other slot an erase of
// its pages, whether or not an image follows that fits it.
void UpdateClient::count_downloads(base::Instant now) {
  const auto missing = settings_.downloads - downloads_left_;
  const auto granted = (now - download_granted_) / settings_.download_interval;
  if (missing == 0 || granted >= missing) {
    downloads_left_ = settings_.downloads;
    download_granted_ = now;
  } else {
    downloads_left_ += static_cast<unsigned>(granted);
    download_granted_ += granted * settings_.download_interval;
  }
}

// What has come to nothing may have been spoilt on the way, by chance or by somebody who will not
// be there for ever: soon, then less and less often.
base::Duration UpdateClient::pause(base::Instant now) {
  count_downloads(now);
  if (downloads_left_ == 0) return download_granted_ + settings_.download_interval - now;
  return settings_.retry_interval * (1 << (settings_.downloads - downloads_left_));
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
      return fail_download(now, coap::describe(download_.response_code()));
    case net::DownloadStatus::malformed:
    case net::DownloadStatus::request_too_long:
      return fail_download(now, "the server's blocks are malformed");
  }
}

void UpdateClient::finish_download(base::Instant now) {
  if (const auto finished = sink_.finish(); !finished) return refuse(now, finished.error());
  ask_.last_result = UpdateResult::installed;
  state_ = State::installed;
  events_.complete(sink_.version());
}

// The file has changed or gone, as somebody says: ask again. Is it still the one that is offered,
// the download goes on; the classic protocol does not tell, and begins with the first byte.
void UpdateClient::restart(base::Instant now) {
  if (classic_) written_ = 0;
  if (restarts_ >= settings_.max_restarts) return fail_download(now, "the file keeps changing");
  ++restarts_;
  download_.stop();
  drop_staged();
  state_ = State::restarting;
  next_ask_ = now + restart_pause;
}

// The file was not taken; the next one begins with its first byte.
void UpdateClient::refuse(base::Instant now, const Refusal& refusal) {
  written_ = 0;
  ask_.last_result = refusal.result;
  events_.refused(refusal, end_session(now, pause(now)));
}

void UpdateClient::refuse_offer(base::Instant now, const Refusal& refusal) {
  ask_.last_result = refusal.result;
  events_.refused(refusal, end_session(now, poll_interval()));
}

void UpdateClient::fail(base::Instant now, std::string_view reason) {
  events_.failed(reason, end_session(now, std::min(settings_.retry_interval, poll_interval())));
}

void UpdateClient::fail_download(base::Instant now, std::string_view reason) {
  events_.failed(reason, end_session(now, pause(now)));
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
  return std::min(last_progress_ + settings_.give_up_after, patience_ends_);
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
    fail(now, patience_ends_ <= now ? "the download is too slow" : "no progress for too long");
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
