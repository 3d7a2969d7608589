// SPDX-License-Identifier: MIT
#include "sim/powercut/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace goldcrest::sim {
namespace {

nlohmann::json json_of(const Tally& tally) {
  nlohmann::json outcomes = nlohmann::json::object();
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    outcomes[std::string(to_text(static_cast<Outcome>(kind)))] = tally.outcomes.at(kind);
  }
  return {{"cuts", tally.cuts},
          {"fired", tally.fired},
          {"under_way", tally.under_way},
          {"lost", tally.lost()},
          {"outcomes", outcomes}};
}

nlohmann::json json_of(const Swept& phase, const PhaseSum& sum) {
  nlohmann::json kinds = nlohmann::json::object();
  for (std::size_t kind = 0; kind < phase.by_kind.size(); ++kind) {
    kinds[std::string(to_text(static_cast<board::FlashOperationKind>(kind)))] = phase.by_kind[kind];
  }
  return {{"phase", phase.phase},
          {"operations", phase.operations},
          {"chosen", phase.chosen},
          {"length_s", static_cast<double>(phase.length.count()) / 1e6},
          {"kinds", kinds},
          {"swept", sum.operations},
          {"first", json_of(sum.first)},
          {"further", json_of(sum.further)},
          {"instants_chosen", phase.instants},
          {"instants_swept", sum.instant_count},
          {"instants", json_of(sum.instants)},
          {"rows", json_of(sum.rows)}};
}

std::string parts_line(const Report& report) {
  std::string text;
  if (report.parts > 1) text = fmt::format("{} of {} parts; ", report.parts_here, report.parts);
  return text + (report.complete ? "complete" : "NOT COMPLETE: not all that was chosen is swept");
}

/// One of its parts lacks what the others have.
std::expected<void, std::string> check_part(const Journal& part, const Journal& first,
                                            bool partial) {
  const auto& identity = part.identity();
  const auto name = fmt::format("part {}/{}", identity.shard + 1, identity.shards);
  if (identity.text != first.identity().text || identity.shards != first.identity().shards) {
    return std::unexpected(name + " is of another sweep: other files or options");
  }
  const auto same_course = [](const Swept& one, const Swept& other) {
    return one.phase == other.phase && one.operations == other.operations &&
           one.length == other.length && one.by_kind == other.by_kind;
  };
  if (!part.phases().empty() && !first.phases().empty() &&
      !std::ranges::equal(part.phases(), first.phases(), same_course)) {
    return std::unexpected(name + " saw the plays go another way: made by another program?");
  }
  if (!partial && !part.complete()) {
    return std::unexpected(name + " is not complete; run it on, or report it with --partial");
  }
  return {};
}

}  // namespace

// --- sums ----------------------------------------------------------------------------------------

Tally PhaseSum::all() const {
  Tally sum = first;
  sum += further;
  sum += instants;
  return sum += rows;
}

std::vector<PhaseSum> by_phase(const Report& report) {
  std::map<std::string, PhaseSum> sums;
  for (const auto& result : report.results) {
    auto& sum = sums[result.phase];
    (result.instant() ? sum.instants : sum.first) += result.first;
    (result.instant() ? sum.rows : sum.further) += result.further;
    ++(result.instant() ? sum.instant_count : sum.operations);
  }
  std::vector<PhaseSum> in_order;
  for (const auto& phase : report.phases) in_order.push_back(sums[phase.phase]);
  return in_order;
}

std::uint64_t count(const Tally& tally, Outcome outcome) {
  return tally.outcomes.at(static_cast<std::size_t>(outcome));
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at > 0 && (digits.size() - at) % 3 == 0) text += ',';
    text += digits[at];
  }
  return text;
}

std::vector<std::string> failures(const Report& report) {
  std::vector<std::string> all;
  for (const auto& result : report.results) {
    all.insert(all.end(), result.lost.begin(), result.lost.end());
    for (const auto& path : result.not_fired) all.push_back(path + " did not fire");
  }
  return all;
}

std::string path_of(const std::string& failure) {
  return failure.substr(0, failure.find(' '));
}

Tally Report::first() const {
  Tally sum;
  for (const auto& phase : by_phase(*this)) sum += phase.first;
  return sum;
}

Tally Report::further() const {
  Tally sum;
  for (const auto& phase : by_phase(*this)) sum += phase.further;
  return sum;
}

Tally Report::instants() const {
  Tally sum;
  for (const auto& phase : by_phase(*this)) sum += phase.instants;
  return sum;
}

Tally Report::rows() const {
  Tally sum;
  for (const auto& phase : by_phase(*this)) sum += phase.rows;
  return sum;
}

Tally Report::all() const {
  Tally sum;
  for (const auto& phase : by_phase(*this)) sum += phase.all();
  return sum;
}

std::uint64_t Report::operations() const {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      results, [](const OperationResult& result) { return !result.instant(); }));
}

std::uint64_t Report::boots() const {
  std::uint64_t sum = 0;
  for (const auto& result : results) sum += result.boots;
  return sum;
}

bool Report::passed() const {
  const auto sum = all();
  return failures(*this).empty() && sum.cuts > 0 && sum.fired == sum.cuts && sum.lost() == 0;
}

// --- journals ------------------------------------------------------------------------------------

