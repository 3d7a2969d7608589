// SPDX-License-Identifier: MIT
// Any bytes as one of the files in a key folder, the first byte says which. What is read can be
// written, and is then read the same.
#include "host/system/fuzz_file.hpp"
#include "host/packer/index_journal.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/p256_key.hpp"

using namespace goldcrest;
using system::fuzzing::MemoryFile;

namespace {

constexpr packer::LmsIdentifier identifier{1, 2, 3};

void journal(base::Bytes bytes) {
  MemoryFile file;
  {
    auto journal = packer::IndexJournal::open(file.with(bytes), identifier);
    if (!journal || !*journal || (*journal)->next_index() > 1000) return;
    const auto next = (*journal)->next_index() + 1;
    base::ensure((*journal)->append(next).has_value());
  }
  const auto again = packer::IndexJournal::open(file.path(), identifier);
  base::ensure(again && *again);
}

void signing_key(base::Bytes bytes) {
  MemoryFile file;
  const auto key = packer::read_signing_key(file.with(bytes));
  if (!key) return;
  (void)packer::read_tree(file.path(), key->secret);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::Bytes bytes(data + 1, size - 1);
  MemoryFile file;
  switch (data[0] % 5) {
    case 0:
      if (const auto key = packer::read_public_key(file.with(bytes))) {
        base::ensure(!key->verifies(bytes, std::vector<std::uint8_t>(key->signature_bytes())));
      }
      break;
    case 1:
      (void)packer::read_content_key(file.with(bytes));
      break;
    case 2:
      signing_key(bytes);
      break;
    case 3:
      journal(bytes);
      break;
    default:
      if (const auto raw = packer::raw_ecdsa_signature(bytes)) base::ensure(raw->size() == 64);
  }
  return 0;
}
