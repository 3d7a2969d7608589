// SPDX-License-Identifier: MIT
#include "sim/skip/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace goldcrest::sim {
namespace {

constexpr std::string_view style = R"(<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}th,td{padding:.25em .6em;text-align:right;
border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}
.good{color:#17652f}.bad{color:#b00020}code{background:#f3f3f3}
</style>)";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char character : text) {
    if (character == '&') {
      result += "&amp;";
    } else if (character == '<') {
      result += "&lt;";
    } else if (character == '>') {
      result += "&gt;";
    } else {
      result += character;
    }
  }
  return result;
}

struct Failure {
  std::string name;  ///< as --replay takes it
  std::string outcome;
};

std::vector<Failure> failures(const SkipReport& report) {
  std::vector<Failure> all;
  for (const auto& tried : report.situations) {
    for (const auto& trial : tried.trials) {
      if (!is_failure(trial.outcome)) continue;
      all.push_back({to_text(SkipName{tried.situation, trial.point.address, trial.point.occurrence,
                                      trial.half_words}),
                     fmt::format("{}, PC {:#010x}", to_text(trial.outcome), trial.end)});
    }
  }
  return all;
}

std::uint64_t points_of(const Tried& tried) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < tried.trials.size(); ++i) {
    count += i == 0 || tried.trials[i].point != tried.trials[i - 1].point ? 1u : 0u;
  }
  return count;
}

std::string verdict(const SkipReport& report) {
  return report.passed() ? "nothing that is not authentic, or forbidden, was executed"
                         : fmt::format("{} skips failed", failures(report).size());
}

nlohmann::json json_of(const std::array<std::uint64_t, skip_outcomes>& outcomes) {
  nlohmann::json json = nlohmann::json::object();
  for (std::size_t kind = 0; kind < skip_outcomes; ++kind) {
    json[std::string(to_text(static_cast<SkipOutcome>(kind)))] = outcomes.at(kind);
  }
  return json;
}

}  // namespace

std::array<std::uint64_t, skip_outcomes> SkipReport::outcomes() const {
  std::array<std::uint64_t, skip_outcomes> sum{};
  for (const auto& tried : situations) {
    const auto counts = tried.outcomes();
    for (std::size_t kind = 0; kind < skip_outcomes; ++kind) sum.at(kind) += counts.at(kind);
  }
  return sum;
}

std::uint64_t SkipReport::trials() const {
  std::uint64_t sum = 0;
  for (const auto& tried : situations) sum += tried.trials.size();
  return sum;
}

std::uint64_t SkipReport::points() const {
  std::uint64_t sum = 0;
  for (const auto& tried : situations) sum += points_of(tried);
  return sum;
}

bool SkipReport::passed() const {
  return trials() > 0 && failures(*this).empty();
}

std::string as_text(const SkipReport& report, const std::string& replay_command) {
  std::string text = fmt::format("{}\n\n{:<22}{:>8}{:>11}{:>9}{:>9}{:>9}{:>10}{:>9}{:>7}{:>8}\n",
                                 report.what, "situation", "points", "sampled", "skips", "refused",
                                 "authent.", "elsewhere", "rejected", "stuck", "failed");
  for (const auto& tried : report.situations) {
    const auto counts = tried.outcomes();
    const auto count = [&](SkipOutcome outcome) {
      return counts.at(static_cast<std::size_t>(outcome));
    };
    text += fmt::format(
        "{:<22}{:>8}{:>11}{:>9}{:>9}{:>9}{:>10}{:>9}{:>7}{:>8}\n", tried.situation,
        points_of(tried), fmt::format("{}/{}", tried.path.sampled, tried.path.instructions),
        tried.trials.size(), count(SkipOutcome::refused),
        count(SkipOutcome::authentic) + count(SkipOutcome::provisioning),
        count(SkipOutcome::elsewhere), count(SkipOutcome::rejected), count(SkipOutcome::stuck),
        count(SkipOutcome::forged) + count(SkipOutcome::forbidden) + count(SkipOutcome::untried));
  }
  text += fmt::format("\n{} points, {} skips, {:.0f} s\n", report.points(), report.trials(),
                      report.seconds);
  const auto outcomes = report.outcomes();
  for (std::size_t kind = 0; kind < skip_outcomes; ++kind) {
    if (outcomes.at(kind) == 0) continue;
    text +=
        fmt::format("  {:<16}{:>9}\n", to_text(static_cast<SkipOutcome>(kind)), outcomes.at(kind));
  }
  for (const auto& failure : failures(report)) {
    text += fmt::format("FAILED {}: {}\n  again: {} {}\n", failure.name, failure.outcome,
                        replay_command, failure.name);
  }
  return text + verdict(report) + "\n";
}

