// SPDX-License-Identifier: MIT
// The page for people who do not read tables of hexadecimal numbers. It stands alone: no script, no
// other file, no address; and it can be printed.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "sim/powercut/report.hpp"

namespace goldcrest::sim {
namespace {

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
      case '"':
        result += "&quot;";
        break;
      default:
        result += character;
    }
  }
  return result;
}

constexpr std::string_view style = R"(<style>
:root{--old:#4f83bd;--new:#3f9b5f;--lost:#c4002b}
body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}
h1{margin-bottom:.2em}h2{margin:1.6em 0 .4em;border-bottom:2px solid #ddd}
.verdict{padding:.6em 1em;border-left:.5em solid;font-size:1.25em;font-weight:600}
.good{border-color:var(--new);background:#eef7f0;color:#17552b}
.bad{border-color:var(--lost);background:#fdeef1;color:#8d0020}
.tiles{display:flex;flex-wrap:wrap;gap:.8em;margin:1em 0}
.tile{flex:1 1 9em;border:1px solid #ddd;border-radius:.4em;padding:.5em .8em}
.tile b{display:block;font-size:1.6em;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;margin:.6em 0;width:100%}
th,td{padding:.22em .6em;text-align:right;border-bottom:1px solid #ddd;
font-variant-numeric:tabular-nums;vertical-align:top}
th:first-child,td:first-child,.text td,.text th{text-align:left}
.how td:nth-child(2),.how th:nth-child(2){text-align:left}
thead th{border-bottom:2px solid #999}
tfoot td{font-weight:600;border-top:2px solid #999}
.key span{display:inline-block;width:.9em;height:.9em;margin:0 .3em 0 1em;vertical-align:-.1em}
svg{width:100%;height:auto}code{background:#f3f3f3;overflow-wrap:anywhere;font-size:.9em}
@media print{body{font-size:11px;margin:0;max-width:none}h2{break-after:avoid}
tr,svg g,.tile{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
</style>)";

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> phase_texts{{
    {"download", "the update comes over the air, is verified and installed"},
    {"first-boot", "the new version starts for the first time and joins"},
    {"confirm", "the new version reaches its server and confirms itself"},
    {"mta-save", "a setting is saved in the provisioning application"},
    {"data", "settings are saved until the memory for them is tidied up"},
    {"mta-rollback", "somebody returns to the older version"},
    {"after-rollback", "the older version starts and joins"},
    {"overwrite", "an update comes over a version that was rejected"},
    {"revert", "an update that hangs is given up by itself"},
    {"", ""},
}};

/// What happens in "download-2~7".
std::string phase_text(const std::string& phase) {
  const auto name = parse_course_name(phase);
  const bool second = name.phase.ends_with("-2");
  const auto base = second ? name.phase.substr(0, name.phase.size() - 2) : name.phase;
  const auto* const found =
      std::ranges::find(phase_texts, base, &std::pair<std::string_view, std::string_view>::first);
  std::string text(found == phase_texts.end() ? "" : found->second);
  if (second) text += ", over an older one";
  if (name.air_seed) text += fmt::format(" (other radio frames, {})", *name.air_seed);
  return text;
}

// --- the plots -----------------------------------------------------------------------------------

constexpr double plot_left = 150;
constexpr double plot_width = 800;
constexpr double bar_height = 26;
constexpr double mark_height = 7;
constexpr double row_height = 48;
constexpr std::size_t columns_max = 400;

struct Drawing {
  std::string svg;

  void box(double x, double y, double width, double height, std::string_view colour) {
    svg += fmt::format(
        "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\"/>\n", x, y,
        width, height, colour);
  }
  void text(double x, double y, std::string_view anchor, double size, const std::string& words) {
    svg += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"#333\">{}"
        "</text>\n",
        x, y, anchor, size, escaped(words));
  }
  /// The shares of the outcomes, from the bottom.
  void column(double x, double bottom, double width, const Tally& tally) {
    const auto whole = tally.ended();
    if (whole == 0) return;
    const auto part = [&](std::uint64_t number, std::string_view colour) {
      if (number == 0) return;
      const double height = bar_height * static_cast<double>(number) / static_cast<double>(whole);
      bottom -= height;
      box(x, bottom, width + 0.05, height, colour);
    };
    part(count(tally, Outcome::old_version), "#4f83bd");
    part(count(tally, Outcome::new_version), "#3f9b5f");
    part(tally.lost(), "#c4002b");
  }
};

std::string_view colour_of(const Tally& tally) {
  if (tally.lost() > 0) return "#c4002b";
  return count(tally, Outcome::new_version) > count(tally, Outcome::old_version) ? "#3f9b5f"
                                                                                 : "#4f83bd";
}

/// A row: the operations of a phase in their order, and under them the instants by their time.
void draw_phase(Drawing& drawing, const Swept& phase, const Report& report, double top) {
  std::map<std::uint32_t, Tally> operations;
  std::multimap<base::Duration, Tally> instants;
  for (const auto& result : report.results) {
    if (result.phase != phase.phase) continue;
    Tally tally = result.first;
    tally += result.further;
    if (result.instant()) {
      instants.emplace(result.at, tally);
    } else {
      operations[result.index] += tally;
    }
  }
  drawing.text(plot_left - 8, top + 13, "end", 13, phase.phase);
  drawing.text(plot_left - 8, top + 26, "end", 10,
               fmt::format("{} operations", grouped(operations.size())));
  drawing.box(plot_left, top, plot_width, bar_height, "#f0f0f0");
  const std::size_t together = (operations.size() + columns_max - 1) / columns_max;
  const std::size_t columns = together == 0 ? 0 : (operations.size() + together - 1) / together;
  const double width = columns == 0 ? 0 : plot_width / static_cast<double>(columns);
  std::size_t number = 0;
  Tally sum;
  for (const auto& [index, tally] : operations) {
    sum += tally;
    if (++number % together != 0 && number != operations.size()) continue;
    const auto column = static_cast<double>((number - 1) / together);
    drawing.column(plot_left + column * width, top + bar_height, width, std::exchange(sum, {}));
  }
  if (instants.empty() || phase.length.count() <= 0) return;
  drawing.text(plot_left - 8, top + 37, "end", 10,
               fmt::format("{} instants in {:.1f} s", grouped(instants.size()),
                           static_cast<double>(phase.length.count()) / 1e6));
  for (const auto& [at, tally] : instants) {
    const double x =
        plot_width * static_cast<double>(at.count()) / static_cast<double>(phase.length.count());
    drawing.box(plot_left + x, top + bar_height + 3, 1, mark_height, colour_of(tally));
  }
}

std::string plot(const Report& report) {
  Drawing drawing;
  double top = 4;
  const auto sums = by_phase(report);
  for (std::size_t at = 0; at < sums.size(); ++at) {
    if (sums[at].all().cuts == 0) continue;
    drawing.svg += "<g>\n";
    draw_phase(drawing, report.phases[at], report, top);
    drawing.svg += "</g>\n";
    top += row_height;
  }
  return fmt::format(
             "<svg viewBox=\"0 0 960 {:.0f}\" role=\"img\" "
             "aria-label=\"outcomes over the course\" font-family=\"sans-serif\">\n",
             top) +
         drawing.svg + "</svg>\n";
}

// --- the parts of the page -----------------------------------------------------------------------

std::string tile(std::uint64_t number, std::string_view words) {
  return fmt::format("<div class=\"tile\"><b>{}</b>{}</div>\n", grouped(number), words);
}

std::string head(const Report& report) {
  const auto all = report.all();
  std::string verdict = report.passed()
                            ? fmt::format("No node was lost in {} power cuts.", grouped(all.cuts))
                            : fmt::format("{} of {} power cuts failed.",
                                          grouped(failures(report).size()), grouped(all.cuts));
  if (!report.complete) verdict += " The sweep is not complete.";
  return fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Power cuts</title>\n"
      "{}</head><body>\n<h1>Power cuts</h1>\n<p>A node is a device in the field whose firmware is "
      "updated over the air. Here its power was cut, on a model of its board that runs the very "
      "firmware of the real one, wherever that could do harm; then the power came back, and it was "
      "checked that the node runs a signed version and can still be updated.</p>\n"
      "<p class=\"verdict {}\">{}</p>\n<div class=\"tiles\">{}{}{}{}{}</div>\n",
      style, report.passed() && report.complete ? "good" : "bad", verdict,
      tile(all.cuts, "power cuts"), tile(report.operations(), "flash operations cut"),
      tile(report.states, "different contents of the flash that this left"),
      tile(report.boots(), "restarts watched to their end"), tile(all.lost(), "nodes lost"));
}

std::string how_often(const Report& report) {
  const auto row = [](std::string_view what, std::string_view how, const Tally& tally) {
    if (tally.cuts == 0) return std::string();
    return fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", what, how,
                       grouped(tally.cuts), grouped(tally.fired));
  };
  const auto& forms = report.what.options.forms;
  const auto instants = report.instants();
  const auto rows = report.rows();
  const auto all = report.all();
  std::string text =
      "<h2>What was cut, and how often</h2>\n<p>Every cut that was set up must really have taken "
      "place: the last two columns must be equal.</p>\n<table class=\"how\"><thead><tr><th>cut</th>"
      "<th>how</th>"
      "<th>set up</th><th>took place</th></tr></thead>\n";
  text += row("at flash operations",
              fmt::format("before, after, and inside each: {} mixtures of old and new bits, {} of "
                          "the 32 words of a half page as the torn one, {} with bits that read "
                          "differently from one moment to the next",
                          forms.torn, forms.words, forms.unstable),
              report.first());
  text += row("while recovering from these",
              fmt::format("up to {} cuts in a row, at every flash operation of the recovery of one "
                          "in {} states",
                          report.what.options.depth, report.what.options.further_every),
              report.further());
  text += row("at any instant",
              fmt::format("{} random instants of each phase; in {} cases a flash operation was "
                          "under way",
                          report.what.options.instants, grouped(instants.under_way)),
              instants);
  text += row("at instants, many in a row",
              fmt::format("up to {} cuts with pauses up to 4 s, and contacts that bounce: 13 to 41 "
                          "cuts, 1 to 50 ms apart; in {} cases a flash operation was under way",
                          report.what.options.depth, grouped(rows.under_way)),
              rows);
  return text + fmt::format(
                    "<tfoot><tr><td>all</td><td></td><td>{}</td><td>{}</td></tr></tfoot>"
                    "</table>\n",
                    grouped(all.cuts), grouped(all.fired));
}

std::string how_it_ended(const Report& report) {
  const auto all = report.all();
  std::string text =
      "<h2>How it ended</h2>\n<table><thead><tr><th>phase</th><th>operations cut</th><th>cuts at "
      "operations</th><th>during recovery</th><th>at instants</th><th>in rows</th><th>old version "
      "runs</th><th>new version runs</th><th>lost</th></tr></thead>\n";
  const auto cells = [](const PhaseSum& sum) {
    const auto both = sum.all();
    return fmt::format(
        "<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        grouped(sum.first.cuts), grouped(sum.further.cuts), grouped(sum.instants.cuts),
        grouped(sum.rows.cuts), grouped(count(both, Outcome::old_version)),
        grouped(count(both, Outcome::new_version)), grouped(both.lost()));
  };
  PhaseSum total;
  const auto sums = by_phase(report);
  for (std::size_t at = 0; at < sums.size(); ++at) {
    const auto& phase = report.phases[at];
    total.first += sums[at].first;
    total.further += sums[at].further;
    total.instants += sums[at].instants;
    total.rows += sums[at].rows;
    if (sums[at].all().cuts == 0) continue;
    text += fmt::format("<tr><td><b>{}</b><br>{}</td><td>{} of {}</td>", escaped(phase.phase),
                        escaped(phase_text(phase.phase)), grouped(sums[at].operations),
                        grouped(phase.operations)) +
            cells(sums[at]);
  }
  text += fmt::format("<tfoot><tr><td>all</td><td>{}</td>", grouped(report.operations())) +
          cells(total) + "</tfoot></table>\n";
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    if (!is_lost(static_cast<Outcome>(kind)) || all.outcomes.at(kind) == 0) continue;
    text += fmt::format("<p>Lost, {}: {}</p>\n", to_text(static_cast<Outcome>(kind)),
                        grouped(all.outcomes.at(kind)));
  }
  return text;
}

std::string over_the_course(const Report& report) {
  return "<h2>How it ended, over the course</h2>\n<p class=\"key\">One row for each phase; from "
         "left "
         "to right its flash operations in their order, and below them the instants by their time."
         "<br><span style=\"background:var(--old)\"></span>the old version runs"
         "<span style=\"background:var(--new)\"></span>the new version runs"
         "<span style=\"background:var(--lost)\"></span>lost</p>\n" +
         plot(report);
}

std::string failed(const Report& report, const std::string& replay_command) {
  const auto bad = failures(report);
  if (bad.empty()) return {};
  std::string text = "<h2>Failures</h2>\n<ul>\n";
  for (const auto& failure : bad) {
    text += fmt::format("<li>{}<br><code>{} {}</code></li>\n", escaped(failure),
                        escaped(replay_command), escaped(path_of(failure)));
  }
  return text + "</ul>\n";
}

std::string of_what(const Report& report) {
  std::string text =
      "<h2>What was swept</h2>\n<table class=\"text\"><thead><tr><th>file</th><th>bytes</th>"
      "<th>SHA-256</th></tr></thead>\n";
  for (const auto& file : report.what.files) {
    text += fmt::format("<tr><td>{}: {}</td><td>{}</td><td><code>{}</code></td></tr>\n",
                        escaped(file.role), escaped(file.name), grouped(file.size_bytes),
                        escaped(file.sha256));
  }
  text += "</table>\n<p>";
  for (const auto& program : report.programs) text += escaped(program) + "<br>\n";
  const auto& options = report.what.options;
  text += fmt::format("seed {}, order of radio frames {}", options.seed, options.air_seeds.front());
  for (std::size_t at = 1; at < options.air_seeds.size(); ++at) {
    text += fmt::format(", {}", options.air_seeds[at]);
  }
  if (options.limit != 0) text += fmt::format("; only {} operations", grouped(options.limit));
  if (!options.phases.empty()) text += "; only some phases";
  if (report.parts > 1) text += fmt::format("; {} of {} parts", report.parts_here, report.parts);
  return text + fmt::format("; took {:.1f} minutes in all</p>\n", report.seconds / 60);
}

}  // namespace

std::string as_html(const Report& report, const std::string& replay_command) {
  return head(report) + failed(report, replay_command) + how_often(report) + how_it_ended(report) +
         over_the_course(report) + of_what(report) + "</body></html>\n";
}

}  // namespace goldcrest::sim
