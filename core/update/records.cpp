// SPDX-License-Identifier: MIT
#include "core/update/records.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"
#include "core/crypto/crc32.hpp"

namespace goldcrest::update {
namespace {

using image::Address;
using image::page_size;
using image::word_size;

constexpr std::uint32_t bank_size = 4096;
constexpr std::uint32_t header_copies = 4;  // room for; three are enough
constexpr std::uint32_t header_copy_size = 8;
constexpr std::uint32_t first_record = header_copies * header_copy_size;
constexpr std::uint32_t commit_copies = 3;
constexpr std::uint32_t copies_wanted = 3;
constexpr std::uint32_t prefix_size = 8;  // key and length, sequence
constexpr std::uint32_t length_bits = 10;
constexpr std::uint32_t length_mask = (1u << length_bits) - 1;
static_assert(limits::record_bytes <= length_mask);

constexpr std::uint32_t round_up(std::uint32_t value) {
  return (value + 3) / 4 * 4;
}

constexpr std::uint32_t record_size(std::uint32_t length) {
  return prefix_size + round_up(length) + commit_copies * word_size;
}

// Every bit stands beside its complement, so that no half-written word is taken for another one.
constexpr std::uint32_t key_word(std::uint32_t key, std::uint32_t length) {
  const std::uint32_t value = (key << length_bits) | length;
  return value | (~value << 16);
}

constexpr bool is_key_word(std::uint32_t word) {
  return ((word ^ (word >> 16)) & 0xFFFF) == 0xFFFF;
}

// Zero is what an erased word reads, so it says nothing.
constexpr std::uint32_t nonzero(std::uint32_t crc) {
  return crc != 0 ? crc : 0xFFFFFFFF;
}

std::uint32_t header_check(std::uint32_t generation) {
  std::array<std::uint8_t, 8> bytes{'G', 'D', 'A', 'T'};
  base::store_le32(bytes.data() + 4, generation);
  return nonzero(crypto::Crc32::of(bytes));
}

class WordFlash {
 public:
  explicit WordFlash(image::Flash& flash) : flash_(flash) {}

  std::expected<std::uint32_t, RecordError> read(Address address) {
    std::array<std::uint8_t, word_size> bytes;
    if (!flash_.read(address, bytes)) return std::unexpected(RecordError::flash);
    return base::load_le32(bytes.data());
  }
  /// Writing zero is leaving a word erased.
  bool write(Address address, std::uint32_t value) {
    return value == 0 || flash_.program_word(address, value).has_value();
  }

