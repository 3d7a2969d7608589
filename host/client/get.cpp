// SPDX-License-Identifier: MIT
#include "host/client/get.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "core/net/blockwise.hpp"
#include "core/net/coap_exchange.hpp"
#include "host/client/protection.hpp"
#include "host/client/uri.hpp"
#include "host/packer/files.hpp"
#include "host/system/progress.hpp"
#include "host/system/run.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::client {

namespace coap = wire::coap;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Failure = std::unexpected<std::string>;

constexpr std::size_t payload_limit = limits::coap_request_bytes;

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32u) | device();
}

// A diagnostic payload is text of a stranger: printable ASCII only, and not much of it.
std::string printable(std::string_view text) {
  std::string result(text.substr(0, 200));
  std::ranges::replace_if(
      result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

class Fetch {
 public:
  /// `protection` may be nullptr.
  Fetch(const GetOptions& options, const wire::Endpoint& server, system::UdpSocket socket,
        Protection* protection)
      : options_(options),
        protection_(protection),
        server_(server),
        socket_(std::move(socket)),
        random_(random_seed()),
        exchanges_(random_, server),
        download_(exchanges_, {}),
        progress_("fetching",
                  options.quiet ? system::ProgressStyle::none : system::ProgressStyle::automatic) {}

  std::expected<Bytes, std::string> run(const net::CoapRequest& request) {
    net::DownloadSettings settings;
    settings.max_size_exponent = coap::size_exponent_for(options_.block_size);
    download_.begin(system::monotonic_now(), request, settings);
    const auto patience = std::chrono::seconds(options_.timeout_s);
    while (download_.status() == net::DownloadStatus::running) {
      if (system::stop_requested()) return Failure("interrupted");
      const auto now = system::monotonic_now();
      const auto give_up = download_.last_progress() + patience;
      if (give_up <= now) return Failure(silence());
      if (protection_ != nullptr && !protection_->problem().empty()) {
        return Failure(protection_->problem());
      }
      advance(now);
      wait(std::min(give_up, std::min(exchanges_.next_deadline(), download_.next_deadline())));
    }
    progress_.finish();
    if (download_.status() != net::DownloadStatus::complete) return Failure(what_ended_it());
    return std::move(data_);
  }

 private:
  void advance(base::Instant now) {
    while (const auto outcome = exchanges_.advance(now)) take(now, *outcome);
    download_.advance(now);
    while (const auto transmission = exchanges_.next_transmission(now)) {
      const auto sent = protection_ != nullptr ? protection_->outgoing(transmission->message)
                                               : std::optional(transmission->message);
      if (sent) (void)socket_.send(transmission->destination, *sent);
    }
  }

  void wait(base::Instant deadline) {
    pollfd waiting{socket_.descriptor(), POLLIN, 0};
    (void)::poll(&waiting, 1, system::poll_timeout_ms(system::monotonic_now(), deadline));
    while (const auto received = socket_.receive(buffer_)) {
      const auto now = system::monotonic_now();
      const auto datagram = protection_ != nullptr ? protection_->incoming(received->payload)
                                                   : std::optional(received->payload);
      if (!datagram) continue;
      if (const auto outcome = exchanges_.receive(now, received->from, *datagram)) {
        take(now, *outcome);
      }
    }
  }

  void take(base::Instant now, const net::CoapOutcome& outcome) {
    if (outcome.kind == net::CoapOutcome::Kind::response) {
      const auto& message = outcome.message;
      answered_ = coap::describe(message.code);
      if (coap::code_class(message.code) != 2) {
        const auto diagnostic = printable(coap::text_of(message.payload));
        problem_ = fmt::format("{}.{:02} {}{}{}", coap::code_class(message.code),
                               coap::code_detail(message.code), coap::describe(message.code),
                               diagnostic.empty() ? "" : ": ", diagnostic);
      }
    }
    (void)download_.handle(now, outcome);
    while (const auto bytes = download_.next_data()) {
      data_.insert(data_.end(), bytes->begin(), bytes->end());
    }
    const auto size = download_.size().value_or(0);
    if (size > 0) progress_.update(data_.size(), size);
  }

  std::string silence() {
    progress_.finish();
    const auto who = system::format(server_);
    if (!problem_.empty()) return fmt::format("{} answers {}", who, problem_);
    if (const auto code =
            protection_ != nullptr ? protection_->unprotected_answer() : std::nullopt) {
      return fmt::format(
          "no protected answer from {} for {} s, only an unprotected {}.{:02} {}, which anyone "
          "could "
          "send; does the server have this security context?",
          who, options_.timeout_s, coap::code_class(*code), coap::code_detail(*code),
          coap::describe(*code));
    }
    return fmt::format("no answer from {} for {} s after {} bytes; is it a CoAP server?", who,
                       options_.timeout_s, data_.size());
  }

  std::string what_ended_it() const {
    const auto who = system::format(server_);
    switch (download_.status()) {
      case net::DownloadStatus::not_found:
      case net::DownloadStatus::rejected:
        return fmt::format("{} answers {}", who, problem_.empty() ? answered_ : problem_);
      case net::DownloadStatus::reset:
        return fmt::format("{} answers with a reset: it does not take this request", who);
      case net::DownloadStatus::changed:
        return "the resource changed while it was fetched; try again";
      case net::DownloadStatus::request_too_long:
        return fmt::format("the request is longer than {} bytes; shorten URI or payload",
                           limits::coap_request_bytes);
      default:
        return fmt::format("{} sends blocks that break RFC 7959", who);
    }
  }

  const GetOptions& options_;
  Protection* protection_;
  wire::Endpoint server_;
  system::UdpSocket socket_;
  base::SeededRandom random_;
  net::CoapExchanges exchanges_;
  net::BlockDownload download_;
  system::Progress progress_;
  std::array<std::uint8_t, 2048> buffer_{};
  Bytes data_;
  std::string answered_;
  std::string problem_;
};

std::expected<void, std::string> write_output(const std::string& output, base::Bytes data) {
  const bool to_stdout = output.empty() || output == "-";
  const auto written = to_stdout ? packer::write_all(STDOUT_FILENO, data, "the standard output")
                                 : packer::write_file(output, data, packer::public_mode);
  if (!written) return Failure(written.error().text);
  // For the prompt that comes next; what goes into a file or a pipe stays as it is.
  const bool unfinished_line = !data.empty() && data.back() != '\n';
  if (to_stdout && unfinished_line && ::isatty(STDOUT_FILENO) != 0) fmt::print("\n");
  return {};
}

}  // namespace

std::expected<void, std::string> get(const GetOptions& options) {
  const auto uri = parse_coap_uri(options.uri);
  if (!uri) return Failure(uri.error());
  Bytes payload;
  if (!options.payload_file.empty()) {
    auto read = packer::read_file(options.payload_file, payload_limit);
    if (!read) return Failure(read.error().text);
    payload = *std::move(read);
  }
  const auto server = system::parse_endpoint(fmt::format("[{}]:{}", uri->host, uri->port));
  if (!server) return Failure(server.error());
  std::unique_ptr<Protection> protection;
  if (!options.oscore_contexts.empty()) {
    auto opened = Protection::open(options.oscore_contexts, options.oscore_context);
    if (!opened) return Failure(opened.error());
    protection = *std::move(opened);
  }
  auto socket = system::UdpSocket::open({});
  if (!socket) return Failure(socket.error());

  net::CoapRequest request;
  request.method = options.method;
  if (uri->host_is_name) request.host = uri->host;
  request.path = uri->path;
  request.query = uri->query;
  request.content_format = options.content_format;
  request.accept = options.accept;
  request.payload = payload;
  system::catch_stop_signals();
  const auto data = Fetch(options, *server, *std::move(socket), protection.get()).run(request);
  if (!data) return Failure(data.error());
  return write_output(options.output, *data);
}

}  // namespace goldcrest::client
