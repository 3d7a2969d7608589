// SPDX-License-Identifier: MIT
#include "host/packer/elf_file.hpp"

#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "host/packer/files.hpp"

namespace goldcrest::packer {
namespace {

constexpr std::size_t elf_file_limit = 64u << 20;

struct ElfEnd {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

/// One pass over an ELF file; `bytes` must outlive it.
class Parser {
 public:
  Parser(std::vector<std::uint8_t>& bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  Result<ElfFile> run() {
    ::elf_version(EV_CURRENT);
    elf_.reset(::elf_memory(reinterpret_cast<char*>(bytes_.data()), bytes_.size()));
    if (auto done = check_header(); !done) return std::unexpected(done.error());
    if (auto done = read_segments(); !done) return std::unexpected(done.error());
    if (auto done = read_sections(); !done) return std::unexpected(done.error());
    if (auto done = read_relocations(); !done) return std::unexpected(done.error());
    read_signature_type();
    if (auto done = order_sections(); !done) return std::unexpected(done.error());
    return std::move(file_);
  }

 private:
  std::unexpected<Problem> bad(const std::string& what) const {
    return problem(fmt::format("{}: {}", name_, what));
  }

  Result<void> check_header() {
    GElf_Ehdr header;
    if (elf_ == nullptr || ::elf_kind(elf_.get()) != ELF_K_ELF ||
        ::gelf_getehdr(elf_.get(), &header) == nullptr) {
      return bad("not an ELF file");
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS32 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_ARM) {
      return bad("not a 32-bit little-endian ARM file");
    }
    if (header.e_type != ET_EXEC) return bad("not a linked executable");
    if (::elf_getshdrstrndx(elf_.get(), &section_names_) != 0) {
      return bad("it has no section names; do not strip it");
    }
    return {};
  }

  Result<void> read_segments() {
    std::size_t count = 0;
    if (::elf_getphdrnum(elf_.get(), &count) != 0) return bad("its program headers are damaged");
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr segment;
      if (::gelf_getphdr(elf_.get(), static_cast<int>(i), &segment) == nullptr) {
        return bad("its program headers are damaged");
      }
      if (segment.p_type == PT_LOAD) segments_.push_back(segment);
    }
    return {};
  }

  std::string section_name(const GElf_Shdr& header) const {
    const char* name = ::elf_strptr(elf_.get(), section_names_, header.sh_name);
    return name != nullptr ? name : "(unnamed section)";
  }

  /// Where a section is stored, by the segment that holds it.
  std::optional<std::uint32_t> load_address(const GElf_Shdr& header) const {
    for (const auto& segment : segments_) {
      const bool inside = header.sh_addr >= segment.p_vaddr &&
                          header.sh_addr - segment.p_vaddr <= segment.p_filesz &&
                          header.sh_size <= segment.p_filesz - (header.sh_addr - segment.p_vaddr);
      if (inside) {
        return static_cast<std::uint32_t>(segment.p_paddr + (header.sh_addr - segment.p_vaddr));
      }
    }
    return std::nullopt;
  }

  Result<void> read_sections() {
    std::size_t count = 0;
    if (::elf_getshdrnum(elf_.get(), &count) != 0) return bad("its section headers are damaged");
    loaded_.assign(count, std::nullopt);
    for (std::size_t i = 1; i < count; ++i) {
      GElf_Shdr header;
      auto* section = ::elf_getscn(elf_.get(), i);
      if (section == nullptr || ::gelf_getshdr(section, &header) == nullptr) {
        return bad("its section headers are damaged");
      }
      const bool in_image =
          (header.sh_flags & SHF_ALLOC) != 0 && header.sh_type != SHT_NOBITS && header.sh_size != 0;
      if (!in_image) continue;
      if (header.sh_offset > bytes_.size() || header.sh_size > bytes_.size() - header.sh_offset) {
        return bad(fmt::format("section {} lies outside the file", section_name(header)));
      }
      const auto load = load_address(header);
      if (!load)
        return bad(fmt::format("section {} is in no loaded segment", section_name(header)));
      const auto* first = bytes_.data() + header.sh_offset;
      loaded_[i] = file_.sections.size();
      file_.sections.push_back({section_name(header),
                                static_cast<std::uint32_t>(header.sh_addr),
                                *load,
                                {first, first + header.sh_size}});
    }
    return {};
  }

  Result<void> read_relocations() {
    for (std::size_t i = 1; i < loaded_.size(); ++i) {
      GElf_Shdr header;
      auto* section = ::elf_getscn(elf_.get(), i);
      if (section == nullptr || ::gelf_getshdr(section, &header) == nullptr) {
        return bad("its section headers are damaged");
      }
      const bool relocations = header.sh_type == SHT_REL || header.sh_type == SHT_RELA;
      if (!relocations || header.sh_info >= loaded_.size()) continue;
      const auto target = loaded_[header.sh_info];
      if (!target) continue;
      if (auto done = read_relocation_section(section, header, *target); !done) return done;
    }
    return {};
  }

