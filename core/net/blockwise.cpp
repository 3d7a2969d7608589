// SPDX-License-Identifier: MIT
#include "core/net/blockwise.hpp"

#include <algorithm>
#include <bit>

namespace goldcrest::net {

namespace coap = wire::coap;
using std::chrono::seconds;

namespace {

// One repetition within an exchange; after that the download asks again itself, with smaller
// blocks.
constexpr unsigned retransmissions = 1;
constexpr unsigned answers_to_grow = 3;
constexpr unsigned bad_responses_allowed = 8;
// Silent exchanges in a row that are put down to losses. More mean that the server is away.
constexpr unsigned losses_in_a_row = 3;
// Least allowance for a round trip above the usual one: frames of others, a link retransmission.
constexpr base::Duration variation_allowance = std::chrono::milliseconds(300);

}  // namespace

void BlockDownload::begin(base::Instant now, const CoapRequest& request,
                          const DownloadSettings& settings, const Expected& expected) {
  base::ensure(settings.outstanding == 1 ||
               (settings.outstanding == 2 &&
                buffer_.size() >= (std::size_t{16} << settings.max_size_exponent)));
  settings_ = settings;
  size_ = expected.size;
  etag_.clear();
  etag_known_ = !expected.etag.empty();
  base::ensure(etag_.append(expected.etag));
  resume(now, request, 0);
}

void BlockDownload::resume(base::Instant now, const CoapRequest& request, std::uint32_t received) {
  stop();
  request_ = request;
  status_ = DownloadStatus::running;
  response_code_ = coap::Code::empty;
  received_ = received;
  in_order_ = {};
  buffered_length_ = 0;
  size_exponent_ = settings_.max_size_exponent;
  answered_exchanges_ = silent_exchanges_ = bad_responses_ = 0;
  paused_until_ = now;
  last_progress_ = now;
  smoothed_round_trip_.reset();
  timeout_ = std::max<base::Duration>(seconds(2), settings_.min_timeout);
}

void BlockDownload::stop() {
  for (const auto& request : requests_) exchanges_.cancel(request.exchange);
  requests_.clear();
  status_ = DownloadStatus::idle;
}

void BlockDownload::end(DownloadStatus status) {
  stop();
  status_ = status;
}

bool BlockDownload::handle(base::Instant now, const CoapOutcome& outcome) {
  const auto found = std::ranges::find(requests_, outcome.exchange, &Request::exchange);
  if (found == requests_.end()) return false;
  const auto request = *found;
  requests_.erase(static_cast<std::size_t>(found - requests_.begin()));
  adapt(outcome);
  switch (outcome.kind) {
    case CoapOutcome::Kind::response:
      handle_response(now, request, outcome);
      break;
    case CoapOutcome::Kind::reset:
      end(DownloadStatus::reset);
      break;
    case CoapOutcome::Kind::timeout:
      back_off(now);
      break;
  }
  return true;
}

// The block size follows the losses, the time-out follows the round trips (RFC 6298, with Karn's
// rule: a repeated request says nothing about the round trip).
void BlockDownload::adapt(const CoapOutcome& outcome) {
  if (outcome.kind == CoapOutcome::Kind::timeout) return shrink_blocks();
  if (outcome.kind != CoapOutcome::Kind::response) return;
  if (++answered_exchanges_ >= answers_to_grow) grow_blocks();
  if (outcome.retransmitted) return;
  const auto sample = outcome.round_trip;
  if (!smoothed_round_trip_) {
    smoothed_round_trip_ = sample;
    round_trip_variation_ = sample / 2;
  } else {
    const auto difference = std::chrono::abs(*smoothed_round_trip_ - sample);
    round_trip_variation_ = (3 * round_trip_variation_ + difference) / 4;
    smoothed_round_trip_ = (7 * *smoothed_round_trip_ + sample) / 8;
  }
  timeout_ =
      std::clamp(*smoothed_round_trip_ + std::max(4 * round_trip_variation_, variation_allowance),
                 settings_.min_timeout, settings_.max_timeout);
}

void BlockDownload::shrink_blocks() {
  answered_exchanges_ = 0;
  if (size_exponent_ > settings_.min_size_exponent) --size_exponent_;
}

void BlockDownload::grow_blocks() {
  answered_exchanges_ = 0;
  if (size_exponent_ < settings_.max_size_exponent) ++size_exponent_;
}

// Nobody answered. A few times that is the radio; then the server is away, and asking less often
// spares the air without losing what has been received.
void BlockDownload::back_off(base::Instant now) {
  ++silent_exchanges_;
  if (silent_exchanges_ < losses_in_a_row) return;
  timeout_ = std::min(2 * timeout_, settings_.max_timeout);
  const auto doublings = std::min(silent_exchanges_ - losses_in_a_row, 10u);
  paused_until_ =
      now + std::min(base::Duration(seconds(1)) * (1 << doublings), settings_.max_pause);
}

void BlockDownload::handle_response(base::Instant now, const Request& request,
                                    const CoapOutcome& outcome) {
  const auto& message = outcome.message;
  response_code_ = message.code;
  if (message.code == coap::Code::content) {
    silent_exchanges_ = 0;
    return take_block(now, request, message);
  }
  if (coap::code_class(message.code) == 5) {
    // The server is there but not well: the same as away.
    silent_exchanges_ = std::max(silent_exchanges_, losses_in_a_row);
    return back_off(now);
  }
  end(message.code == coap::Code::not_found ? DownloadStatus::not_found : DownloadStatus::rejected);
}

void BlockDownload::take_block(base::Instant now, const Request& request,
                               const coap::Message& message) {
  for (const auto& option : message.options) {
    // Section 5.4.1: a response with a critical option we do not know is rejected.
    if (coap::critical(option.number) && option.number != coap::option::block2) {
      return bad_response(now);
    }
  }
  // Without Block2 the payload is the whole resource, which a single block may be.
  auto block = coap::Block{.number = 0, .more = false, .size_exponent = request.size_exponent};
  if (message.options.count(coap::option::block2) > 0) {
    const auto parsed = message.options.block(coap::option::block2);
    if (!parsed) return bad_response(now);
    block = *parsed;
    // The server may answer with smaller blocks, never with larger ones.
    const bool fits = message.payload.size() <= block.size() &&
                      (!block.more || message.payload.size() == block.size());
    if (block.size_exponent > request.size_exponent || !fits) return bad_response(now);
  }
  if (block.offset() != request.offset) return bad_response(now);
  if (block.size_exponent < request.size_exponent) {
    settings_.max_size_exponent = block.size_exponent;
    settings_.min_size_exponent = std::min(settings_.min_size_exponent, block.size_exponent);
    size_exponent_ = std::min(size_exponent_, block.size_exponent);
  }
  if (!agree_on_etag(message)) return end(DownloadStatus::changed);
  if (const auto size = message.options.uint(coap::option::size2)) {
    if (!agree_on_size(*size)) return end(DownloadStatus::changed);
  }
  const auto data_end = request.offset + static_cast<std::uint32_t>(message.payload.size());
  if (!block.more && !agree_on_size(data_end)) return end(DownloadStatus::changed);
  if (block.more && size_ && data_end >= *size_) return end(DownloadStatus::changed);
  bad_responses_ = 0;
  take_data(now, request.offset, message.payload);
}

bool BlockDownload::agree_on_etag(const coap::Message& message) {
  const auto option = message.options.find(coap::option::etag);
  const auto tag = option ? option->value : base::Bytes();
  if (!etag_known_) {
    etag_known_ = true;
    // A tag longer than the RFC allows cannot be compared; it counts as none.
    (void)etag_.append(tag);
    return true;
  }
  return std::ranges::equal(tag.size() <= etag_.capacity() ? tag : base::Bytes(), etag());
}

bool BlockDownload::agree_on_size(std::uint32_t size) {
  if (!size_) size_ = size;
  return *size_ == size && received_ <= size;
}

// Blocks are aligned to their size, so two of them are apart or one lies within the other: what
// begins before `received_` has been received as a whole.
void BlockDownload::take_data(base::Instant now, std::uint32_t offset, base::Bytes data) {
  last_progress_ = now;
  if (offset == received_) {
    in_order_ = data;
    if (size_ && received_ == *size_) end(DownloadStatus::complete);  // an empty resource
  } else if (offset > received_) {
    base::ensure(buffered_length_ == 0 && data.size() <= buffer_.size());
    std::ranges::copy(data, buffer_.begin());
    buffered_offset_ = offset;
    buffered_length_ = static_cast<std::uint32_t>(data.size());
  }
}

std::optional<base::Bytes> BlockDownload::next_data() {
  auto data = in_order_;
  in_order_ = {};
  if (data.empty() && buffered_length_ > 0 && buffered_offset_ <= received_) {
    if (buffered_offset_ == received_) data = base::Bytes(buffer_).first(buffered_length_);
    buffered_length_ = 0;
  }
  if (data.empty()) return std::nullopt;
  received_ += static_cast<std::uint32_t>(data.size());
  if (size_ && received_ == *size_) end(DownloadStatus::complete);
  return data;
}

void BlockDownload::bad_response(base::Instant now) {
  if (++bad_responses_ > bad_responses_allowed) return end(DownloadStatus::malformed);
  paused_until_ = now + seconds(1);
}

// The first byte that is neither received, nor buffered, nor asked for.
std::optional<std::uint32_t> BlockDownload::next_gap() const {
  auto offset = received_;
  for (std::size_t round = 0; round <= requests_.size(); ++round) {
    for (const auto& request : requests_) {
      if (request.offset <= offset && offset < request.end()) offset = request.end();
    }
    const auto buffered_end = buffered_offset_ + buffered_length_;
    if (buffered_offset_ <= offset && offset < buffered_end) offset = buffered_end;
  }
  if (size_ && offset >= *size_) return std::nullopt;
  if (offset != received_) {
    // Beyond the first gap there is room for one block, and only where there surely are bytes.
    if (!size_ || buffered_length_ > 0 || settings_.outstanding < 2) return std::nullopt;
  }
  return offset;
}

bool BlockDownload::start_request(base::Instant now, std::uint32_t offset) {
  // The largest block that starts here: block numbers count in units of the size.
  const auto alignment = offset == 0 ? 31u : static_cast<unsigned>(std::countr_zero(offset));
  base::ensure(alignment >= 4);
  const auto exponent =
      static_cast<std::uint8_t>(std::min<unsigned>(size_exponent_, alignment - 4));
  const auto number = offset >> (exponent + 4u);
  if (number > coap::max_block_number) {
    end(DownloadStatus::malformed);
    return false;
  }
  request_.block2 = coap::Block{.number = number, .more = false, .size_exponent = exponent};
  CoapTransmissionParameters parameters;
  parameters.ack_timeout = timeout_;
  parameters.max_retransmit = retransmissions;
  const auto exchange = exchanges_.start(now, request_, parameters);
  if (!exchange) {  // advance() has made sure that there is room for one more
    end(DownloadStatus::request_too_long);
    return false;
  }
  return requests_.push_back({*exchange, offset, exponent});
}

void BlockDownload::advance(base::Instant now) {
  while (status_ == DownloadStatus::running && paused_until_ <= now && !exchanges_.full() &&
         requests_.size() < settings_.outstanding) {
    const auto offset = next_gap();
    if (!offset || !start_request(now, *offset)) return;
  }
}

base::Instant BlockDownload::next_deadline() const {
  if (status_ != DownloadStatus::running || exchanges_.full() || !next_gap() ||
      requests_.size() >= settings_.outstanding) {
    return base::never;
  }
  return paused_until_;
}

}  // namespace goldcrest::net
