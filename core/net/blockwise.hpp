// SPDX-License-Identifier: MIT
// Fetching a resource in blocks (RFC 7959, Block2): any number of bytes, handed over in order, over
// a path that loses, repeats and reorders, from a server that may be away for minutes.
//
// Invariants: every byte is handed over exactly once and in order; all blocks carry one ETag and
// agree on the size, or the download fails as `changed`. The block size follows the path: it halves
// when an exchange fails and doubles after a run of answered ones. Time-outs never end a download;
// whoever owns it decides how long to be patient (last_progress()).
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"
#include "core/net/coap_exchange.hpp"
#include "core/wire/coap.hpp"

namespace goldcrest::net {

enum class DownloadStatus : std::uint8_t {
  idle,
  running,
  complete,
  changed,           ///< another ETag or size than before: start over
  not_found,         ///< 4.04
  reset,             ///< RST
  rejected,          ///< another error response: see response_code()
  malformed,         ///< responses that break RFC 7959, repeatedly
  request_too_long,  ///< the request does not fit limits::coap_request_bytes
};

struct DownloadSettings {
  std::uint8_t max_size_exponent = wire::coap::size_exponent_for(limits::coap_block_bytes);
  /// Bad paths go no lower than 128 bytes: by then a lost round costs more than a lost frame.
  std::uint8_t min_size_exponent = 3;
  /// Outstanding requests: 1, or 2 with a reorder buffer of one block.
  std::size_t outstanding = 1;
  /// Bounds of the retransmission time-out that is estimated from round trips (RFC 6298).
  base::Duration min_timeout = std::chrono::milliseconds(500);
  base::Duration max_timeout = std::chrono::seconds(8);
  /// Longest pause between two attempts while the server does not answer.
  base::Duration max_pause = std::chrono::seconds(20);
};

class BlockDownload {
 public:
  /// `reorder_buffer` holds one block that came early; empty is fine with one outstanding request.
  BlockDownload(CoapExchanges& exchanges, base::MutableBytes reorder_buffer)
      : exchanges_(exchanges), buffer_(reorder_buffer) {}

  /// What the blocks must agree with; what is not known yet is taken from the first block.
  struct Expected {
    std::optional<std::uint32_t> size;
    base::Bytes etag;
  };

  /// Starts. The views in `request` must outlive the download; its block2 is ignored.
  void begin(base::Instant now, const CoapRequest& request, const DownloadSettings& settings,
             const Expected& expected = {});
  /// The same file and settings again after stop() or an end, from `received` on, a multiple of 16
  /// of the bytes that were handed over. The views in `request` must outlive the download.
  void resume(base::Instant now, const CoapRequest& request, std::uint32_t received);
  /// Cancels what is outstanding; idle from then on.
  void stop();

  /// Takes an outcome of the exchange layer; false when it belongs to somebody else. Afterwards
  /// next_data() is to be called until it returns nothing, before the datagram goes away.
  bool handle(base::Instant now, const CoapOutcome& outcome);
  std::optional<base::Bytes> next_data();
  /// Starts the requests that are due.
  void advance(base::Instant now);
  base::Instant next_deadline() const;

  DownloadStatus status() const { return status_; }
  /// Bytes handed over so far.
  std::uint32_t received() const { return received_; }
  std::optional<std::uint32_t> size() const { return size_; }
  base::Bytes etag() const { return base::Bytes(etag_.data(), etag_.size()); }
  base::Instant last_progress() const { return last_progress_; }
  wire::coap::Code response_code() const { return response_code_; }
  /// Size of the blocks asked for at the moment.
  std::size_t block_size() const { return std::size_t{16} << size_exponent_; }

 private:
  struct Request {
    ExchangeHandle exchange;
    std::uint32_t offset = 0;
    std::uint8_t size_exponent = 0;
    std::uint32_t end() const { return offset + (16u << size_exponent); }
  };

  void handle_response(base::Instant now, const Request& request, const CoapOutcome& outcome);
  void take_block(base::Instant now, const Request& request, const wire::coap::Message& message);
  bool agree_on_etag(const wire::coap::Message& message);
  bool agree_on_size(std::uint32_t size);
  void take_data(base::Instant now, std::uint32_t offset, base::Bytes data);
  void adapt(const CoapOutcome& outcome);
  void shrink_blocks();
  void grow_blocks();
  void back_off(base::Instant now);
  void end(DownloadStatus status);
  void bad_response(base::Instant now);
  std::optional<std::uint32_t> next_gap() const;
  bool start_request(base::Instant now, std::uint32_t offset);

  CoapExchanges& exchanges_;
  base::MutableBytes buffer_;
  CoapRequest request_;
  DownloadSettings settings_;
  DownloadStatus status_ = DownloadStatus::idle;
  wire::coap::Code response_code_ = wire::coap::Code::empty;
  base::FixedVector<Request, 2> requests_;
  std::optional<std::uint32_t> size_;
  base::FixedVector<std::uint8_t, 8> etag_;
  bool etag_known_ = false;

  std::uint32_t received_ = 0;
  base::Bytes in_order_;               // data to hand over now
  std::uint32_t buffered_offset_ = 0;  // the block that came early
  std::uint32_t buffered_length_ = 0;

  std::uint8_t size_exponent_ = 0;
  unsigned answered_exchanges_ = 0;  // in a row
  unsigned silent_exchanges_ = 0;    // time-outs in a row
  unsigned bad_responses_ = 0;       // in a row
  base::Instant paused_until_{};
  base::Instant last_progress_{};
  std::optional<base::Duration> smoothed_round_trip_;
  base::Duration round_trip_variation_{0};
  base::Duration timeout_{0};
};

}  // namespace goldcrest::net
