// SPDX-License-Identifier: MIT
#include "host/client/protection.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace goldcrest::client {
namespace {

using Failure = std::unexpected<std::string>;

constexpr std::uint32_t sequence_block = 256;

}  // namespace

Protection::Protection(const oscore::SharedContext& shared, oscore::SequenceFile sequence_file)
    : context_(oscore::device_end(shared)),
      sequence_file_(std::move(sequence_file)),
      sequence_(sequence_file_, sequence_file_.first(), sequence_block),
      session_(context_, sequence_) {}

std::expected<std::unique_ptr<Protection>, std::string> Protection::open(
    const std::filesystem::path& contexts, const std::string& name) {
  const auto read = oscore::read_contexts(contexts);
  if (!read) return Failure(read.error());
  if (name.empty() && read->size() != 1) {
    return Failure(fmt::format("{} has {} contexts; choose one with --oscore-context",
                               contexts.string(), read->size()));
  }
  const auto found =
      name.empty() ? read->begin() : std::ranges::find(*read, name, &oscore::SharedContext::name);
  if (found == read->end()) {
    return Failure(fmt::format("{} has no context named {}", contexts.string(), name));
  }
  auto sequence = oscore::SequenceFile::open_beside(contexts, ".client-sequence");
  if (!sequence) return Failure(sequence.error());
  return std::unique_ptr<Protection>(new Protection(*found, *std::move(sequence)));
}

std::optional<base::Bytes> Protection::outgoing(base::Bytes datagram) {
  const auto sent = session_.outgoing(datagram, buffer_);
  if (sent) return *sent;
  problem_ = sent.error() == oscore::Error::no_sequence_number && !sequence_file_.problem().empty()
                 ? sequence_file_.problem()
                 : fmt::format("the request cannot be sent: {}", oscore::describe(sent.error()));
  return std::nullopt;
}

std::optional<base::Bytes> Protection::incoming(base::Bytes datagram) {
  return session_.incoming(datagram, buffer_);
}

}  // namespace goldcrest::client
