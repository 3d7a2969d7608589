// SPDX-License-Identifier: MIT
#include "host/server/serve.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <poll.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/packer/key_files.hpp"
#include "host/packer/update_file.hpp"
#include "host/server/batch_socket.hpp"
#include "host/server/directory.hpp"
#include "host/server/log.hpp"
#include "host/server/oscore_front.hpp"
#include "host/system/log_limit.hpp"
#include "host/system/printable.hpp"
#include "host/system/run.hpp"

namespace goldcrest::server {
namespace {

using nlohmann::ordered_json;

constexpr base::Duration scan_interval = std::chrono::seconds(1);
// Requests in the log: a fleet that wakes up at once is written down, a flood is not.
constexpr std::uint32_t log_burst = 10'000;
constexpr std::uint32_t log_lines_per_s = 500;

AddressGuard::Secret random_secret() {
  AddressGuard::Secret secret{};
  base::ensure(RAND_bytes(secret.data(), static_cast<int>(secret.size())) == 1);
  return secret;
}

std::string time_text() {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), (now - seconds).count());
}

// The server's log on stdout, as lines for people or as JSON lines.
class Output final : public RequestLog {
 public:
  explicit Output(bool json) : json_(json) {}

  void event(std::string_view name, const std::string& text, const ordered_json& details) {
    if (!json_) {
      fmt::print("{} {}\n", time_text(), system::printable(text));
      return;
    }
    ordered_json line{{"time", time_text()}, {"event", name}};
    line.update(details);
    fmt::print("{}\n", line.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  }
  void request(const RequestRecord& record) override {
    if (!limit_.allows(record.time)) return;
    if (json_) {
      event("request", {}, to_json(record));
    } else {
      event("request", to_text(record), {});
    }
  }
  /// Tells of requests that were not logged for their number.
  void report_suppressed(base::Instant now) {
    const auto count = limit_.take_suppressed(now);
    if (count == 0) return;
    event("requests_not_logged", fmt::format("{} requests more, too many to log", count),
          {{"requests", count}});
  }
  void flush() { (void)std::fflush(stdout); }

 private:
  bool json_;
  system::LogLimit limit_{log_burst, log_lines_per_s};
};

class Server {
 public:
  Server(const ServeOptions& options, std::vector<packer::PublicKey> keys,
         std::optional<OscoreFiles> oscore, BatchSocket& socket)
      : options_(options),
        output_(options.json),
        store_(std::move(keys)),
        guard_(random_secret()),
        engine_(store_, options.engine, options.quiet ? nullptr : &output_, &guard_),
        directory_(options.folder, store_),
        socket_(socket) {
    if (!oscore) return;
    oscore_.emplace(*std::move(oscore), engine_, options.oscore_policy,
                    options.quiet ? nullptr : &output_);
  }

  std::expected<void, std::string> run() {
    output_.event("serving",
                  fmt::format("serving {} on {}", options_.folder, system::format(socket_.local())),
                  {{"folder", options_.folder}, {"address", system::format(socket_.local())}});
    // The second look right away tells of files that do not hold.
    for (int look = 0; look < 2; ++look) {
      if (auto scanned = scan(); !scanned) return scanned;
    }
    if (oscore_) report_contexts(*oscore_);
    if (store_.updates().empty()) {
      output_.event("empty", fmt::format("no updates in {} yet", options_.folder), {});
    }
    output_.flush();
    loop();
    output_.event("stopped", fmt::format("stopped after {} requests", requests_),
                  {{"requests", requests_}});
    output_.flush();
    return {};
  }

 private:
  void loop() {
    auto next_scan = system::monotonic_now() + scan_interval;
    while (!system::stop_requested()) {
      pollfd waiting{socket_.descriptor(), POLLIN, 0};
      (void)::poll(&waiting, 1, system::poll_timeout_ms(system::monotonic_now(), next_scan));
      const auto now = system::monotonic_now();
      const auto count =
          socket_.serve_waiting([&](const wire::Endpoint& from, base::Bytes datagram) {
            return oscore_ ? oscore_->receive(now, from, datagram)
                           : engine_.receive(now, from, datagram);
          });
      requests_ += count;
      if (next_scan <= now) {
        next_scan = now + scan_interval;
        report_scan();
        if (oscore_) reload_contexts(*oscore_);
        output_.report_suppressed(now);
      }
      output_.flush();
    }
  }