std::expected<Report, std::string> report_of(const Journal& journal) {
  auto what = parse_description(journal.identity().text);
  if (!what) return std::unexpected(what.error());
  return Report{.what = std::move(*what),
                .programs = journal.programs(),
                .parts = journal.identity().shards,
                .parts_here = 1,
                .complete = journal.complete(),
                .phases = journal.phases(),
                .results = journal.results(),
                .states = journal.states().size(),
                .seconds = journal.seconds()};
}

std::expected<Report, std::string> merge(const std::vector<Journal>& parts, bool partial) {
  if (parts.empty()) return std::unexpected("no journal");
  auto merged = report_of(parts.front());
  if (!merged) return merged;
  std::set<unsigned> shards;
  std::set<StateKey> states;
  merged->results.clear();
  merged->seconds = 0;
  for (const auto& part : parts) {
    if (const auto fits = check_part(part, parts.front(), partial); !fits) {
      return std::unexpected(fits.error());
    }
    if (!shards.insert(part.identity().shard).second) {
      return std::unexpected(fmt::format("part {}/{} is there twice", part.identity().shard + 1,
                                         part.identity().shards));
    }
    if (merged->phases.empty()) merged->phases = part.phases();
    merged->programs.insert(part.programs().begin(), part.programs().end());
    merged->results.insert(merged->results.end(), part.results().begin(), part.results().end());
    merged->seconds += part.seconds();
    merged->complete = merged->complete && part.complete();
    for (const auto& [key, outcome] : part.states()) states.insert(key);
  }
  for (std::size_t at = 0; at < merged->phases.size(); ++at) {
    auto& phase = merged->phases[at];
    phase.chosen = phase.instants = 0;
    for (const auto& part : parts) {
      if (part.phases().empty()) continue;
      phase.chosen += part.phases()[at].chosen;
      phase.instants += part.phases()[at].instants;
    }
  }
  merged->states = states.size();
  merged->parts_here = static_cast<unsigned>(shards.size());
  for (unsigned shard = 0; shard < merged->parts; ++shard) {
    if (shards.contains(shard)) continue;
    merged->complete = false;
    if (!partial) {
      return std::unexpected(fmt::format(
          "part {}/{} is missing; name its journal too, or report what is there with --partial",
          shard + 1, merged->parts));
    }
  }
  return merged;
}

// --- text and JSON -------------------------------------------------------------------------------

std::string as_text(const Report& report, const std::string& replay_command) {
  std::string text;
  for (const auto& file : report.what.files) {
    text += fmt::format("{:<15} {}  {}\n", file.role, file.sha256.substr(0, 16), file.name);
  }
  text +=
      fmt::format("\n{:<18}{:>13}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>6}\n", "phase",
                  "operations", "cuts", "2nd cuts", "instants", "in rows", "old", "new", "lost");
  const auto sums = by_phase(report);
  for (std::size_t at = 0; at < sums.size(); ++at) {
    const auto& phase = report.phases[at];
    const auto all = sums[at].all();
    if (all.cuts == 0) continue;
    text +=
        fmt::format("{:<18}{:>13}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>6}\n", phase.phase,
                    fmt::format("{}/{}", grouped(sums[at].operations), grouped(phase.operations)),
                    grouped(sums[at].first.cuts), grouped(sums[at].further.cuts),
                    grouped(sums[at].instants.cuts), grouped(sums[at].rows.cuts),
                    grouped(count(all, Outcome::old_version)),
                    grouped(count(all, Outcome::new_version)), grouped(all.lost()));
  }
  const auto all = report.all();
  text += fmt::format(
      "\n{} operations, {} cuts of which {} fired, {} distinct flash states, {} boots, {:.0f} s; "
      "{}\n",
      grouped(report.operations()), grouped(all.cuts), grouped(all.fired), grouped(report.states),
      grouped(report.boots()), report.seconds, parts_line(report));
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    if (all.outcomes.at(kind) == 0) continue;
    text += fmt::format("  {:<14}{:>11}\n", to_text(static_cast<Outcome>(kind)),
                        grouped(all.outcomes.at(kind)));
  }
  const auto bad = failures(report);
  for (const auto& failure : bad) {
    text += fmt::format("FAILED {}\n  again: {} {}\n", failure, replay_command, path_of(failure));
  }
  return text + (report.passed() ? "every cut fired, no node was lost\n"
                                 : fmt::format("{} cuts failed\n", bad.size()));
}

std::string as_json(const Report& report, const std::string& replay_command) {
  const auto sums = by_phase(report);
  nlohmann::json phases = nlohmann::json::array();
  for (std::size_t at = 0; at < sums.size(); ++at) {
    phases.push_back(json_of(report.phases[at], sums[at]));
  }
  nlohmann::json bad = nlohmann::json::array();
  for (const auto& failure : failures(report)) {
    bad.push_back({{"what", failure}, {"again", replay_command + " " + path_of(failure)}});
  }
  const nlohmann::json json{{"what", nlohmann::json::parse(describe(report.what))},
                            {"programs", report.programs},
                            {"parts", report.parts},
                            {"parts_here", report.parts_here},
                            {"complete", report.complete},
                            {"passed", report.passed()},
                            {"operations", report.operations()},
                            {"first", json_of(report.first())},
                            {"further", json_of(report.further())},
                            {"instants", json_of(report.instants())},
                            {"rows", json_of(report.rows())},
                            {"states", report.states},
                            {"boots", report.boots()},
                            {"seconds", report.seconds},
                            {"phases", phases},
                            {"failures", bad}};
  return json.dump(2) + "\n";
}

}  // namespace goldcrest::sim
