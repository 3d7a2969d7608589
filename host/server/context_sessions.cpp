// SPDX-License-Identifier: MIT
#include "host/server/context_sessions.hpp"

#include <algorithm>

namespace goldcrest::server {
namespace {

// RFC 7252 section 4.8.2: how long copies of a message may arrive.
constexpr base::Duration exchange_lifetime = std::chrono::seconds(247);

}  // namespace

std::optional<base::Bytes> ContextSession::earlier_answer(base::Instant now,
                                                          const wire::Endpoint& from,
                                                          base::Bytes datagram) const {
  const auto digest = crypto::Sha256::of(datagram);
  const auto found = std::ranges::find_if(answers_, [&](const Answer& answer) {
    return !answer.bytes.empty() && answer.request == digest && answer.from == from &&
           now - answer.time < exchange_lifetime;
  });
  if (found == answers_.end()) return std::nullopt;
  return found->bytes;
}

void ContextSession::remember_answer(base::Instant now, const wire::Endpoint& from,
                                     base::Bytes datagram, base::Bytes answer) {
  answers_[next_answer_] = {.request = crypto::Sha256::of(datagram),
                            .from = from,
                            .time = now,
                            .bytes = {answer.begin(), answer.end()}};
  next_answer_ = (next_answer_ + 1) % answers_.size();
}

void ContextSessions::update(const std::vector<oscore::SharedContext>& contexts) {
  decltype(sessions_) sessions;
  decltype(devices_) devices;
  for (const auto& shared : contexts) {
    const Key key(shared.device_id, shared.id_context);
    auto known = sessions_.extract(key);
    if (known && known.mapped().shared() == shared) {
      sessions.insert(std::move(known));
    } else {
      sessions.emplace(key, shared);
    }
    if (shared.device) devices.emplace(*shared.device, shared.name);
  }
  sessions_ = std::move(sessions);
  devices_ = std::move(devices);
}

ContextSession* ContextSessions::find(base::Bytes kid, std::optional<base::Bytes> kid_context) {
  Key key{{kid.begin(), kid.end()}, std::nullopt};
  if (kid_context) key.second.emplace(kid_context->begin(), kid_context->end());
  const auto found = sessions_.find(key);
  return found == sessions_.end() ? nullptr : &found->second;
}

}  // namespace goldcrest::server
