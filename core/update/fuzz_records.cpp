// SPDX-License-Identifier: MIT
// A life of the DATA section as the input has it: values are written and removed, the power fails
// inside flash operations, the device starts anew, and, unless the first byte is even, somebody
// changes bytes of the flash or all of it. As long as nobody does, each key has the value written
// last, or, for what the power cut, the one before. Whatever the flash holds it can be opened, and
// what is written then is read back.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/base/ensure.hpp"
#include "core/update/records.hpp"
#include "core/update/settings.hpp"
#include "sim/flash/flash.hpp"

using namespace goldcrest;

namespace {

using Value = std::vector<std::uint8_t>;

class Life {
 public:
  Life(base::Bytes input, bool damaging) : input_(input), damaging_(damaging) {
    flash_.load(image::data_section.base, Value(image::data_section.size));
  }

  void run() {
    for (int starts = 0; input_.remaining() > 0 && starts < 16; ++starts) start();
    flash_.disarm();
    update::Records records(flash_);
    base::ensure(records.open().has_value());
    check(records);
    (void)update::load_settings(records);
    (void)update::load_rejected_digests(records);
    const Value last{1, 2, 3, 4, 5};
    if (!records.write(update::RecordKey::update_result, last)) return;  // full
    update::Records again(flash_);
    base::ensure(again.open() && read(again, 3) == last);
  }

 private:
  /// From one start of the device to a power cut, a reset or the end of the input.
  void start() {
    try {
      update::Records records(flash_);
      base::ensure(records.open().has_value());
      check(records);
      while (input_.remaining() > 0 && step(records)) {
      }
    } catch (const sim::PowerCut&) {
    }
    flash_.disarm();
  }

  bool step(update::Records& records) {
    const auto how = input_.u8();
    switch (how % 8) {
      case 0:
        return false;
      case 1:
        flash_.reset_operations();
        flash_.cut_at(how / 8, how < 128 ? sim::CutPoint::inside : sim::CutPoint::after, how);
        return true;
      case 2:
        if (!damaging_) return true;
        damage();
        return false;
      default:
        write(records, 1 + input_.u8() % update::record_keys, how);
        return true;
    }
  }

  void write(update::Records& records, unsigned number, std::uint8_t how) {
    const auto key = static_cast<update::RecordKey>(number);
    const Value value(how % 8 == 3 ? 0 : how % 8 == 4 ? 2u * input_.u8() : input_.u8() % 16u, how);
    possible_[number] = {stored_[number], value};
    if (const auto done = records.write(key, value)) {
      stored_[number] = value;
    } else {
      base::ensure(done.error() == update::RecordError::no_room);
    }
    possible_.erase(number);
  }

  void damage() {
    const auto place = input_.be16() % image::data_section.size;
    if (input_.u8() % 8 == 0) {
      Value section(image::data_section.size);
      std::ranges::copy(input_.bytes(std::min(input_.remaining(), section.size())),
                        section.begin());
      flash_.load(image::data_section.base, section);
    } else {
      const image::Section word{image::data_section.base + place / 4 * 4, 4};
      const auto before = flash_.memory(word);
      Value after(before.begin(), before.end());
      after[place % 4] ^= input_.u8();
      flash_.load(word.base, after);
    }
    damaged_ = true;
  }

  static Value read(update::Records& records, unsigned number) {
    std::array<std::uint8_t, limits::record_bytes> buffer;
    const auto value = records.read(static_cast<update::RecordKey>(number), buffer);
    base::ensure(value.has_value());
    return *value ? Value((*value)->begin(), (*value)->end()) : Value();
  }

  void check(update::Records& records) {
    for (unsigned number = 1; number <= update::record_keys; ++number) {
      const auto value = read(records, number);
      const auto cut = possible_.find(number);
      const bool expected =
          cut == possible_.end() ? value == stored_[number] : cut->second.contains(value);
      base::ensure(expected || damaged_);
      stored_[number] = value;
    }
    possible_.clear();
  }

  base::ByteReader input_;
  bool damaging_;
  bool damaged_ = false;
  sim::SimulatedFlash flash_;
  std::map<unsigned, Value> stored_;              ///< an empty value is none
  std::map<unsigned, std::set<Value>> possible_;  ///< of a write that the power cut
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Life({data + 1, std::min<std::size_t>(size - 1, 512)}, data[0] % 2 == 1).run();
  return 0;
}
