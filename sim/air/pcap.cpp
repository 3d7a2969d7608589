// SPDX-License-Identifier: MIT
#include "sim/air/pcap.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace goldcrest::sim {

namespace {
constexpr std::uint32_t magic_microseconds = 0xA1B2C3D4;
constexpr std::uint32_t version_2_4 = 0x0004'0002;  // two 16-bit fields, native little endian
constexpr std::uint32_t snap_length = 65535;
constexpr std::uint32_t linktype_ieee802_15_4_nofcs = 230;
}  // namespace

std::expected<PcapWriter, std::string> PcapWriter::create(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    return std::unexpected("cannot write " + path.string() + ": " + std::strerror(errno));
  }
  PcapWriter writer(file);
  if (!writer.words(std::array<std::uint32_t, 6>{magic_microseconds, version_2_4, 0, 0, snap_length,
                                                 linktype_ieee802_15_4_nofcs})) {
    return std::unexpected("cannot write " + path.string() + ": " + std::strerror(errno));
  }
  return writer;
}

bool PcapWriter::frame(base::Instant time, std::span<const std::uint8_t> bytes) {
  const auto microseconds = time.time_since_epoch().count();
  const auto length = static_cast<std::uint32_t>(bytes.size());
  return words(std::array<std::uint32_t, 4>{static_cast<std::uint32_t>(microseconds / 1'000'000),
                                            static_cast<std::uint32_t>(microseconds % 1'000'000),
                                            length, length}) &&
         std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size();
}

bool PcapWriter::words(std::span<const std::uint32_t> values) {
  return std::fwrite(values.data(), sizeof(std::uint32_t), values.size(), file_.get()) ==
         values.size();
}

}  // namespace goldcrest::sim
