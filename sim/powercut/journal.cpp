// SPDX-License-Identifier: MIT
#include "sim/powercut/journal.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>
#include <utility>

#include "sim/powercut/whole_number.hpp"

namespace goldcrest::sim {
namespace {

using nlohmann::json;

json to_json(const Tally& tally) {
  return {{"cuts", tally.cuts},
          {"fired", tally.fired},
          {"under_way", tally.under_way},
          {"outcomes", tally.outcomes}};
}

Tally tally_of(const json& line) {
  Tally tally;
  tally.cuts = whole_number<std::uint64_t>(line.at("cuts"));
  tally.fired = whole_number<std::uint64_t>(line.at("fired"));
  tally.under_way = whole_number<std::uint64_t>(line.at("under_way"));
  const auto& outcomes = line.at("outcomes");
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    tally.outcomes.at(kind) = whole_number<std::uint64_t>(outcomes.at(kind));
  }
  return tally;
}

std::string text_of(const OperationResult& result) {
  const json line{{"phase", result.phase},
                  {"operation", result.index},
                  {"kind", result.kind},
                  {"address", result.address},
                  {"at_us", result.at.count()},
                  {"first", to_json(result.first)},
                  {"further", to_json(result.further)},
                  {"boots", result.boots},
                  {"lost", result.lost},
                  {"not_fired", result.not_fired}};
  return line.dump();
}

OperationResult result_of(const json& line) {
  return {.phase = line.at("phase").get<std::string>(),
          .index = whole_number<std::uint32_t>(line.at("operation")),
          .kind = line.at("kind").get<std::string>(),
          .address = whole_number<std::uint32_t>(line.at("address")),
          .at = base::Duration(whole_number<std::int64_t>(line.at("at_us"))),
          .first = tally_of(line.at("first")),
          .further = tally_of(line.at("further")),
          .boots = whole_number<std::uint64_t>(line.at("boots")),
          .lost = line.at("lost").get<std::vector<std::string>>(),
          .not_fired = line.at("not_fired").get<std::vector<std::string>>()};
}

json to_json(const Swept& phase) {
  return {{"phase", phase.phase},
          {"operations", phase.operations},
          {"chosen", phase.chosen},
          {"instants", phase.instants},
          {"length_us", phase.length.count()},
          {"by_kind", phase.by_kind}};
}

Swept swept_of(const json& line) {
  return {.phase = line.at("phase").get<std::string>(),
          .operations = whole_number<std::uint32_t>(line.at("operations")),
          .chosen = whole_number<std::uint32_t>(line.at("chosen")),
          .instants = whole_number<std::uint32_t>(line.at("instants")),
          .length = base::Duration(whole_number<std::int64_t>(line.at("length_us"))),
          .by_kind = whole_numbers<std::uint32_t>(line.at("by_kind"))};
}

std::string text_of(const SweepIdentity& identity) {
  return json{
      {"sweep", json::parse(identity.text)}, {"shard", identity.shard}, {"shards", identity.shards}}
      .dump();
}

SweepIdentity identity_of(const std::string& text) {
  const auto line = json::parse(text);
  return {.text = line.at("sweep").dump(),
          .shard = whole_number<unsigned>(line.at("shard")),
          .shards = whole_number<unsigned>(line.at("shards"))};
}

std::uint64_t hexadecimal(std::string_view text) {
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
    throw json::other_error::create(501, "not a hexadecimal number", nullptr);
  }
  return number;
}

}  // namespace

std::uint64_t Tally::lost() const {
  std::uint64_t sum = 0;
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    if (is_lost(static_cast<Outcome>(kind))) sum += outcomes.at(kind);
  }
  return sum;
}

std::uint64_t Tally::ended() const {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

Tally& Tally::operator+=(const Tally& other) {
  cuts += other.cuts;
  fired += other.fired;
  under_way += other.under_way;
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    outcomes.at(kind) += other.outcomes.at(kind);
  }
  return *this;
}