 private:
  image::Flash& flash_;
};

struct NewRecord {
  std::uint32_t generation;
  std::uint8_t key;
  std::uint32_t sequence;
  base::Bytes value;
};

// Word by word in this order: key and length, sequence, value, commit words. The commit words cover
// all before them and the bank's generation, so that no record outlives its bank.
bool write_record(WordFlash& words, Address at, const NewRecord& record) {
  crypto::Crc32 crc;
  const auto cover = [&](std::uint32_t word) {
    std::array<std::uint8_t, word_size> bytes;
    base::store_le32(bytes.data(), word);
    crc.update(bytes);
  };
  const auto put = [&](std::uint32_t word) {
    cover(word);
    at += word_size;
    return words.write(at - word_size, word);
  };
  const auto length = static_cast<std::uint32_t>(record.value.size());
  cover(record.generation);
  bool ok = put(key_word(record.key, length)) && put(record.sequence);
  for (std::uint32_t i = 0; ok && i < length; i += word_size) {
    std::array<std::uint8_t, word_size> bytes{};
    std::ranges::copy(record.value.subspan(i, std::min(word_size, length - i)), bytes.begin());
    ok = put(base::load_le32(bytes.data()));
  }
  const std::uint32_t commit = nonzero(crc.value());
  for (std::uint32_t copy = 0; ok && copy < commit_copies; ++copy, at += word_size) {
    ok = words.write(at, commit);
  }
  return ok;
}

}  // namespace

std::string_view describe(RecordError error) {
  switch (error) {
    case RecordError::flash:
      return "the DATA section could not be read or written";
    case RecordError::too_long:
      return "the value is too long to be stored";
    case RecordError::no_room:
      return "the DATA section is full";
  }
  return "unknown error";
}

/// A record that has been read and found whole.
struct Records::Record {
  std::uint8_t key;
  std::uint32_t length;
  std::uint32_t sequence;
  std::uint32_t commits;  // commit words that hold
  std::uint32_t commit;   // what they hold
};

Records::Records(image::Flash& flash, const image::Section& section)
    : flash_(flash), section_(section) {
  base::ensure(section.size >= 2 * bank_size);
  base::ensure(section.base % page_size == 0);
}

Address Records::bank(std::uint8_t index) const {
  return section_.base + index * bank_size;
}

std::expected<void, RecordError> Records::open() {
  const auto found = find_bank();
  open_ = found.has_value();
  return found;
}

std::expected<void, RecordError> Records::find_bank() {
  WordFlash words(flash_);
  std::array<std::uint32_t, 2> generations{};
  std::array<bool, 2> erased{true, true};
  for (std::uint8_t index = 0; index < 2; ++index) {
    for (std::uint32_t copy = 0; copy < header_copies; ++copy) {
      const Address at = bank(index) + copy * header_copy_size;
      const auto generation = words.read(at);
      const auto check = words.read(at + word_size);
      if (!generation || !check) return std::unexpected(RecordError::flash);
      erased[index] = erased[index] && *generation == 0 && *check == 0;
      if (*generation != 0 && *check == header_check(*generation)) {
        generations[index] = std::max(generations[index], *generation);
      }
    }
  }
  if (generations[0] == 0 && generations[1] == 0) return start_bank(0, 1, {});
  active_ = generations[1] > generations[0] ? 1 : 0;
  generation_ = generations[active_];
  (void)write_header(bank(active_), generation_);
  const std::uint8_t idle = active_ == 0 ? 1 : 0;
  if (generations[idle] == 0 && !erased[idle]) {
    // A header cut short: it must not read as whole, and newer than the active one, next time.
    (void)flash_.erase_page(bank(idle));
  }
  return scan();
}

// From the first to the last word: what is no whole record is passed over word by word. Anything
// but erased words behind the last record was cut short; a fresh bank rids us of it.
std::expected<void, RecordError> Records::scan() {
  WordFlash words(flash_);
  newest_.fill(0);
  sequence_ = 0;
  end_ = first_record;
  std::uint32_t last_offset = 0;
  Record last{};
  bool rubbish = false;
  for (std::uint32_t offset = first_record; offset + word_size <= bank_size;) {
    const auto record = record_at(offset);
    if (!record) return std::unexpected(record.error());
    if (*record) {
      last_offset = offset;
      last = **record;
      rubbish = false;
      newest_[(*record)->key - 1u] = static_cast<std::uint16_t>(offset);
      sequence_ = (*record)->sequence;
      offset += record_size((*record)->length);
      end_ = offset;
      continue;
    }
    const auto word = words.read(bank(active_) + offset);
    if (!word) return std::unexpected(word.error());
    rubbish |= *word != 0;
    offset += word_size;
  }
  if (last_offset != 0) complete_commit(last_offset, last);
  // The word that follows may have been cut short and yet read as erased just now: it is left out.
  end_ += word_size;
  if (rubbish && !compact()) end_ = bank_size;
  return {};
}

std::expected<std::optional<Records::Record>, RecordError> Records::record_at(
    std::uint32_t offset) {
  WordFlash words(flash_);
  const Address at = bank(active_) + offset;
  const auto word = words.read(at);
  if (!word) return std::unexpected(word.error());
  const std::uint32_t length = *word & length_mask;
  const std::uint32_t key = (*word & 0xFFFF) >> length_bits;
  if (!is_key_word(*word) || key == 0 || key > record_keys || length > limits::record_bytes ||
      record_size(length) > bank_size - offset) {
    return std::nullopt;
  }
  std::array<std::uint8_t, prefix_size + limits::record_bytes> buffer;
  const auto checked = base::MutableBytes(buffer).first(prefix_size + round_up(length));
  if (!flash_.read(at, checked)) return std::unexpected(RecordError::flash);
  std::array<std::uint8_t, word_size> generation;
  base::store_le32(generation.data(), generation_);
  crypto::Crc32 crc;
  crc.update(generation);
  crc.update(checked);

  Record record{.key = static_cast<std::uint8_t>(key),
                .length = length,
                .sequence = base::load_le32(buffer.data() + word_size),
                .commits = 0,
                .commit = nonzero(crc.value())};
  for (std::uint32_t copy = 0; copy < commit_copies; ++copy) {
    const auto commit = words.read(at + static_cast<Address>(checked.size()) + copy * word_size);
    if (!commit) return std::unexpected(commit.error());
    record.commits += *commit == record.commit ? 1u : 0u;
  }
  if (record.commits == 0) return std::nullopt;
  return record;
}

// The last record may owe its life to a commit word that will read differently next time.
void Records::complete_commit(std::uint32_t offset, const Record& record) {
  WordFlash words(flash_);
  const Address at = bank(active_) + offset + prefix_size + round_up(record.length);
  for (std::uint32_t copy = 0; copy < commit_copies; ++copy) {
    const auto word = words.read(at + copy * word_size);
    if (word && *word == 0) (void)words.write(at + copy * word_size, record.commit);
  }
}

// The bank becomes valid, or one that is valid has its missing copies written: as with the state
// words of a slot, what was read once must read the same at the next reset.
bool Records::write_header(Address bank, std::uint32_t generation) {
  WordFlash words(flash_);
  std::uint32_t good = 0;
  for (std::uint32_t copy = 0; copy < header_copies && good < copies_wanted; ++copy) {
    const Address at = bank + copy * header_copy_size;
    const auto first = words.read(at);
    const auto second = words.read(at + word_size);
    if (!first || !second) return false;
    const bool holds = *first == generation && *second == header_check(generation);
    const bool erased = *first == 0 && *second == 0;
    if (holds || (erased && words.write(at, generation) &&
                  words.write(at + word_size, header_check(generation)))) {
      ++good;
    }
  }
  return good > 0;
}

// Erases a bank, copies the newest records of `from` into it and makes it the active one. Until its
// header is written, the bank that is active now stays so.
std::expected<void, RecordError> Records::start_bank(std::uint8_t index, std::uint32_t generation,
                                                     const Offsets& from) {
  for (std::uint32_t page = 0; page < bank_size; page += page_size) {
    if (!flash_.erase_page(bank(index) + page)) return std::unexpected(RecordError::flash);
  }
  WordFlash words(flash_);
  Offsets to{};
  std::uint32_t end = first_record;
  std::uint32_t sequence = sequence_;
  for (std::uint8_t key = 1; key <= record_keys; ++key) {
    if (from[key - 1u] == 0) continue;
    std::array<std::uint8_t, limits::record_bytes> buffer;
    const auto value = value_at(from[key - 1u], buffer);
    if (!value) return std::unexpected(value.error());
    if (value->empty()) continue;
    if (!write_record(words, bank(index) + end, {generation, key, ++sequence, *value})) {
      return std::unexpected(RecordError::flash);
    }
    to[key - 1u] = static_cast<std::uint16_t>(end);
    end += record_size(static_cast<std::uint32_t>(value->size()));
  }
  if (!write_header(bank(index), generation)) return std::unexpected(RecordError::flash);
  active_ = index;
  generation_ = generation;
  sequence_ = sequence;
  newest_ = to;
  end_ = end;
  return {};
}

std::expected<void, RecordError> Records::compact() {
  return start_bank(active_ == 0 ? 1 : 0, generation_ + 1, newest_);
}

std::expected<base::Bytes, RecordError> Records::value_at(std::uint32_t offset,
                                                          base::MutableBytes out) {
  WordFlash words(flash_);
  const auto word = words.read(bank(active_) + offset);
  if (!word) return std::unexpected(word.error());
  const std::uint32_t length = *word & length_mask;
  if (length > out.size()) return std::unexpected(RecordError::too_long);
  const auto value = out.first(length);
  if (!flash_.read(bank(active_) + offset + prefix_size, value)) {
    return std::unexpected(RecordError::flash);
  }
  return value;
}

std::expected<std::optional<base::Bytes>, RecordError> Records::read(RecordKey key,
                                                                     base::MutableBytes out) {
  if (!open_) return std::unexpected(RecordError::flash);
  const std::uint32_t offset = newest_[static_cast<std::uint8_t>(key) - 1u];
  if (offset == 0) return std::nullopt;
  const auto value = value_at(offset, out);
  if (!value) return std::unexpected(value.error());
  if (value->empty()) return std::nullopt;
  return *value;
}

std::expected<void, RecordError> Records::write(RecordKey key, base::Bytes value) {
  if (value.size() > limits::record_bytes) return std::unexpected(RecordError::too_long);
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto now = read(key, buffer);
  if (!now) return std::unexpected(now.error());
  if (std::ranges::equal(now->value_or(base::Bytes()), value)) return {};

  const auto size = record_size(static_cast<std::uint32_t>(value.size()));
  if (end_ + size <= bank_size && append(key, value)) return {};
  if (const auto compacted = compact(); !compacted) return compacted;
  if (end_ + size > bank_size) return std::unexpected(RecordError::no_room);
  return append(key, value) ? Result{} : std::unexpected(RecordError::flash);
}

std::expected<void, RecordError> Records::remove(RecordKey key) {
  return write(key, {});
}

bool Records::append(RecordKey key, base::Bytes value) {
  WordFlash words(flash_);
  const auto number = static_cast<std::uint8_t>(key);
  const std::uint32_t offset = end_;
  end_ += record_size(static_cast<std::uint32_t>(value.size()));
  if (!write_record(words, bank(active_) + offset, {generation_, number, ++sequence_, value})) {
    return false;
  }
  const auto written = record_at(offset);
  if (!written || !*written || (*written)->commits != commit_copies) return false;
  newest_[number - 1u] = static_cast<std::uint16_t>(offset);
  return true;
}

}  // namespace goldcrest::update
