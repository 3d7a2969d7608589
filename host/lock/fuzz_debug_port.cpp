// SPDX-License-Identifier: MIT
// A chip, or something that says it is one, behind the debug port of `goldcrest lock`: memory and
// answers are the input's. Nothing is written but the option bytes, their keys and control
// registers, level 2 only when it is wanted, and whatever the flash holds is inspected.
#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/ensure.hpp"
#include "host/lock/inspection.hpp"
#include "host/lock/locker.hpp"

using namespace goldcrest;

namespace {

class HostilePort final : public lock::DebugPort {
 public:
  HostilePort(base::Bytes input, lock::Level wanted) : input_(input), wanted_(wanted) {}

  std::expected<void, std::string> reset_and_halt() override { return ended(); }
  std::expected<std::vector<std::uint8_t>, std::string> read(std::uint32_t,
                                                             std::uint32_t size) override {
    if (auto end = ended(); !end) return std::unexpected(end.error());
    const auto piece =
        input_.bytes(std::min<std::size_t>({1 + input_.u8() % 8u, size, input_.remaining()}));
    if (piece.empty()) return std::unexpected("gone");
    return std::vector<std::uint8_t>(piece.begin(), piece.end());
  }
  std::expected<void, std::string> write_word(std::uint32_t address, std::uint32_t value) override {
    const bool interface = address >= 0x40023C00 && address < 0x40024000;
    const bool option_bytes = address >= 0x1FF80000 && address < 0x1FF80020;
    base::ensure(interface || option_bytes);
    const bool level_2 = address == 0x1FF80000 && (value & 0xFF) == 0xCC;
    base::ensure(!level_2 || wanted_ == 2);
    return ended();
  }
  std::expected<void, std::string> let_time_pass() override { return ended(); }

 private:
  std::expected<void, std::string> ended() {
    if (++calls_ > 100'000 || input_.remaining() < 2) return std::unexpected("gone");
    return {};
  }

  base::ByteReader input_;
  lock::Level wanted_;
  int calls_ = 0;
};

/// Half a megabyte to look through: not for every input.
void inspect_flash(base::Bytes bytes, bool level_2) {
  lock::Expected expected;
  expected.signing_key.key.resize(48);
  std::vector<std::uint8_t> flash(lock::inspected_extent.size);
  const auto lay = [&](std::size_t at, std::size_t from) {
    const auto piece = bytes.subspan(std::min(from, bytes.size()));
    const auto count = std::min({piece.size(), flash.size() - at, std::size_t{2048}});
    std::ranges::copy(piece.first(count), flash.begin() + static_cast<std::ptrdiff_t>(at));
  };
  lay(0, 0);
  lay(image::factory_section.base - image::flash_section.base, 32);
  lay(image::app1_section.base - image::flash_section.base + image::manifest_offset, 512);
  const auto findings = lock::inspect(flash, expected);
  base::ensure(!findings.empty());
  (void)lock::obstacles(findings, level_2, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const lock::Wanted wanted{.level = data[0] % 3u, .write_protect_boot = data[0] % 2 == 0};
  const base::Bytes bytes(data + 1, size - 1);
  HostilePort port(bytes, wanted.level);
  if (const auto present = lock::read_protection(port)) {
    if (lock::check_change(*present, wanted)) (void)lock::apply(port, wanted);
  }
  if (data[0] >= 0xE0) inspect_flash(bytes, wanted.level == 2);
  return 0;
}
