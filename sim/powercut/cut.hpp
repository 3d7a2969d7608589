// SPDX-License-Identifier: MIT
// A power cut of the sweep: at which flash operation or instant of which phase, and in what form;
// and what may come after it, cuts during the recovery.
//
// Text, as --replay takes it: PHASE:WHEN:FORM[:WHEN:FORM…], as in `download:117:torn3:0:after` or
// `download:@1.234567s:torn2:@0.02s:torn0`. WHEN is an operation, from 0, or @ and an instant, in
// seconds (s, ms, us); in the phase, or since the power came back. At an instant the form tells
// what becomes of the operation that is under way, if one is.
//
// A phase that is played with other radio frames has its seed behind a tilde: `download~7`.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "host/board/board.hpp"

namespace goldcrest::sim {

enum class FormKind : std::uint8_t {
  before,    ///< nothing has happened
  torn,      ///< a mixture of old and new bits, chosen by the number
  word,      ///< a half page of which this word is torn, those before it whole
  unstable,  ///< torn, and the bits in between read differently from moment to moment
  after,     ///< the operation is complete, the next has not begun
};

struct Form {
  FormKind kind = FormKind::before;
  std::uint8_t number = 0;

  friend bool operator==(const Form&, const Form&) = default;
};

struct Cut {
  std::uint32_t operation = 0;  ///< unless it is cut at an instant
  Form form;
  std::optional<base::Duration> instant{};  ///< not negative

  friend bool operator==(const Cut&, const Cut&) = default;
};

struct CutPath {
  std::string phase;
  std::vector<Cut> cuts;  ///< at least one

  friend bool operator==(const CutPath&, const CutPath&) = default;
};

std::string to_text(const Form& form);
std::string to_text(const CutPath& path);
[[nodiscard]] std::expected<CutPath, std::string> parse_cut_path(std::string_view text);

/// A phase of a play, and of which course of it: "download~7" is ("download", 7).
struct CourseName {
  std::string phase;
  std::optional<std::uint64_t> air_seed;
};
CourseName parse_course_name(std::string_view text);

/// How many of each form an operation gets; before and after are always among them.
struct FormCounts {
  std::uint8_t torn = 8;
  std::uint8_t words = 32;  ///< of a half page, evenly spread when fewer
  std::uint8_t unstable = 2;
};
std::vector<Form> forms_for(board::FlashOperationKind kind, const FormCounts& counts);

/// The cut came while a slot was being emptied: its manifest is no more, its state still stands.
bool empties_slot(board::FlashOperationKind kind, std::uint32_t address, const Form& form);

/// What the board is armed with. `number` is the operation's on that board; the mixture depends on
/// seed, operation and form, not on the board.
board::PowerCut armed(const Cut& cut, std::uint64_t number, std::uint64_t seed);

/// How the power goes at an instant.
board::PowerCut how(const Cut& cut, std::uint64_t seed);

std::string_view to_text(board::FlashOperationKind kind);

}  // namespace goldcrest::sim
