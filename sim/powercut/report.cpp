// SPDX-License-Identifier: MIT
#include "sim/powercut/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace goldcrest::sim {
namespace {

struct PhaseSum {
  Tally first;
  Tally further;
  std::uint64_t operations = 0;
};

std::map<std::string, PhaseSum> by_phase(const Report& report) {
  std::map<std::string, PhaseSum> sums;
  for (const auto& result : report.results) {
    auto& sum = sums[result.phase];
    sum.first += result.first;
    sum.further += result.further;
    ++sum.operations;
  }
  return sums;
}

std::uint64_t count(const Tally& tally, Outcome outcome) {
  return tally.outcomes.at(static_cast<std::size_t>(outcome));
}

std::vector<std::string> failures(const Report& report) {
  std::vector<std::string> all;
  for (const auto& result : report.results) {
    all.insert(all.end(), result.lost.begin(), result.lost.end());
    for (const auto& path : result.not_fired) all.push_back(path + " did not fire");
  }
  return all;
}

/// The path in "download:17:torn3 silent".
std::string path_of(const std::string& failure) { return failure.substr(0, failure.find(' ')); }

std::string escaped(const std::string& text) {
  std::string result;
  for (const char character : text) {
    switch (character) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      default:
        result += character;
    }
  }
  return result;
}

constexpr std::string_view style = R"(<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}th,td{padding:.25em .8em;text-align:right;
border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}
.good{color:#17652f}.bad{color:#b00020}svg{width:100%;height:auto}code{background:#f3f3f3}
</style>)";

constexpr double plot_width = 960;
constexpr double plot_height = 160;

/// A column of the plot: neighbouring operations together, never of two phases.
struct Column {
  std::string phase;
  Tally tally;
};

std::vector<Column> columns(const Report& report) {
  std::size_t swept = 0;
  for (const auto& phase : report.phases) swept += phase.chosen;
  const std::size_t together = std::max<std::size_t>(1, swept / 480);
  std::vector<Column> all;
  for (const auto& phase : report.phases) {
    std::map<std::uint32_t, Tally> operations;
    for (const auto& result : report.results) {
      if (result.phase != phase.phase) continue;
      auto& tally = operations[result.index];
      tally += result.first;
      tally += result.further;
    }
    std::size_t number = 0;
    for (const auto& [index, tally] : operations) {
      if (number++ % together == 0) all.push_back({phase.phase, {}});
      all.back().tally += tally;
    }
  }
  return all;
}

std::string plot(const Report& report) {
  const auto all = columns(report);
  if (all.empty()) return {};
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"outcomes over the course\">\n",
      plot_width, plot_height + 90);
  const double width = plot_width / static_cast<double>(all.size());
  const auto bar = [&](double x, double& y, std::uint64_t part, std::uint64_t whole,
                       std::string_view colour) {
    if (part == 0) return;
    const double height = plot_height * static_cast<double>(part) / static_cast<double>(whole);
    y -= height;
    svg += fmt::format(
        "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\"/>\n", x, y,
        width + 0.05, height, colour);
  };
  std::string phase;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [name, tally] = all[i];
    const double x = static_cast<double>(i) * width;
    if (name != phase) {
      phase = name;
      svg += fmt::format(
          "<path d=\"M{0:.2f} 0V{1}\" stroke=\"#888\"/><text x=\"{0:.2f}\" y=\"{2}\" "
          "font-size=\"11\" transform=\"rotate(30 {0:.2f} {2})\">{3}</text>\n",
          x, plot_height + 6, plot_height + 16, escaped(name));
    }
    const auto old_version = count(tally, Outcome::old_version);
    const auto new_version = count(tally, Outcome::new_version);
    const auto whole = old_version + new_version + tally.lost();
    double y = plot_height;
    bar(x, y, old_version, whole, "#8fb3d9");
    bar(x, y, new_version, whole, "#5aa469");
    bar(x, y, tally.lost(), whole, "#d1002c");
  }
  return svg + "</svg>\n";
}

nlohmann::json json_of(const Tally& tally) {
  nlohmann::json outcomes = nlohmann::json::object();
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    outcomes[std::string(to_text(static_cast<Outcome>(kind)))] = tally.outcomes.at(kind);
  }
  return {{"cuts", tally.cuts}, {"fired", tally.fired}, {"lost", tally.lost()},
          {"outcomes", outcomes}};
}

}  // namespace

Tally Report::first() const {
  Tally sum;
  for (const auto& result : results) sum += result.first;
  return sum;
}

Tally Report::further() const {
  Tally sum;
  for (const auto& result : results) sum += result.further;
  return sum;
}

std::uint64_t Report::boots() const {
  std::uint64_t sum = 0;
  for (const auto& result : results) sum += result.boots;
  return sum;
}

bool Report::passed() const { return failures(*this).empty() && !results.empty(); }

