// SPDX-License-Identifier: MIT
// The server fed datagrams of several peers in any order: two devices with security contexts, who
// ask and fetch as their input says, and a stranger who sends what he likes, also changed copies of
// what the devices have sent, from wherever he likes. The server restarts in between, and time
// passes. Every answer is a well-formed message of bounded size; under a context only what its
// device has sealed is served, and that once; and what the stranger does to the plain engine leaves
// no trace in what others get.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <vector>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"
#include "core/oscore/client_session.hpp"
#include "host/server/protected_engine.hpp"

using namespace goldcrest;

namespace {

namespace coap = wire::coap;
using Buffer = std::vector<std::uint8_t>;

const server::Store& store() {
  static const server::Store filled = [] {
    server::Store made;
    const auto file =
        image::testing::make_image({.version = {1, 1, 31}, .image_size = 3000}).file();
    const auto name =
        fmt::format("OTA-STM32L1-SPIRIT1_1_1_31_APP_0x{:08X}.fmu", crypto::Crc32::of(file));
    if (!made.add(name, file)) std::abort();
    return made;
  }();
  return filled;
}

oscore::SharedContext shared_context(std::uint8_t id) {
  oscore::SharedContext shared;
  shared.name = fmt::format("node-{}", id);
  shared.device = wire::Eui64{{2, 0, 0, 0, 0, 0, 0, id}};
  shared.device_id = {id};
  shared.master_secret = Buffer(16, static_cast<std::uint8_t>(0x50 + id));
  return shared;
}

class Memory final : public oscore::SequenceStore {
 public:
  bool reserve(std::uint64_t end) override {
    stored = end;
    return true;
  }
  std::uint64_t stored = 0;
};

class Counting final : public server::SecretRandom {
 public:
  void fill(base::MutableBytes out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(next_ = next_ * 29 + 7);
  }

 private:
  std::uint8_t next_ = 0;
};

struct Device {
  explicit Device(std::uint8_t number)
      : id(number), shared(shared_context(number)), context(oscore::device_end(shared)) {}

  std::uint8_t id;
  oscore::SharedContext shared;
  oscore::Context context;
  Memory memory;
  oscore::SenderSequence sequence{memory, 0, 16};
  oscore::ClientSession session{context, sequence};
  std::vector<Buffer> sent;
};

class Bench final : public server::RequestLog {
 public:
  explicit Bench(base::Bytes input) : input_(input) { restart(); }

  void run() {
    while (input_.ok() && input_.remaining() > 0) act();
  }

  // Served under a context: sealed by its device, and never before, not even before a restart.
  void request(const server::RequestRecord& record) override {
    if (record.context.empty() || !record.reason.empty()) return;
    for (auto& device : devices_) {
      if (device.shared.name != record.context) continue;
      const auto sealed = std::ranges::find(device.sent, current_);
      if (sealed == device.sent.end()) std::abort();
      if (!served_.insert(current_).second) std::abort();
      return;
    }
    std::abort();
  }

 private:
  void act() {
    const auto action = input_.u8();
    auto& device = devices_[(action & 0x80) != 0 ? 1 : 0];
    switch (action % 8) {
      case 0:
        return stranger(raw());
      case 1:
        return stranger(request());
      case 2:
        return stranger(changed(device));
      case 3:
        return repeat(device);
      case 4:
        now_ += base::Duration(std::int64_t{input_.u8()} * 2'000'000);
        return;
      case 5:
        if (input_.u8() % 8 == 0) restart();
        return;
      default:
        return conversation(device);
    }
  }

  void restart() {
    sessions_ = server::ContextSessions();
    sessions_.update({devices_[0].shared, devices_[1].shared});
    sequence_ = std::make_unique<oscore::SenderSequence>(memory_, memory_.stored, 16);
    protected_ = std::make_unique<server::ProtectedEngine>(plain_, sessions_, *sequence_, random_,
                                                           server::OscorePolicy::optional, this);
  }

  Buffer raw() {
    const auto bytes = input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining()));
    return {bytes.begin(), bytes.end()};
  }

  Buffer request() {
    static constexpr std::array<std::string_view, 4> paths{"updates", "versions",
                                                           ".well-known/core", "none"};
    static const std::string file = store().updates().begin()->second.path;
    const auto what = input_.u8();
    Buffer buffer(600);
    ++message_id_;
    const std::array token{static_cast<std::uint8_t>(message_id_)};
    coap::MessageWriter writer(
        buffer, what % 2 != 0 ? coap::Type::confirmable : coap::Type::non_confirmable,
        (what & 0x10) != 0 ? coap::Code::fetch : coap::Code::get, message_id_, coap::Token(token));
    writer.path((what & 0x20) != 0 ? std::string_view(file) : paths[what / 2 % paths.size()]);
    if ((what & 0x40) != 0) writer.option_uint(coap::option::block2, input_.le16());
    if ((what & 0x80) != 0) writer.payload(raw());
    const auto written = writer.finish();
    if (!written) return {};
    return {written->begin(), written->end()};
  }

  void conversation(Device& device) {
    const auto plain = request();
    Buffer out(plain.size() + 200);
    const auto sealed = device.session.outgoing(plain, out);
    if (!sealed) return;
    device.sent.emplace_back(sealed->begin(), sealed->end());
    if (const auto answer =
            send({{}, static_cast<std::uint16_t>(5683 + device.id)}, device.sent.back())) {
      Buffer in(1600);
      (void)device.session.incoming(*answer, in);
    }
  }

  void repeat(Device& device) {
    if (device.sent.empty()) return;
    const auto copy = device.sent[input_.u8() % device.sent.size()];
    (void)send({{}, static_cast<std::uint16_t>(input_.u8())}, copy);
  }

  Buffer changed(Device& device) {
    if (device.sent.empty()) return {};
    auto copy = device.sent[input_.u8() % device.sent.size()];
    for (auto changes = input_.u8() % 4u; changes > 0; --changes) {
      copy[input_.u8() % copy.size()] ^= input_.u8();
    }
    return copy;
  }

  void stranger(const Buffer& datagram) {
    const wire::Endpoint from{wire::Ipv6Address::from_ipv4({10, 0, 0, 1}), input_.le16()};
    const auto answer = send(from, datagram);
    const auto message = coap::parse(datagram);
    if (!answer || !message || message->options.count(oscore::oscore_option) > 0) return;
    if (coap::parse(*answer)->code == coap::Code::unauthorized) return;  // for a device of ours
    // The same to an engine that has never heard of anybody.
    server::Engine fresh(store(), {});
    const auto expected = fresh.receive(now_, from, datagram);
    if (!expected || !std::ranges::equal(*answer, *expected)) std::abort();
  }

  std::optional<Buffer> send(const wire::Endpoint& from, const Buffer& datagram) {
    current_ = datagram;
    const auto answer = protected_->receive(now_, from, datagram);
    if (!answer) return std::nullopt;
    if (!coap::parse(*answer) || answer->size() > 1280 + oscore::overhead_bytes) std::abort();
    return Buffer(answer->begin(), answer->end());
  }

  base::ByteReader input_;
  std::array<Device, 2> devices_{Device(1), Device(2)};
  server::Engine plain_{store(), {}, this};
  server::ContextSessions sessions_;
  Memory memory_;
  Counting random_;
  std::unique_ptr<oscore::SenderSequence> sequence_;
  std::unique_ptr<server::ProtectedEngine> protected_;
  base::Instant now_{};
  std::uint16_t message_id_ = 0;
  Buffer current_;
  std::set<Buffer> served_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bench(base::Bytes(data, std::min<std::size_t>(size, 1024))).run();
  return 0;
}
