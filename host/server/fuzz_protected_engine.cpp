// SPDX-License-Identifier: MIT
// The server behind OSCORE fed with datagrams: hostile ones, requests of a device that has a
// context, sealed correctly, with repetitions and replays from elsewhere, over time and restarts.
// Every answer is well-formed CoAP, no request is done twice, and no sequence number of the server
// comes twice.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include "core/oscore/client_session.hpp"
#include "host/server/log.hpp"
#include "host/server/protected_engine.hpp"

using namespace goldcrest;
namespace coap = wire::coap;

namespace {

using Datagram = std::vector<std::uint8_t>;

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
    for (auto& byte : out) byte = ++next_;
  }

 private:
  std::uint8_t next_ = 0;
};

// Counts what was done for the device: its requests but for challenges.
class Served final : public server::RequestLog {
 public:
  void request(const server::RequestRecord& record) override {
    (void)server::to_text(record);
    if (!record.context.empty() && !record.reason.starts_with("challenged")) ++count;
  }
  std::size_t count = 0;
};

oscore::SharedContext shared_context() {
  oscore::SharedContext shared;
  shared.name = "node";
  shared.device_id = {1};
  shared.master_secret = Datagram(16, 7);
  return shared;
}

class World {
 public:
  World() { restart(); }

  void restart() {
    sessions_ = server::ContextSessions();
    sessions_.update({shared_});
    sequence_.emplace(memory_, memory_.stored, 4);
    front_.emplace(engine_, sessions_, *sequence_, random_, server::OscorePolicy::optional,
                   &served_);
  }
  void wait(std::uint8_t units) { now_ += std::chrono::seconds(units * 4); }

  // True when it was done for the device.
  bool deliver(const Datagram& datagram, std::uint16_t port) {
    const auto before = served_.count;
    const wire::Endpoint from{wire::Ipv6Address::from_ipv4({10, 0, 0, 1}), port};
    const auto answer = front_->receive(now_, from, datagram);
    if (answer) {
      const auto message = coap::parse(*answer);
      if (!message) std::abort();
      note_sequence(*message);
      Datagram plain(answer->size() + oscore::unprotect_slack_bytes);
      if (const auto read = device_.incoming(*answer, plain); read && !coap::parse(*read)) {
        std::abort();
      }
    }
    return served_.count != before;
  }
  void send(base::Bytes plain) {
    const auto message = coap::parse(plain);
    if (!message || !coap::is_request(message->code)) return;
    Datagram out(plain.size() + oscore::overhead_bytes);
    const auto sealed = device_.outgoing(plain, out);
    if (!sealed) return;
    const Datagram sent(sealed->begin(), sealed->end());
    const bool done = deliver(sent, 5683);
    // Done twice for the same bytes it must not be, by nobody and at no time.
    if (done && !done_.insert(sent).second) std::abort();
    if (sent_.size() < 16) sent_.push_back(sent);
  }
  void replay(std::uint8_t which, std::uint16_t port) {
    if (sent_.empty()) return;
    const auto& datagram = sent_[which % sent_.size()];
    if (deliver(datagram, port) && !done_.insert(datagram).second) std::abort();
  }

 private:
  void note_sequence(const coap::Message& message) {
    const auto option = oscore::read_option(message);
    if (!option || !option->partial_iv) return;
    if (!sequences_.insert(option->partial_iv->sequence()).second) std::abort();
  }

  oscore::SharedContext shared_ = shared_context();
  server::Store store_;
  Served served_;
  server::Engine engine_{store_, {}, &served_};
  server::ContextSessions sessions_;
  Memory memory_;
  Counting random_;
  std::optional<oscore::SenderSequence> sequence_;
  std::optional<server::ProtectedEngine> front_;
  base::Instant now_{};

  oscore::Context context_ = oscore::device_end(shared_);
  Memory device_memory_;
  oscore::SenderSequence device_sequence_{device_memory_, 0, 4};
  oscore::ClientSession device_{context_, device_sequence_};
  std::vector<Datagram> sent_;
  std::set<Datagram> done_;
  std::set<std::uint64_t> sequences_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World world;
  base::ByteReader input(base::Bytes(data, size));
  while (input.remaining() > 0) {
    const auto operation = input.u8();
    const auto argument = input.u8();
    const auto bytes = [&] {
      return input.bytes(std::min<std::size_t>(argument, input.remaining()));
    };
    switch (operation % 8) {
      case 0: {
        const auto datagram = bytes();
        (void)world.deliver({datagram.begin(), datagram.end()}, 5683);
        break;
      }
      case 1:
      case 2:
      case 3:
        world.send(bytes());
        break;
      case 4:
        world.replay(argument, 5683);
        break;
      case 5:
        world.replay(argument, 6000);
        break;
      case 6:
        world.wait(argument);
        break;
      default:
        world.restart();
        break;
    }
  }
  return 0;
}
