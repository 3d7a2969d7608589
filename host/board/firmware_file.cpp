// SPDX-License-Identifier: MIT
#include "host/board/firmware_file.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "host/board/memory.hpp"

namespace goldcrest::board {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Error = std::unexpected<std::string>;

/// Program memory as it fills up.
class Image {
 public:
  std::expected<void, std::string> add(std::uint64_t address, Bytes bytes) {
    if (bytes.empty()) return {};
    if (address < flash_base || address - flash_base >= flash_size ||
        bytes.size() > flash_size - (address - flash_base)) {
      return Error(
          fmt::format("{} bytes for {:#010x} are outside the program memory, {:#010x} to {:#010x}",
                      bytes.size(), address, flash_base, flash_base + flash_size - 1));
    }
    const auto offset = static_cast<std::uint32_t>(address - flash_base);
    const auto size = static_cast<std::uint32_t>(bytes.size());
    begin_ = std::min(begin_, offset & ~(flash_page_size - 1));
    end_ = std::max(end_, (offset + size + flash_page_size - 1) & ~(flash_page_size - 1));
    std::ranges::copy(bytes, memory_.begin() + offset);
    return {};
  }

  std::expected<FirmwareImage, std::string> take() const {
    if (end_ == 0) return Error("there is nothing to program in it");
    return FirmwareImage{flash_base + begin_, {memory_.begin() + begin_, memory_.begin() + end_}};
  }

 private:
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(flash_size, 0);
  std::uint32_t begin_ = flash_size;
  std::uint32_t end_ = 0;
};

template <typename Header>
std::optional<Header> header_at(Bytes file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, file.data() + offset, sizeof(Header));
  return header;
}

std::expected<FirmwareImage, std::string> parse_elf(Bytes file) {
  const auto header = header_at<Elf32_Ehdr>(file, 0);
  if (!header) return Error("the ELF header is cut off");
  if (header->e_ident[EI_CLASS] != ELFCLASS32 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_machine != EM_ARM) {
    return Error("the ELF file is not for a little-endian 32-bit ARM");
  }
  if (header->e_type != ET_EXEC) return Error("the ELF file is not an executable: link it first");
  if (header->e_phentsize != sizeof(Elf32_Phdr)) return Error("the ELF file has no segments");
  Image image;
  for (unsigned index = 0; index < header->e_phnum; ++index) {
    const auto segment =
        header_at<Elf32_Phdr>(file, std::uint64_t{header->e_phoff} + index * sizeof(Elf32_Phdr));
    if (!segment) return Error("the ELF file's segment table is cut off");
    if (segment->p_type != PT_LOAD) continue;
    if (segment->p_offset > file.size() || segment->p_filesz > file.size() - segment->p_offset) {
      return Error(fmt::format("segment {} of the ELF file is cut off", index));
    }
    if (auto added =
            image.add(segment->p_paddr, file.subspan(segment->p_offset, segment->p_filesz));
        !added) {
      return Error(added.error());
    }
  }
  return image.take();
}

/// The bytes of a HEX record's line, checksum included; nullopt unless all of it is right.
std::optional<std::vector<std::uint8_t>> record_of(std::string_view line) {
  if (line.size() < 11 || line[0] != ':' || line.size() % 2 == 0) return std::nullopt;
  std::vector<std::uint8_t> record;
  unsigned sum = 0;
  for (std::size_t at = 1; at < line.size(); at += 2) {
    std::uint8_t byte = 0;
    const char* end = line.data() + at + 2;
    const auto parsed = std::from_chars(line.data() + at, end, byte, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    record.push_back(byte);
    sum += byte;
  }
  if (record.size() != record[0] + 5u || (sum & 0xFFu) != 0) return std::nullopt;
  return record;
}

std::expected<FirmwareImage, std::string> parse_hex(Bytes file) {
  constexpr std::uint8_t data = 0;
  constexpr std::uint8_t end_of_file = 1;
  constexpr std::uint8_t segment_address = 2;
  constexpr std::uint8_t linear_address = 4;
  constexpr std::uint8_t start_address = 5;  // and 3: where to begin, which the vectors tell us
  std::string_view rest(reinterpret_cast<const char*>(file.data()), file.size());
  Image image;
  std::uint64_t base = 0;
  for (unsigned number = 1; !rest.empty(); ++number) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto record = record_of(line);
    if (!record) return Error(fmt::format("line {} of the HEX file is damaged", number));
    const Bytes content = Bytes(*record).subspan(4, (*record)[0]);
    const std::uint8_t type = (*record)[3];
    const std::uint64_t offset = static_cast<std::uint64_t>((*record)[1]) << 8 | (*record)[2];
    if (type == end_of_file) return image.take();
    if (type == data) {
      if (auto added = image.add(base + offset, content); !added) return Error(added.error());
    } else if ((type == segment_address || type == linear_address) && content.size() == 2) {
      const std::uint64_t upper = static_cast<std::uint64_t>(content[0]) << 8 | content[1];
      base = type == linear_address ? upper << 16 : upper << 4;
    } else if (type > start_address) {
      return Error(fmt::format("line {} of the HEX file has an unknown type", number));
    }
  }
  return Error("the HEX file has no end record: it is cut off");
}

}  // namespace

std::expected<FirmwareImage, std::string> parse_firmware(Bytes file) {
  if (file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0) {
    return parse_elf(file);
  }
  // No vector table begins with ":" and a hexadecimal digit: it would be an initial stack pointer
  // with a lowest byte that is not a multiple of four.
  if (file.size() >= 2 && file[0] == ':' && std::isxdigit(file[1]) != 0) return parse_hex(file);
  Image image;
  if (auto added = image.add(flash_base, file); !added) return Error(added.error());
  return image.take();
}

std::expected<FirmwareImage, std::string> read_firmware(const std::filesystem::path& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) return Error(fmt::format("{}: {}", path.string(), failed.message()));
  constexpr std::uintmax_t size_max = std::uintmax_t{64} << 20;  // an ELF file's debug information
  if (size > size_max) return Error(fmt::format("{}: larger than 64 MiB", path.string()));
  std::ifstream file(path, std::ios::binary);
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Error(fmt::format("{}: cannot be read", path.string()));
  auto image = parse_firmware(bytes);
  if (!image) return Error(fmt::format("{}: {}", path.string(), image.error()));
  return image;
}

}  // namespace goldcrest::board