  /// `target` is the index in file_.sections of what is relocated.
  Result<void> read_relocation_section(Elf_Scn* section, const GElf_Shdr& header,
                                       std::size_t target) {
    const auto name = section_name(header);
    auto* data = ::elf_getdata(section, nullptr);
    auto* symbols_section = ::elf_getscn(elf_.get(), header.sh_link);
    GElf_Shdr symbols_header;
    if (data == nullptr || symbols_section == nullptr || header.sh_entsize == 0 ||
        ::gelf_getshdr(symbols_section, &symbols_header) == nullptr ||
        symbols_header.sh_type != SHT_SYMTAB) {
      return bad(fmt::format("relocation section {} is damaged", name));
    }
    auto* symbols = ::elf_getdata(symbols_section, nullptr);
    const std::size_t count = data->d_size / header.sh_entsize;
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Rela entry{};
      GElf_Rel short_entry{};
      if (header.sh_type == SHT_RELA) {
        if (::gelf_getrela(data, static_cast<int>(i), &entry) == nullptr) {
          return bad(fmt::format("relocation section {} is damaged", name));
        }
      } else {
        if (::gelf_getrel(data, static_cast<int>(i), &short_entry) == nullptr) {
          return bad(fmt::format("relocation section {} is damaged", name));
        }
        entry.r_offset = short_entry.r_offset;
        entry.r_info = short_entry.r_info;
      }
      ElfRelocation relocation;
      relocation.type = static_cast<std::uint32_t>(GELF_R_TYPE(entry.r_info));
      relocation.address = static_cast<std::uint32_t>(entry.r_offset);
      relocation.section = target;
      if (auto done = resolve_symbol(symbols, symbols_header, GELF_R_SYM(entry.r_info), relocation);
          !done) {
        return done;
      }
      file_.relocations.push_back(std::move(relocation));
    }
    return {};
  }

  void read_signature_type() {
    for (auto* section = ::elf_nextscn(elf_.get(), nullptr); section != nullptr;
         section = ::elf_nextscn(elf_.get(), section)) {
      GElf_Shdr header;
      if (::gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB) continue;
      auto* symbols = ::elf_getdata(section, nullptr);
      GElf_Sym symbol;
      for (int i = 0; symbols != nullptr && ::gelf_getsym(symbols, i, &symbol) != nullptr; ++i) {
        if (symbol.st_shndx != SHN_ABS) continue;
        const char* name = ::elf_strptr(elf_.get(), header.sh_link, symbol.st_name);
        if (name != nullptr && std::string_view(name) == "goldcrest_signature_type") {
          file_.signature_type = static_cast<std::uint32_t>(symbol.st_value);
        }
      }
    }
  }

  Result<void> resolve_symbol(Elf_Data* symbols, const GElf_Shdr& symbols_header,
                              std::uint64_t number, ElfRelocation& relocation) {
    GElf_Sym symbol;
    if (symbols == nullptr || number > 0x7FFFFFFF ||
        ::gelf_getsym(symbols, static_cast<int>(number), &symbol) == nullptr) {
      return bad(fmt::format("a relocation at 0x{:08X} names a symbol that does not exist",
                             relocation.address));
    }
    relocation.symbol_value = static_cast<std::uint32_t>(symbol.st_value);
    relocation.symbol_defined = symbol.st_shndx != SHN_UNDEF;
    GElf_Shdr header;
    auto* own_section = GELF_ST_TYPE(symbol.st_info) == STT_SECTION
                            ? ::elf_getscn(elf_.get(), symbol.st_shndx)
                            : nullptr;
    if (own_section != nullptr && ::gelf_getshdr(own_section, &header) != nullptr) {
      relocation.symbol = section_name(header);
    } else {
      const char* text = ::elf_strptr(elf_.get(), symbols_header.sh_link, symbol.st_name);
      relocation.symbol = text != nullptr && *text != 0 ? text : "(unnamed symbol)";
    }
    return {};
  }

  /// By load address, with the relocations' indices following.
  Result<void> order_sections() {
    std::vector<std::size_t> order(file_.sections.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return file_.sections[i].load_address; });
    std::vector<ElfSection> sorted;
    std::vector<std::size_t> new_index(order.size());
    for (const std::size_t i : order) {
      new_index[i] = sorted.size();
      sorted.push_back(std::move(file_.sections[i]));
      if (sorted.size() < 2) continue;
      const auto& before = sorted[sorted.size() - 2];
      if (std::uint64_t{before.load_address} + before.bytes.size() > sorted.back().load_address) {
        return bad(fmt::format("sections {} and {} overlap at 0x{:08X}", before.name,
                               sorted.back().name, sorted.back().load_address));
      }
    }
    for (auto& relocation : file_.relocations) relocation.section = new_index[relocation.section];
    file_.sections = std::move(sorted);
    return {};
  }

  std::vector<std::uint8_t>& bytes_;
  const std::string& name_;
  ElfHandle elf_;
  std::size_t section_names_ = 0;
  std::vector<GElf_Phdr> segments_;
  std::vector<std::optional<std::size_t>> loaded_;  // by section number: index into file_.sections
  ElfFile file_;
};

}  // namespace

Result<ElfFile> ElfFile::parse(std::vector<std::uint8_t> bytes, const std::string& name) {
  return Parser(bytes, name).run();
}

Result<ElfFile> ElfFile::read(const std::filesystem::path& path) {
  auto bytes = read_file(path, elf_file_limit);
  if (!bytes) return std::unexpected(bytes.error());
  return parse(std::move(*bytes), path.string());
}

}  // namespace goldcrest::packer
