// SPDX-License-Identifier: MIT
// Writes frames to a pcap file that Wireshark and tshark open: link type 230, IEEE 802.15.4 without
// FCS, microsecond time stamps (the classic libpcap file format, version 2.4).
#pragma once

#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/base/time.hpp"

namespace goldcrest::sim {

class PcapWriter {
 public:
  /// Creates or truncates `path`; fails with the reason.
  [[nodiscard]] static std::expected<PcapWriter, std::string> create(
      const std::filesystem::path& path);

  /// One MAC frame at `time`. False when the file can no longer be written.
  bool frame(base::Instant time, std::span<const std::uint8_t> bytes);
  bool flush() { return std::fflush(file_.get()) == 0; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { (void)std::fclose(file); }
  };
  explicit PcapWriter(std::FILE* file) : file_(file) {}
  bool words(std::span<const std::uint32_t> values);

  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace goldcrest::sim
