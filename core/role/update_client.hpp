// SPDX-License-Identifier: MIT
// A device's side of an update (docs/formats/update-protocol.md): asks the server whether there is
// something newer, fetches it block by block, hands the bytes to the installer and tells how it
// goes. Falls back to the classic protocol when the server does not know the current one.
//
// A block is given to the installer in steps, one a call of advance(): programming flash takes
// milliseconds, and meanwhile the link's acknowledgements must go out and frames be taken.
//
// Invariants: at most one session at a time. Nothing but a refused or another file loses what has
// been received: a session goes on from the block it has until there was no progress for
// `give_up_after`, or too little of it, and so does the next session when it finds the same file.
// Whatever a server says, a file is begun at most `downloads` times, with doubling pauses, and once
// more with each `download_interval`: air is scarce and flash wears. No file is remembered as
// refused: who can change a block on the path could have any file refused, and nothing that he can
// choose may keep out the owner's.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/base/version.hpp"
#include "core/net/blockwise.hpp"
#include "core/net/coap_exchange.hpp"
#include "core/net/udp_application.hpp"
#include "core/wire/address.hpp"
#include "core/wire/update_protocol.hpp"

namespace goldcrest::role {

/// Why an update was refused: the code for the server, and words for people.
struct Refusal {
  wire::UpdateResult result = wire::UpdateResult::refused_format;
  std::string_view reason;
};

/// Port: where the bytes of an update go, in order. role::InstallerSink is the real one.
class UpdateSink {
 public:
  /// Forgets what came before; the next byte is the first of a file.
  virtual void begin() = 0;
  /// The file's length as the server declares it, before the first byte; a server need not.
  virtual void expect_size(std::uint32_t size) = 0;
  /// Takes the next bytes, programs flash as it goes. An error ends the update.
  virtual std::expected<void, Refusal> write(base::Bytes bytes) = 0;
  /// All bytes are there: verifies them and makes the image bootable.
  virtual std::expected<void, Refusal> finish() = 0;
  /// Length of the file as its manifest says; 0 until the manifest has been read.
  virtual std::uint32_t total_size() const = 0;
  /// Version of the image; 0.0.0 until the manifest has been read.
  virtual base::Version version() const = 0;

 protected:
  ~UpdateSink() = default;
};

/// Port: what a console prints and an application acts on.
class UpdateEvents {
 public:
  /// A request for the newest version leaves. `classic`: the packed request of the field devices.
  virtual void asked(bool classic) = 0;
  /// The server answered anything at all (what confirms a trial image).
  virtual void server_reached() = 0;
  virtual void nothing_newer(base::Duration ask_again_after) = 0;
  /// The download begins; with the classic protocol, once the manifest has been read.
  virtual void found(base::Version version, std::uint32_t size) = 0;
  virtual void progress(std::uint32_t received, std::uint32_t total) = 0;
  /// The file or the offer was not taken; the running application is untouched.
  virtual void refused(const Refusal& refusal, base::Duration ask_again_after) = 0;
  /// Installed and verified: reboot to run it.
  virtual void complete(base::Version version) = 0;
  virtual void failed(std::string_view reason, base::Duration ask_again_after) = 0;

 protected:
  ~UpdateEvents() = default;
};

struct UpdateClientSettings {
  std::uint16_t local_port = wire::coap::default_port;
  /// From going online to the first ask.
  base::Duration first_ask_after = std::chrono::seconds(5);
  /// Between asks, unless the server names another interval.
  base::Duration poll_interval = std::chrono::hours(1);
  /// The longest that a server may wish for, unless poll_interval is longer itself. Who answers
  /// may be anybody who has heard the question: one forged "nothing newer" silences a device for
  /// no more than a day. Where answers are authenticated, the server may be given more.
  base::Duration longest_wish = std::chrono::hours(24);
  /// After a session that failed for want of answers.
  base::Duration retry_interval = std::chrono::minutes(2);
  /// Without a single new byte.
  base::Duration give_up_after = std::chrono::minutes(30);
  /// How long a session may take at most: `patience`, and `patience_a_byte` more with each byte,
  /// but never more than `patience` from now. That is an average of a third of a byte a second.
  /// Where a router that may send for a hundredth of the time (36 s an hour) spends half of it on
  /// 20 nodes that update at once, each gets 0.8 in blocks of 512 bytes (154 ms), 0.55 in blocks of
  /// 128 (58 ms); and a node that gets less loses nothing but another question.
  base::Duration patience = std::chrono::hours(6);
  base::Duration patience_a_byte = std::chrono::seconds(3);
  /// Files begun before the client waits, and for how long it does for one more. The pauses
  /// between the first ones double: 4, 8, 16, 32, 64 minutes with a retry_interval of 2.
  unsigned downloads = 6;
  base::Duration download_interval = std::chrono::hours(4);
  std::uint8_t max_size_exponent = wire::coap::size_exponent_for(limits::coap_block_bytes);
  /// Asks again at most so often in a session when the file changes under it.
  unsigned max_restarts = 1;
};

class UpdateClient final : public net::UdpApplication {
 public:
  UpdateClient(base::Random& random, UpdateSink& sink, UpdateEvents& events,
               const UpdateClientSettings& settings = {});
  UpdateClient(const UpdateClient&) = delete;
  UpdateClient& operator=(const UpdateClient&) = delete;

