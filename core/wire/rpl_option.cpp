// SPDX-License-Identifier: MIT
#include "core/wire/rpl_option.hpp"

#include "core/base/ensure.hpp"

namespace goldcrest::wire {
namespace {

constexpr std::uint8_t down_bit = 0x80;
constexpr std::uint8_t rank_error_bit = 0x40;
constexpr std::uint8_t forwarding_error_bit = 0x20;
constexpr std::size_t data_size = 4;

std::uint8_t flags_of(const RplOption& option) {
  return static_cast<std::uint8_t>((option.down ? down_bit : 0) |
                                   (option.rank_error ? rank_error_bit : 0) |
                                   (option.forwarding_error ? forwarding_error_bit : 0));
}

}  // namespace

RplOption RplOption::from_data(std::uint8_t type, base::Bytes data) {
  base::ensure(data.size() >= data_size);
  return {.down = (data[0] & down_bit) != 0,
          .rank_error = (data[0] & rank_error_bit) != 0,
          .forwarding_error = (data[0] & forwarding_error_bit) != 0,
          .instance = data[1],
          .sender_rank = base::load_be16(data.data() + 2),
          .type = type};
}

void RplOption::emit(base::ByteWriter& writer) const {
  writer.u8(type);
  writer.u8(data_size);
  writer.u8(flags_of(*this));
  writer.u8(instance);
  writer.be16(sender_rank);
}

void RplOption::store(base::MutableBytes option) const {
  base::ensure(option.size() >= size);
  option[2] = flags_of(*this);
  option[3] = instance;
  base::store_be16(option.data() + 4, sender_rank);
}

}  // namespace goldcrest::wire