  // A folder that cannot be read any more is told once; what was read before is served on.
  void report_scan() {
    const auto scanned = scan();
    const auto problem = scanned ? std::string() : scanned.error();
    if (!problem.empty() && problem != last_problem_) system::print_error(problem);
    last_problem_ = problem;
  }

  // New devices are known within a second. Contexts that cannot be read leave those before in
  // force.
  void reload_contexts(OscoreFront& front) {
    const auto reloaded = front.reload();
    const auto problem = reloaded ? std::string() : reloaded.error();
    if (!problem.empty() && problem != last_context_problem_) system::print_error(problem);
    last_context_problem_ = problem;
    if (reloaded && *reloaded) report_contexts(front);
  }
  void report_contexts(const OscoreFront& front) {
    output_.event(
        "contexts",
        fmt::format("{} security contexts in {}", front.contexts(), options_.oscore_contexts),
        {{"file", options_.oscore_contexts}, {"contexts", front.contexts()}});
  }

  std::expected<void, std::string> scan() {
    const auto changes = directory_.scan();
    if (!changes) return std::unexpected(changes.error());
    for (const auto& name : changes->removed) {
      output_.event("update_removed", fmt::format("removed {}", name), {{"file", name}});
    }
    for (const auto& name : changes->added) {
      const auto& update = store_.updates().find(name)->second;
      output_.event("update", fmt::format("update {}", to_text(update)), to_json(update));
      warn_of_conflicts(update);
    }
    for (const auto& [name, reason] : changes->refused) {
      output_.event("update_refused", fmt::format("refused {}: {}", name, reason),
                    {{"file", name}, {"reason", reason}});
    }
    return {};
  }

  void warn_of_conflicts(const Update& update) {
    for (const auto& [name, other] : store_.updates()) {
      if (other.product != update.product) continue;
      const auto conflict = packer::policy_conflict(update.manifest, other.manifest);
      if (!conflict) continue;
      output_.event("update_warning", fmt::format("warning: {}", *conflict),
                    {{"file", update.name}, {"other", name}, {"reason", *conflict}});
    }
  }

  const ServeOptions& options_;
  Output output_;
  Store store_;
  AddressGuard guard_;
  Engine engine_;
  UpdateDirectory directory_;
  BatchSocket& socket_;
  std::optional<OscoreFront> oscore_;
  std::string last_problem_;
  std::string last_context_problem_;
  std::uint64_t requests_ = 0;
};

}  // namespace

std::expected<void, std::string> serve(const ServeOptions& options) {
  if (std::error_code error; !std::filesystem::is_directory(options.folder, error)) {
    return std::unexpected(
        fmt::format("there is no folder '{}'; create it, or name the one that holds the .fmu files",
                    options.folder));
  }
  std::vector<packer::PublicKey> keys;
  for (const auto& file : options.public_keys) {
    auto key = packer::read_public_key(file);
    if (!key) return std::unexpected(key.error().text);
    keys.push_back(*std::move(key));
  }
  const auto address = wire::Ipv6Address::parse(options.bind);
  if (!address) {
    return std::unexpected(fmt::format(
        "'{}' is not an address; give one of this machine, or :: for all", options.bind));
  }
  std::optional<OscoreFiles> oscore;
  if (!options.oscore_contexts.empty()) {
    auto files = OscoreFiles::open(options.oscore_contexts);
    if (!files) return std::unexpected(files.error());
    oscore.emplace(*std::move(files));
  }
  auto socket = BatchSocket::open({*address, options.port});
  if (!socket) return std::unexpected(socket.error());
  system::catch_stop_signals();
  // Large buffers inside: not on the stack.
  const auto on_heap = std::make_unique<BatchSocket>(*std::move(socket));
  return std::make_unique<Server>(options, std::move(keys), std::move(oscore), *on_heap)->run();
}

}  // namespace goldcrest::server
