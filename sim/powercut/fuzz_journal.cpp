// SPDX-License-Identifier: MIT
// Any bytes as the journal of a sweep: it is refused with a reason, or read.
#include "host/system/fuzz_file.hpp"
#include "sim/powercut/journal.hpp"

using namespace goldcrest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static system::fuzzing::MemoryFile file;
  const auto journal = sim::Journal::read(file.with({data, size}));
  if (!journal) {
    base::ensure(!journal.error().empty());
    return 0;
  }
  (void)journal->complete();
  for (const auto& result : journal->results()) {
    base::ensure(journal->has(result.phase, result.index, result.instant()));
  }
  return 0;
}
