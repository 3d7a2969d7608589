// SPDX-License-Identifier: MIT
#include "host/board/iwdg.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t { kr = 0x00, pr = 0x04, rlr = 0x08, sr = 0x0C };

constexpr std::uint32_t key_start = 0xCCCC;
constexpr std::uint32_t key_reload = 0xAAAA;
constexpr std::uint32_t key_open = 0x5555;
constexpr std::uint32_t reset_flag = 1u << 29;  // RCC_CSR.IWDGRSTF
constexpr Picoseconds settling_time = cycles_to_time(5, Rcc::lsi_hz);

}  // namespace

void Iwdg::reset(bool /*power_on*/) {
  running_ = open_ = false;
  prescaler_ = 0;
  reload_ = 0xFFF;
  prescaler_settled_at_ = reload_settled_at_ = expires_at_ = no_event;
}

std::uint32_t Iwdg::read_register(std::uint32_t offset) {
  switch (offset) {
    case kr:
      return 0;
    case pr:
      return prescaler_;
    case rlr:
      return reload_;
    case sr:
      return (prescaler_settled_at_ != no_event ? 1u : 0u) |
             (reload_settled_at_ != no_event ? 2u : 0u);
    default:
      return unmodelled_read(offset);
  }
}

void Iwdg::write_register(std::uint32_t offset, std::uint32_t value) {
  const Picoseconds settled = chip_.now() + settling_time;
  if (offset == kr) {
    write_key(value & 0xFFFFu);
  } else if (offset == pr && open_) {
    prescaler_ = value & 7u;
    prescaler_settled_at_ = settled;
  } else if (offset == rlr && open_) {
    reload_ = value & 0xFFFu;
    reload_settled_at_ = settled;
  } else if (offset > sr) {
    unmodelled_write(offset, value);
  }
  chip_.reschedule();
}

void Iwdg::write_key(std::uint32_t key) {
  open_ = key == key_open;
  if (key == key_start) start();
  if (key == key_reload && running_) reload();
}

void Iwdg::start() {
  if (running_) return;
  running_ = true;
  rcc_.force_lsi();
  reload();
  chip_.reschedule();
}

// The divider is 4 … 256; codes 6 and 7 both mean 256.
void Iwdg::reload() {
  const std::uint64_t divider = 4u << std::min(prescaler_, 6u);
  expires_at_ = later(chip_.now(), cycles_to_time((reload_ + 1u) * divider, Rcc::lsi_hz));
}

Picoseconds Iwdg::next_event() const {
  return std::min({expires_at_, prescaler_settled_at_, reload_settled_at_});
}

void Iwdg::advance(Picoseconds now) {
  if (prescaler_settled_at_ <= now) prescaler_settled_at_ = no_event;
  if (reload_settled_at_ <= now) reload_settled_at_ = no_event;
  if (expires_at_ <= now) {
    expires_at_ = no_event;
    chip_.request_reset(reset_flag);
  }
}

void Iwdg::serialize(Saver& saver) {
  saver.section(name());
  saver(running_, open_, prescaler_, reload_, prescaler_settled_at_, reload_settled_at_,
        expires_at_);
}

}  // namespace goldcrest::board
