// SPDX-License-Identifier: MIT
// The update server without sockets: a datagram in, at most one out.
// docs/formats/update-protocol.md.
//
// Invariant: nothing about clients is kept. The answer is a function of the request and of the
// store, so that duplicates are answered alike and any replica can serve any block. With an
// AddressGuard there is one exception: where a large answer would go to an address that may be
// forged, and its network's budget is used up, it is withheld; but never what field devices ask
// for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/wire/address.hpp"
#include "core/wire/coap.hpp"
#include "core/wire/update_protocol.hpp"
#include "host/server/address_guard.hpp"
#include "host/server/store.hpp"

namespace goldcrest::server {

/// What happened to one request. The views are valid during RequestLog::request().
struct RequestRecord {
  base::Instant time;
  wire::Endpoint from;
  const wire::coap::Message& request;
  /// Of the answer; empty when it was a reset, or nothing.
  std::optional<wire::coap::Code> response;
  /// There is no answer, as its size is more than the sender's address is trusted with.
  bool withheld = false;
  /// What the device said, by protocol.
  std::optional<wire::ClassicRequest> classic;
  std::optional<wire::Ask> ask;
  /// Name of the OSCORE context the request came under; empty when it was not protected.
  std::string_view context;
  /// The file the answer names or is taken from; nullptr when none.
  const Update* update = nullptr;
  /// The bytes of it that were sent.
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  /// Why there was nothing better to say; empty when all was well.
  std::string_view reason;
};

class RequestLog {
 public:
  virtual void request(const RequestRecord& record) = 0;

 protected:
  ~RequestLog() = default;
};

struct EngineSettings {
  /// Told with every answer to an ask; 0 leaves it to the device.
  std::uint32_t retry_after_s = 3600;
  /// Largest block; clients may ask for smaller ones.
  std::uint8_t max_size_exponent = wire::coap::max_size_exponent;
};

/// Longest payload a request may have: 4.13 above.
inline constexpr std::size_t request_payload_limit = 1024;
/// Longest payload that answers a classic request in any case: the field devices' block. 4.2 times
/// the request of such a device, with its name of 19 characters; 5.6 times at the very most.
inline constexpr std::size_t free_classic_bytes = 256;

class Engine {
 public:
  /// All references must outlive the engine; `log` may be nullptr. Without a guard, answers of any
  /// size go anywhere.
  Engine(const Store& store, const EngineSettings& settings, RequestLog* log = nullptr,
         AddressGuard* guard = nullptr)
      : store_(store), settings_(settings), log_(log), guard_(guard) {}

  /// The answer, valid until the next call; nothing when the datagram deserves none. `context`: the
  /// OSCORE context that the request came under, for the log; who has one is no forger.
  std::optional<base::Bytes> receive(base::Instant now, const wire::Endpoint& from,
                                     base::Bytes datagram, std::string_view context = {});

 private:
  /// An answer before it is written: options in ascending order of number.
  struct Response {
    bool reset = false;
    wire::coap::Code code = wire::coap::Code::content;
    base::Bytes etag;
    std::optional<std::uint16_t> content_format;
    std::optional<wire::coap::Block> block2;
    std::optional<wire::coap::Block> block1;
    std::optional<std::uint32_t> size2;
    std::optional<std::uint32_t> size1;
    base::Bytes echo;
    base::Bytes payload;
  };
  using Message = wire::coap::Message;

  Response handle(const Message& request, RequestRecord& record);
  Response dispatch(const Message& request, RequestRecord& record);
  Response handle_ask(const Message& request, RequestRecord& record);
  Response handle_classic(const Message& request, const wire::ClassicRequest& classic,
                          RequestRecord& record);
  Response handle_file(const Message& request, const Update& update, RequestRecord& record);
  Response handle_links(const Message& request, bool with_discovery, RequestRecord& record);
  Response handle_unknown(const Message& request, RequestRecord& record);
  Response method_not_allowed(RequestRecord& record, std::string_view allowed);
  Response blocks(const Message& request, base::Bytes representation, base::Bytes etag,
                  std::optional<std::uint16_t> content_format, RequestRecord& record);
  Response error(wire::coap::Code code, std::string_view diagnostic, RequestRecord& record);
  Response reset(std::string_view reason, RequestRecord& record);
  std::optional<Response> check_options(const Message& request, RequestRecord& record);
  std::optional<Response> check_payload(const Message& request, RequestRecord& record);
  std::optional<base::Bytes> write(const Message& request, const Response& response);
  static bool goes_to_anyone(const RequestRecord& record, const Response& response);
  std::optional<base::Bytes> challenge(const Message& request, RequestRecord& record);

  const Store& store_;
  EngineSettings settings_;
  RequestLog* log_;
  AddressGuard* guard_;
  AddressGuard::Echo echo_{};
  std::array<std::uint8_t, 4> empty_{};
  std::array<std::uint8_t, wire::answer_bytes> answer_{};
  std::array<std::uint8_t, 1280> message_{};
  std::array<std::uint8_t, 4> etag_{};
  std::string text_;
};

}  // namespace goldcrest::server