std::string as_text(const Report& report, const std::string& replay_command) {
  std::string text = fmt::format("{}\n\n{:<18}{:>11}{:>9}{:>11}{:>9}{:>9}{:>6}\n", report.what,
                                 "phase", "operations", "cuts", "2nd cuts", "old", "new", "lost");
  const auto sums = by_phase(report);
  for (const auto& phase : report.phases) {
    const auto found = sums.find(phase.phase);
    if (found == sums.end()) continue;
    Tally both = found->second.first;
    both += found->second.further;
    text += fmt::format("{:<18}{:>11}{:>9}{:>11}{:>9}{:>9}{:>6}\n", phase.phase,
                        fmt::format("{}/{}", found->second.operations, phase.operations),
                        found->second.first.cuts, found->second.further.cuts,
                        count(both, Outcome::old_version), count(both, Outcome::new_version),
                        both.lost());
  }
  Tally all = report.first();
  all += report.further();
  text += fmt::format(
      "\n{} operations, {} cuts of which {} fired, {} distinct flash states, {} boots, {:.0f} s\n",
      report.results.size(), all.cuts, all.fired, report.states, report.boots(), report.seconds);
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    if (all.outcomes.at(kind) == 0) continue;
    text += fmt::format("  {:<14}{:>9}\n", to_text(static_cast<Outcome>(kind)),
                        all.outcomes.at(kind));
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
  for (const auto& phase : report.phases) {
    nlohmann::json kinds = nlohmann::json::object();
    for (std::size_t kind = 0; kind < phase.by_kind.size(); ++kind) {
      kinds[std::string(to_text(static_cast<board::FlashOperationKind>(kind)))] =
          phase.by_kind[kind];
    }
    nlohmann::json entry{{"phase", phase.phase},
                         {"operations", phase.operations},
                         {"chosen", phase.chosen},
                         {"kinds", kinds}};
    if (const auto found = sums.find(phase.phase); found != sums.end()) {
      entry["swept"] = found->second.operations;
      entry["first"] = json_of(found->second.first);
      entry["further"] = json_of(found->second.further);
    }
    phases.push_back(entry);
  }
  nlohmann::json bad = nlohmann::json::array();
  for (const auto& failure : failures(report)) {
    bad.push_back({{"what", failure}, {"again", replay_command + " " + path_of(failure)}});
  }
  const nlohmann::json json{{"what", report.what},
                            {"passed", report.passed()},
                            {"operations", report.results.size()},
                            {"first", json_of(report.first())},
                            {"further", json_of(report.further())},
                            {"states", report.states},
                            {"boots", report.boots()},
                            {"seconds", report.seconds},
                            {"phases", phases},
                            {"failures", bad}};
  return json.dump(2) + "\n";
}

std::string as_html(const Report& report, const std::string& replay_command) {
  Tally all = report.first();
  all += report.further();
  std::string page = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Power cuts</title>\n{}\n"
      "<h1>Power cuts</h1>\n<p>{}</p>\n"
      "<p class=\"{}\"><strong>{}</strong></p>\n"
      "<p>The power of the node was cut {} times, at {} flash operations of its life: before each, "
      "inside it in several ways, and after it; {} of these cuts came while it was recovering from "
      "another one. That left {} different contents of its flash. Each was started again on the "
      "real firmware.</p>\n",
      style, escaped(report.what), report.passed() ? "good" : "bad",
      report.passed() ? "No node was lost, and every cut took place."
                      : fmt::format("{} cuts failed.", failures(report).size()),
      all.cuts, report.results.size(), report.further().cuts, report.states);
  page +=
      "<h2>How it ended, over the course</h2>\n<p>From left to right as things happen; blue: the "
      "old version runs, green: the new one, red: lost.</p>\n" +
      plot(report) +
      "<table><tr><th>phase</th><th>operations cut</th><th>cuts</th><th>during recovery</th>"
      "<th>old version</th><th>new version</th><th>lost</th></tr>\n";
  const auto sums = by_phase(report);
  for (const auto& phase : report.phases) {
    const auto found = sums.find(phase.phase);
    if (found == sums.end()) continue;
    Tally both = found->second.first;
    both += found->second.further;
    page += fmt::format(
        "<tr><td>{}</td><td>{} of {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
        "<td>{}</td></tr>\n",
        escaped(phase.phase), found->second.operations, phase.operations, found->second.first.cuts,
        found->second.further.cuts, count(both, Outcome::old_version),
        count(both, Outcome::new_version), both.lost());
  }
  page += "</table>\n";
  const auto bad = failures(report);
  if (!bad.empty()) page += "<h2>Failures</h2>\n<ul>\n";
  for (const auto& failure : bad) {
    page += fmt::format("<li class=\"bad\">{}<br><code>{} {}</code></li>\n", escaped(failure),
                        escaped(replay_command), escaped(path_of(failure)));
  }
  if (!bad.empty()) page += "</ul>\n";
  return page + "</html>\n";
}

}  // namespace goldcrest::sim
