// SPDX-License-Identifier: MIT
#include "sim/powercut/cut.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/image/slot.hpp"

namespace goldcrest::sim {
namespace {

constexpr std::array<std::pair<std::string_view, FormKind>, 5> form_names{{
    {"before", FormKind::before},
    {"torn", FormKind::torn},
    {"word", FormKind::word},
    {"unstable", FormKind::unstable},
    {"after", FormKind::after},
}};
constexpr unsigned half_page_words = 32;

constexpr bool numbered(FormKind kind) {
  return kind != FormKind::before && kind != FormKind::after;
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Form> parse_form(std::string_view text) {
  for (const auto& [name, kind] : form_names) {
    if (!text.starts_with(name)) continue;
    const auto rest = text.substr(name.size());
    if (!numbered(kind)) return rest.empty() ? std::optional(Form{kind, 0}) : std::nullopt;
    const auto number = number_in<std::uint8_t>(rest);
    if (!number || (kind == FormKind::word && *number >= half_page_words)) return std::nullopt;
    return Form{kind, *number};
  }
  return std::nullopt;
}

/// "1.234567s", "20ms", "350us": to the microsecond, below a million seconds.
std::optional<base::Duration> duration_in(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 3> units{
      {{"us", 0}, {"ms", 3}, {"s", 6}}};
  for (const auto& [unit, digits] : units) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    const auto point = text.find('.');
    std::string number(text.substr(0, point));
    const auto fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
    if (number.empty() || number.size() > 12 || fraction.size() > digits) return std::nullopt;
    if (point != std::string_view::npos && fraction.empty()) return std::nullopt;
    number += std::string(fraction) + std::string(digits - fraction.size(), '0');
    const auto microseconds = number_in<std::uint64_t>(number);
    if (!microseconds || *microseconds >= 1'000'000'000'000) return std::nullopt;
    return base::Duration(*microseconds);
  }
  return std::nullopt;
}

/// The second of a cut's two parts has to be set.
std::optional<Cut> parse_when(std::string_view text) {
  if (text.starts_with('@')) {
    const auto instant = duration_in(text.substr(1));
    return instant ? std::optional(Cut{.instant = instant}) : std::nullopt;
  }
  const auto operation = number_in<std::uint32_t>(text);
  return operation ? std::optional(Cut{.operation = *operation}) : std::nullopt;
}

std::string when(const Cut& cut) {
  if (!cut.instant) return std::to_string(cut.operation);
  const auto microseconds = cut.instant->count();
  return fmt::format("@{}.{:06}s", microseconds / 1'000'000, microseconds % 1'000'000);
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

std::string to_text(const Form& form) {
  for (const auto& [name, kind] : form_names) {
    if (kind != form.kind) continue;
    return numbered(kind) ? fmt::format("{}{}", name, form.number) : std::string(name);
  }
  return {};
}

std::string to_text(const CutPath& path) {
  std::string text = path.phase;
  for (const Cut& cut : path.cuts) {
    text += fmt::format(":{}:{}", when(cut), to_text(cut.form));
  }
  return text;
}

std::expected<CutPath, std::string> parse_cut_path(std::string_view text) {
  const auto parts = split(text);
  if (parts.size() < 3 || parts.size() % 2 == 0 || parts.front().empty()) {
    return std::unexpected(
        fmt::format("'{}' is not PHASE:WHEN:FORM, as in download:117:torn3 or "
                    "download:@1.234567s:torn3:@20ms:torn0",
                    text));
  }
  CutPath path{.phase = std::string(parts.front()), .cuts = {}};
  for (std::size_t at = 1; at < parts.size(); at += 2) {
    const auto cut = parse_when(parts[at]);
    const auto form = parse_form(parts[at + 1]);
    if (!cut) {
      return std::unexpected(fmt::format(
          "'{}' is neither the number of an operation nor an instant, as in @1.234567s or @20ms",
          parts[at]));
    }
    if (!form) {
      return std::unexpected(fmt::format(
          "'{}' is not one of before, after, tornN, unstableN, wordN (0 to 31)", parts[at + 1]));
    }
    path.cuts.push_back({cut->operation, *form, cut->instant});
  }
  return path;
}

CourseName parse_course_name(std::string_view text) {
  const auto tilde = text.rfind('~');
  if (tilde == std::string_view::npos) return {std::string(text), std::nullopt};
  const auto seed = number_in<std::uint64_t>(text.substr(tilde + 1));
  if (!seed) return {std::string(text), std::nullopt};
  return {std::string(text.substr(0, tilde)), seed};
}

std::vector<Form> forms_for(board::FlashOperationKind kind, const FormCounts& counts) {
  std::vector<Form> forms{{FormKind::before, 0}};
  const auto add = [&](FormKind form, unsigned number) {
    forms.push_back({form, static_cast<std::uint8_t>(number)});
  };
  for (unsigned i = 0; i < counts.torn; ++i) add(FormKind::torn, i);
  if (kind == board::FlashOperationKind::program_half_page) {
    const unsigned words = std::min<unsigned>(counts.words, half_page_words);
    for (unsigned i = 0; i < words; ++i) add(FormKind::word, i * half_page_words / words);
  }
  for (unsigned i = 0; i < counts.unstable; ++i) add(FormKind::unstable, i);
  add(FormKind::after, 0);
  return forms;
}

bool empties_slot(board::FlashOperationKind kind, std::uint32_t address, const Form& form) {
  if (kind != board::FlashOperationKind::erase_page) return false;
  const auto is_page = [&](std::uint32_t offset) {
    return std::ranges::any_of(std::array{image::Slot::app1, image::Slot::app2}, [&](auto slot) {
      return address - (section_of(slot).base + offset) < image::page_size;
    });
  };
  // The manifest's page goes first.
  return (is_page(image::manifest_offset) && form.kind != FormKind::before) ||
         (is_page(image::state_offset) && form.kind != FormKind::after);
}

namespace {

/// The mixture depends on `place`, an operation or an instant, and on the form.
board::PowerCut power_cut(const Form& form, std::uint64_t place, std::uint64_t seed) {
  board::PowerCut result;
  if (form.kind == FormKind::before) return result;
  if (form.kind == FormKind::after) {
    result.phase = board::CutPhase::after;
    return result;
  }
  result.phase = board::CutPhase::inside;
  result.torn_seed = (seed * 0x9E3779B97F4A7C15u + place) * 0x2545F4914F6CDD1Du +
                     (std::uint64_t{form.number} << 8) + static_cast<std::uint64_t>(form.kind);
  if (form.kind == FormKind::word) result.torn_word = form.number;
  result.unstable = form.kind == FormKind::unstable;
  return result;
}

}  // namespace

board::PowerCut armed(const Cut& cut, std::uint64_t number, std::uint64_t seed) {
  auto result = power_cut(cut.form, cut.operation, seed);
  result.flash_operation = number;
  return result;
}

board::PowerCut how(const Cut& cut, std::uint64_t seed) {
  return power_cut(cut.form, static_cast<std::uint64_t>(cut.instant.value().count()), seed);
}

std::string_view to_text(board::FlashOperationKind kind) {
  switch (kind) {
    case board::FlashOperationKind::erase_page:
      return "erase";
    case board::FlashOperationKind::program_word:
      return "word";
    case board::FlashOperationKind::program_half_page:
      return "half page";
    case board::FlashOperationKind::write_eeprom:
      return "EEPROM";
    case board::FlashOperationKind::write_option_bytes:
      return "option bytes";
  }
  return {};
}

}  // namespace goldcrest::sim