std::expected<Journal, std::string> Journal::open(const std::filesystem::path& path,
                                                  const SweepIdentity& identity) {
  auto file = JournalFile::open(path, JournalFile::Use::extend);
  if (!file) return std::unexpected(file.error());
  Journal journal;
  journal.identity_ = identity;
  journal.file_ = std::move(*file);
  const auto text = journal.file_.lines(JournalFile::Use::extend);
  if (!text) return std::unexpected(fmt::format("{} {}", path.string(), text.error()));
  if (text->empty()) {
    journal.file_.write(text_of(identity));
    return journal;
  }
  if (auto loaded = journal.load(*text); !loaded) {
    return std::unexpected(fmt::format("{}: {}", path.string(), loaded.error()));
  }
  if (journal.identity_ != identity) {
    return std::unexpected(fmt::format(
        "{}: the journal of another sweep (other files, forms, seed, shard or program); name "
        "another file",
        path.string()));
  }
  return journal;
}

std::expected<Journal, std::string> Journal::read(const std::filesystem::path& path) {
  auto file = JournalFile::open(path, JournalFile::Use::read);
  if (!file) return std::unexpected(file.error());
  const auto text = file->lines(JournalFile::Use::read);
  if (!text) return std::unexpected(fmt::format("{} {}", path.string(), text.error()));
  if (text->empty()) return std::unexpected(path.string() + " is empty");
  Journal journal;
  if (auto loaded = journal.load(*text); !loaded) {
    return std::unexpected(fmt::format("{}: {}", path.string(), loaded.error()));
  }
  return journal;
}

std::expected<void, std::string> Journal::load(const std::string& text) {
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    try {
      if (number == 1) {
        identity_ = identity_of(line);
      } else {
        take_line(line);
      }
    } catch (const json::exception& error) {
      if (number == 1) return std::unexpected("not the journal of a sweep by this program");
      return std::unexpected(
          fmt::format("line {} is damaged ({}); delete that line to go on without what it told",
                      number, error.what()));
    }
  }
  return {};
}

void Journal::take_line(const std::string& text) {
  const auto line = json::parse(text);
  if (line.contains("state")) {
    const auto key = line.at("state").get<std::string>();
    const auto outcome = whole_number<std::size_t>(line.at("outcome"));
    if (key.size() != 32 || outcome >= outcome_kinds) {
      throw json::other_error::create(501, "no state", nullptr);
    }
    states_[{hexadecimal(std::string_view(key).substr(0, 16)),
             hexadecimal(std::string_view(key).substr(16))}] = static_cast<Outcome>(outcome);
  } else if (line.contains("phases")) {
    phases_.clear();
    for (const auto& phase : line.at("phases")) phases_.push_back(swept_of(phase));
  } else if (line.contains("took_s")) {
    seconds_ += line.at("took_s").get<double>();
    if (auto program = line.at("program").get<std::string>(); !program.empty()) {
      programs_.insert(std::move(program));
    }
  } else {
    auto result = result_of(line);
    if (has(result.phase, result.index, result.instant())) return;
    done_[{result.phase, result.index, result.instant()}] = results_.size();
    results_.push_back(std::move(result));
  }
}

bool Journal::has(const std::string& phase, std::uint32_t index, bool instant) const {
  return done_.contains({phase, index, instant});
}

bool Journal::complete() const {
  std::size_t chosen = 0;
  for (const auto& phase : phases_) chosen += std::size_t{phase.chosen} + phase.instants;
  return !phases_.empty() && chosen == results_.size();
}

void Journal::add(const StateKey& key, Outcome outcome) {
  states_[key] = outcome;
  file_.write(json{{"state", fmt::format("{:016x}{:016x}", key.high, key.low)},
                   {"outcome", static_cast<unsigned>(outcome)}}
                  .dump());
}

void Journal::add(OperationResult result) {
  file_.write(text_of(result));
  done_[{result.phase, result.index, result.instant()}] = results_.size();
  results_.push_back(std::move(result));
}

void Journal::took(double seconds, const std::string& program) {
  seconds_ += seconds;
  if (!program.empty()) programs_.insert(program);
  file_.write(json{{"took_s", seconds}, {"program", program}}.dump());
}

bool Journal::set_phases(std::vector<Swept> phases) {
  if (!phases_.empty()) return phases_ == phases;
  phases_ = std::move(phases);
  json all = json::array();
  for (const auto& phase : phases_) all.push_back(to_json(phase));
  file_.write(json{{"phases", all}}.dump());
  return true;
}

}  // namespace goldcrest::sim