  /// What the device is and runs; `ask.product` must outlive the client. block_size, and
  /// last_result once this client has made one, are filled in by the client.
  void set_device(const wire::Ask& ask) { ask_ = ask; }
  /// Where to ask; without one a session fails at once. Ends a running session.
  void set_server(const wire::Endpoint& server);
  /// Online: the node has joined and an ask makes sense. Offline sessions wait.
  void set_online(base::Instant now, bool online);
  /// By a person: asks now, and takes what is offered, however often that has come to nothing.
  /// Ignored while busy.
  void start(base::Instant now);

  bool busy() const { return state_ != State::idle && state_ != State::installed; }
  /// An update is installed and waits for the reboot; nothing is asked any more.
  bool installed() const { return state_ == State::installed; }
  wire::UpdateResult last_result() const { return ask_.last_result; }

  void receive(base::Instant now, const wire::Endpoint& from, base::Bytes payload) override;
  void advance(base::Instant now) override;
  std::optional<net::UdpTransmission> next_transmission(base::Instant now) override;
  base::Instant next_deadline() const override;

 private:
  enum class State : std::uint8_t { idle, asking, downloading, restarting, installed };

  void begin_session(base::Instant now);
  void ask_server(base::Instant now);
  void ask_classic(base::Instant now);
  void handle_ask_outcome(base::Instant now, const net::CoapOutcome& outcome);
  void handle_answer(base::Instant now, base::Bytes payload);
  void begin_download(base::Instant now, const wire::Offer& offer);
  void handle_blocks(base::Instant now, const net::CoapOutcome& outcome);
  void stage(base::Instant now, base::Bytes bytes);
  void write_step(base::Instant now);
  void drop_staged();
  void take_bytes(base::Instant now, base::Bytes bytes);
  void announce();
  void fetch(base::Instant now, const net::CoapRequest& request,
             const net::DownloadSettings& settings,
             const net::BlockDownload::Expected& expected = {});
  void count_downloads(base::Instant now);
  /// From a download that came to nothing to the next question.
  base::Duration pause(base::Instant now);
  void handle_download_end(base::Instant now);
  void finish_download(base::Instant now);
  void restart(base::Instant now);
  void refuse(base::Instant now, const Refusal& refusal);
  void refuse_offer(base::Instant now, const Refusal& refusal);
  void fail(base::Instant now, std::string_view reason);
  void fail_download(base::Instant now, std::string_view reason);
  void nothing_newer(base::Instant now);
  /// Back to idle; says when the next ask is due.
  base::Duration end_session(base::Instant now, base::Duration interval);
  base::Duration poll_interval() const;
  base::Instant give_up_at() const;

  base::Random& random_;
  UpdateSink& sink_;
  UpdateEvents& events_;
  UpdateClientSettings settings_;
  wire::Ask ask_;
  State state_ = State::idle;
  bool online_ = false;
  bool have_server_ = false;
  bool classic_ = false;
  bool announced_ = false;
  unsigned restarts_ = 0;
  unsigned downloads_left_;
  base::Instant download_granted_{};  // the last that came back with time
  base::Instant next_ask_ = base::never;
  base::Instant last_progress_{};  // of the session
  base::Instant patience_ends_{};
  std::uint32_t server_interval_s_ = 0;  // as the last answer wishes; 0: ours

  std::array<std::uint8_t, limits::coap_block_bytes> reorder_buffer_{};
  net::CoapExchanges exchanges_;
  net::BlockDownload download_;
  std::optional<net::ExchangeHandle> ask_exchange_;
  // Received, and not yet given to the sink but for the first staged_written_ bytes.
  base::FixedVector<std::uint8_t, limits::coap_block_bytes> staged_;
  std::size_t staged_written_ = 0;
  // Bytes of the file that the sink has and that a download can go on from.
  std::uint32_t written_ = 0;
  wire::EntityTag offered_tag_;  // of that file; empty with the classic protocol
  std::array<char, wire::offer_path_bytes> path_{};
  std::array<std::uint8_t, wire::classic_request_bytes> classic_payload_{};
};

}  // namespace goldcrest::role
