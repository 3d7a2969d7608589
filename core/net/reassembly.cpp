// SPDX-License-Identifier: MIT
#include "core/net/reassembly.hpp"

#include <algorithm>

namespace goldcrest::net {
namespace {

constexpr std::size_t unit = 8;

std::size_t units_of(std::size_t bytes) {
  return (bytes + unit - 1) / unit;
}

bool present(const Reassembly& buffer, std::size_t index) {
  return (buffer.units[index / 8] >> (index % 8) & 1) != 0;
}

}  // namespace

std::optional<base::MutableBytes> Reassembler::receive(base::Instant now,
                                                       const Fragment& fragment) {
  const std::size_t end = fragment.offset + fragment.data.size();
  const bool sane = !fragment.data.empty() && fragment.offset % unit == 0 &&
                    fragment.datagram_size <= limits::datagram_bytes &&
                    end <= fragment.datagram_size &&
                    (end == fragment.datagram_size || fragment.data.size() % unit == 0);
  if (!sane) {
    ++statistics_.fragments_rejected;
    return std::nullopt;
  }
  if (completed_lately(now, fragment)) return std::nullopt;
  auto* buffer = find(fragment);
  if (buffer == nullptr) {
    buffer = make_room(now, fragment);
    if (buffer == nullptr) {
      ++statistics_.fragments_rejected;
      return std::nullopt;
    }
    begin(now, *buffer, fragment);
  }

  const std::size_t first = fragment.offset / unit;
  const std::size_t last = first + units_of(fragment.data.size());
  std::size_t here = 0;
  for (std::size_t index = first; index < last; ++index) here += present(*buffer, index);
  if (here == last - first &&
      std::ranges::equal(fragment.data,
                         std::span(buffer->bytes).subspan(fragment.offset, fragment.data.size()))) {
    return std::nullopt;
  }
  if (here > 0) {
    ++statistics_.fragments_rejected;
    begin(now, *buffer, fragment);
  }
  std::ranges::copy(fragment.data, buffer->bytes.begin() + fragment.offset);
  for (std::size_t index = first; index < last; ++index) {
    buffer->units[index / 8] =
        static_cast<std::uint8_t>(buffer->units[index / 8] | 1 << (index % 8));
  }
  buffer->progress = now;
  buffer->missing_units = static_cast<std::uint16_t>(buffer->missing_units - (last - first));
  if (buffer->missing_units > 0) return std::nullopt;

  buffer->used = false;
  completed_[next_completed_] = {.source = fragment.source,
                                 .tag = fragment.tag,
                                 .size = fragment.datagram_size,
                                 .when = now,
                                 .used = true};
  next_completed_ = (next_completed_ + 1) % completed_.size();
  return base::MutableBytes(buffer->bytes).first(buffer->size);
}

bool Reassembler::completed_lately(base::Instant now, const Fragment& fragment) const {
  return std::ranges::any_of(completed_, [&](const Completed& entry) {
    return entry.used && entry.source == fragment.source && entry.tag == fragment.tag &&
           entry.size == fragment.datagram_size && now - entry.when < timeout;
  });
}

Reassembly* Reassembler::find(const Fragment& fragment) {
  const auto found = std::ranges::find_if(buffers_, [&](const Reassembly& buffer) {
    return buffer.used && buffer.source == fragment.source && buffer.tag == fragment.tag &&
           buffer.size == fragment.datagram_size;
  });
  return found == buffers_.end() ? nullptr : &*found;
}

Reassembly* Reassembler::make_room(base::Instant now, const Fragment& fragment) {
  const std::size_t share = buffers_.size() > 2 ? 2 : 1;
  const auto limit = buffers_.size() >= many ? patience_with_many : patience;
  std::size_t held = 0;
  Reassembly* own_oldest = nullptr;
  Reassembly* free_buffer = nullptr;
  Reassembly* victim = nullptr;
  for (auto& buffer : buffers_) {
    if (!buffer.used) {
      free_buffer = &buffer;
      continue;
    }
    if (buffer.source == fragment.source) {
      ++held;
      if (own_oldest == nullptr || buffer.begun < own_oldest->begun) own_oldest = &buffer;
    }
    const bool stalled = now - buffer.progress > limit;
    const bool yields =
        buffer.known_sender ? stalled && fragment.known_sender : stalled || fragment.known_sender;
    if (yields && (victim == nullptr || buffer.progress < victim->progress)) victim = &buffer;
  }
  if (held >= share) return own_oldest;
  return free_buffer != nullptr ? free_buffer : victim;
}

void Reassembler::begin(base::Instant now, Reassembly& buffer, const Fragment& fragment) {
  buffer.units.fill(0);
  buffer.source = fragment.source;
  buffer.begun = now;
  buffer.progress = now;
  buffer.tag = fragment.tag;
  buffer.size = fragment.datagram_size;
  buffer.missing_units = static_cast<std::uint16_t>(units_of(fragment.datagram_size));
  buffer.known_sender = fragment.known_sender;
  buffer.used = true;
}

void Reassembler::advance(base::Instant now) {
  for (auto& buffer : buffers_) {
    if (buffer.used && now >= buffer.begun + timeout) {
      buffer.used = false;
      ++statistics_.reassembly_timeouts;
    }
  }
}

base::Instant Reassembler::next_deadline() const {
  auto deadline = base::never;
  for (const auto& buffer : buffers_) {
    if (buffer.used) deadline = std::min(deadline, buffer.begun + timeout);
  }
  return deadline;
}

std::size_t Reassembler::active() const {
  return static_cast<std::size_t>(std::ranges::count_if(buffers_, &Reassembly::used));
}

}  // namespace goldcrest::net