std::string as_json(const SkipReport& report, const std::string& replay_command) {
  nlohmann::json situations = nlohmann::json::array();
  for (const auto& tried : report.situations) {
    situations.push_back({{"situation", tried.situation},
                          {"what", tried.what},
                          {"without skips", tried.path.end},
                          {"instructions", tried.path.instructions},
                          {"sampled", tried.path.sampled},
                          {"executed", tried.path.executed},
                          {"points of all shards", tried.path.points.size()},
                          {"points", points_of(tried)},
                          {"skips", tried.trials.size()},
                          {"outcomes", json_of(tried.outcomes())}});
  }
  nlohmann::json bad = nlohmann::json::array();
  for (const auto& failure : failures(report)) {
    bad.push_back({{"skip", failure.name},
                   {"outcome", failure.outcome},
                   {"again", replay_command + " " + failure.name}});
  }
  const nlohmann::json json{{"what", report.what},
                            {"passed", report.passed()},
                            {"points", report.points()},
                            {"skips", report.trials()},
                            {"outcomes", json_of(report.outcomes())},
                            {"seconds", report.seconds},
                            {"situations", situations},
                            {"failures", bad}};
  return json.dump(2) + "\n";
}

std::string as_html(const SkipReport& report, const std::string& replay_command) {
  std::string page = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Skipped instructions</title>"
      "\n{}\n<h1>Skipped instructions</h1>\n<p>{}</p>\n<p class=\"{}\"><strong>{}.</strong></p>\n"
      "<p>An attacker who disturbs the chip in the right moment makes it leave out an instruction. "
      "Here the bootloader had to deal with flash contents that it must not start, and at {} "
      "moments on its way one to four half-words of its code were left out, {} times in all. Each "
      "time the board then ran on to its end.</p>\n",
      style, escaped(report.what), report.passed() ? "good" : "bad", verdict(report),
      report.points(), report.trials());
  page += "<table><tr><th>what lay in the flash</th><th>skips</th>";
  for (std::size_t kind = 1; kind < skip_outcomes; ++kind) {
    page += fmt::format("<th>{}</th>", to_text(static_cast<SkipOutcome>(kind)));
  }
  page += "</tr>\n";
  for (const auto& tried : report.situations) {
    page += fmt::format("<tr><td>{}</td><td>{}</td>", escaped(tried.what), tried.trials.size());
    const auto counts = tried.outcomes();
    for (std::size_t kind = 1; kind < skip_outcomes; ++kind) {
      page += fmt::format("<td>{}</td>", counts.at(kind));
    }
    page += "</tr>\n";
  }
  page += "</table>\n";
  const auto bad = failures(report);
  if (!bad.empty()) page += "<h2>Failures</h2>\n<ul>\n";
  for (const auto& failure : bad) {
    page +=
        fmt::format("<li class=\"bad\">{}: {}<br><code>{} {}</code></li>\n", escaped(failure.name),
                    escaped(failure.outcome), escaped(replay_command), escaped(failure.name));
  }
  if (!bad.empty()) page += "</ul>\n";
  return page + "</html>\n";
}

}  // namespace goldcrest::sim
