// SPDX-License-Identifier: MIT
// Verifying hostile messages. The first byte chooses: a datagram as it comes, to a server and to a
// client that waits for an answer; or bytes as the plaintext of a message that is sealed correctly,
// so that the fuzzer gets behind the cipher. What is accepted is well-formed CoAP, and survives
// being protected again.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/oscore/client_session.hpp"
#include "core/oscore/message.hpp"

using namespace goldcrest;
namespace coap = wire::coap;

namespace {

using Buffer = std::vector<std::uint8_t>;

oscore::Context derive(bool client) {
  const Buffer secret(16, 7), one{1}, two{2};
  return *oscore::Context::derive({secret, {}, client ? one : two, client ? two : one});
}

class Memory final : public oscore::SequenceStore {
 public:
  bool reserve(std::uint64_t) override { return true; }
};

// Opens in a buffer of any size at all, so that the sanitizer sees a byte too many.
std::optional<Buffer> unprotect(const oscore::Context& server, const coap::Message& message,
                                std::size_t room) {
  const auto option = oscore::read_option(message);
  if (!option) return std::nullopt;
  const auto binding = oscore::binding_of(*option);
  if (!binding) return std::nullopt;
  Buffer out(room);
  const auto plain = oscore::unprotect_request(server, *binding, message, out);
  if (!plain) return std::nullopt;
  return Buffer(plain->begin(), plain->end());
}

void protect_again(const oscore::Context& client, const Buffer& plain) {
  const auto message = coap::parse(plain);
  if (!message || !coap::is_request(message->code)) std::abort();
  Buffer out(plain.size() + oscore::overhead_bytes);
  const auto sealed = oscore::protect_request(client, oscore::PartialIv::of(1), *message, {}, out);
  if (!sealed && sealed.error() != oscore::Error::unsupported) std::abort();
}

void take_datagram(base::Bytes datagram, std::size_t room) {
  static const auto client = derive(true);
  static const auto server = derive(false);
  if (const auto message = coap::parse(datagram)) {
    if (const auto plain = unprotect(server, *message, room)) protect_again(client, *plain);
  }
  Memory memory;
  oscore::SenderSequence sequence(memory, 0, 8);
  oscore::ClientSession session(client, sequence);
  const Buffer request{0x41, 0x01, 0x12, 0x34, 0x55, 0xB1, 'a'};
  Buffer out(100), in(room);
  if (!session.outgoing(request, out)) std::abort();
  if (const auto plain = session.incoming(datagram, in)) {
    if (!coap::parse(*plain)) std::abort();
  }
}

// The plaintext as it is, sealed under the client's key.
void take_plaintext(base::Bytes plaintext, std::size_t room) {
  static const auto client = derive(true);
  static const auto server = derive(false);
  Buffer sealed(plaintext.begin(), plaintext.end());
  sealed.resize(sealed.size() + crypto::ccm_tag_size);
  const auto partial_iv = oscore::PartialIv::of(20);
  // The additional data of RFC 8613 section 5.4 for kid 1 and Partial IV 20.
  const Buffer additional{0x83, 0x68, 'E',  'n',  'c',  'r',  'y',  'p',  't',  '0', 0x40,
                          0x49, 0x85, 0x01, 0x81, 0x0A, 0x41, 0x01, 0x41, 0x14, 0x40};
  client.sender_cipher().seal(client.nonce(client.sender_id(), partial_iv), additional, sealed);
  Buffer datagram(sealed.size() + 40);
  coap::MessageWriter writer(datagram, coap::Type::confirmable, coap::Code::post, 7);
  writer.option_text(coap::option::uri_host, "localhost");
  writer.option(oscore::oscore_option, Buffer{0x09, 0x14, 0x01});
  writer.option_text(coap::option::proxy_scheme, "coap");
  writer.payload(sealed);
  const auto written = writer.finish();
  if (!written) std::abort();
  const auto plain = unprotect(server, *coap::parse(*written), room);
  if (plain) protect_again(client, *plain);
  // With room for it, the one thing that can be wrong is the plaintext.
  if (!plain && unprotect(server, *coap::parse(*written), written->size() + 16)) {
    if (room >= written->size() + oscore::unprotect_slack_bytes) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 1500) return 0;
  const std::size_t room = data[1] * 8u;
  const base::Bytes rest(data + 2, size - 2);
  if ((data[0] & 1u) == 0) {
    take_datagram(rest, room);
  } else if (!rest.empty()) {
    take_plaintext(rest, room);
  }
  return 0;
}
