// SPDX-License-Identifier: MIT
// The update client against a server that says anything at any time. The input is a script: time
// passes, datagrams of any kind arrive, and answers that fit the last request in message id and
// token, so that the deeper layers are reached. Whatever happens, bytes reach the sink only between
// begin() and an end, files are begun no more often than time and people allow, deadlines move on,
// and a session ends in bounded time.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/base/random.hpp"
#include "core/role/update_client.hpp"

using namespace goldcrest;

namespace {

const wire::Endpoint server{wire::Ipv6Address::from_ipv4({10, 0, 0, 1}), 5683};

class CheckingSink final : public role::UpdateSink {
 public:
  void begin() override {
    open_ = true;
    received_ = 0;
    ++begun_;
  }
  void expect_size(std::uint32_t) override {
    if (!open_ || received_ != 0) std::abort();
  }
  std::expected<void, role::Refusal> write(base::Bytes bytes) override {
    if (!open_ || bytes.empty()) std::abort();
    received_ += static_cast<std::uint32_t>(bytes.size());
    if (bytes.front() == 0xEE) {
      open_ = false;
      return std::unexpected(role::Refusal{wire::UpdateResult::refused_signature, "signature"});
    }
    return {};
  }
  std::expected<void, role::Refusal> finish() override {
    if (!open_) std::abort();
    open_ = false;
    if (received_ % 2 != 0) {
      return std::unexpected(role::Refusal{wire::UpdateResult::refused_digest, "digest"});
    }
    return {};
  }
  std::uint32_t total_size() const override { return received_ < 144 ? 0 : 5000; }
  base::Version version() const override { return {9, 9, 9}; }
  std::int64_t begun() const { return begun_; }

 private:
  bool open_ = false;
  std::int64_t begun_ = 0;
  std::uint32_t received_ = 0;
};

class NoEvents final : public role::UpdateEvents {
 public:
  void asked(bool) override {}
  void server_reached() override {}
  void nothing_newer(base::Duration) override {}
  void found(base::Version, std::uint32_t) override {}
  void progress(std::uint32_t, std::uint32_t) override {}
  void refused(const role::Refusal&, base::Duration) override {}
  void complete(base::Version) override {}
  void failed(std::string_view, base::Duration) override {}
};

class Script {
 public:
  explicit Script(base::Bytes bytes) : reader_(bytes) {
    wire::Ask ask;
    ask.product = "P";
    ask.running = {1, 0, 0};
    client_.set_device(ask);
    client_.set_server(server);
    client_.set_online(now_, true);
  }

  void run() {
    while (reader_.ok() && reader_.remaining() > 0) {
      step();
      drain();
    }
    // Left alone, it comes to rest, or waits for its next ask, within an hour.
    const auto end = now_ + std::chrono::hours(1);
    for (int steps = 0; client_.busy() && now_ < end; ++steps) {
      if (steps > 10000) std::abort();
      now_ = std::max(now_, client_.next_deadline());
      drain();
    }
    if (client_.busy()) std::abort();
    // Six files, one more with every four hours, and whatever people have insisted on.
    if (sink_.begun() > 6 + starts_ + (now_ - base::Instant{}) / std::chrono::hours(4)) {
      std::abort();
    }
  }

 private:
  void step() {
    switch (reader_.u8() % 4) {
      case 0:
        now_ += std::chrono::milliseconds(reader_.be16());
        break;
      case 1:
        client_.receive(now_, server, next_bytes());
        break;
      case 2:
        answer();
        break;
      default:
        ++starts_;
        client_.start(now_);
    }
  }

  // An answer to the last request: its type and code, and options and payload as they come.
  void answer() {
    const auto kind = reader_.u8();
    const auto code = reader_.u8();
    const auto rest = next_bytes();
    std::array<std::uint8_t, 700> datagram{};
    base::ByteWriter writer(datagram);
    const auto token_length = kind % 8 == 7 ? 0 : token_.size();
    writer.u8(static_cast<std::uint8_t>(0x40 | ((kind & 3u) << 4u) | token_length));
    writer.u8(code);
    writer.be16(message_id_);
    writer.bytes(base::Bytes(token_).first(token_length));
    writer.bytes(rest);
    if (writer.ok()) client_.receive(now_, server, writer.written());
  }

  base::Bytes next_bytes() {
    const auto wanted = reader_.be16() % 640u;
    return reader_.bytes(std::min<std::size_t>(wanted, reader_.remaining()));
  }

  void drain() {
    client_.advance(now_);
    int sent = 0;
    while (const auto transmission = client_.next_transmission(now_)) {
      if (++sent > 100) std::abort();
      const auto message = wire::coap::parse(transmission->payload);
      if (!message) std::abort();
      if (!wire::coap::is_request(message->code)) continue;
      message_id_ = message->message_id;
      if (message->token.bytes().size() != token_.size()) std::abort();
      std::ranges::copy(message->token.bytes(), token_.begin());
    }
    if (client_.busy() && client_.next_deadline() == base::never) std::abort();
  }

  base::ByteReader reader_;
  base::SeededRandom random_{1};
  CheckingSink sink_;
  NoEvents events_;
  role::UpdateClient client_{random_, sink_, events_};
  base::Instant now_{};
  std::int64_t starts_ = 0;
  std::uint16_t message_id_ = 0;
  std::array<std::uint8_t, 4> token_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(base::Bytes(data, size)).run();
  return 0;
}
