// SPDX-License-Identifier: MIT
#include "sim/powercut/journal.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>
#include <utility>

namespace goldcrest::sim {
namespace {

using nlohmann::json;

json to_json(const Tally& tally) {
  return {{"cuts", tally.cuts}, {"fired", tally.fired}, {"outcomes", tally.outcomes}};
}

Tally tally_of(const json& line) {
  Tally tally;
  tally.cuts = line.at("cuts").get<std::uint64_t>();
  tally.fired = line.at("fired").get<std::uint64_t>();
  line.at("outcomes").get_to(tally.outcomes);
  return tally;
}

std::string text_of(const OperationResult& result) {
  const json line{{"phase", result.phase},     {"operation", result.index},
                  {"kind", result.kind},       {"address", result.address},
                  {"first", to_json(result.first)}, {"further", to_json(result.further)},
                  {"boots", result.boots},     {"lost", result.lost},
                  {"not_fired", result.not_fired}};
  return line.dump();
}

OperationResult result_of(const json& line) {
  return {.phase = line.at("phase").get<std::string>(),
          .index = line.at("operation").get<std::uint32_t>(),
          .kind = line.at("kind").get<std::string>(),
          .address = line.at("address").get<std::uint32_t>(),
          .first = tally_of(line.at("first")),
          .further = tally_of(line.at("further")),
          .boots = line.at("boots").get<std::uint64_t>(),
          .lost = line.at("lost").get<std::vector<std::string>>(),
          .not_fired = line.at("not_fired").get<std::vector<std::string>>()};
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

Tally& Tally::operator+=(const Tally& other) {
  cuts += other.cuts;
  fired += other.fired;
  for (std::size_t kind = 0; kind < outcome_kinds; ++kind) {
    outcomes.at(kind) += other.outcomes.at(kind);
  }
  return *this;
}

std::expected<Journal, std::string> Journal::open(const std::filesystem::path& path,
                                                  const std::string& identity) {
  Journal journal;
  std::string whole;
  if (std::filesystem::exists(path)) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::unexpected(fmt::format("cannot read {}", path.string()));
    std::ostringstream text;
    text << file.rdbuf();
    whole = text.str();
    whole.resize(whole.rfind('\n') + 1);  // npos + 1: no whole line at all
    std::istringstream lines(whole);
    if (auto loaded = journal.load(lines, identity); !loaded) {
      return std::unexpected(fmt::format("{}: {}", path.string(), loaded.error()));
    }
    std::filesystem::resize_file(path, whole.size());
  }
  journal.file_.open(path, std::ios::binary | std::ios::app);
  if (!journal.file_) return std::unexpected(fmt::format("cannot write {}", path.string()));
  if (whole.empty()) journal.write(json{{"sweep", identity}}.dump());
  return journal;
}

std::expected<void, std::string> Journal::load(std::istream& lines, const std::string& identity) {
  std::size_t number = 0;
  for (std::string text; std::getline(lines, text);) {
    ++number;
    try {
      const auto line = json::parse(text);
      if (number == 1) {
        if (line.at("sweep").get<std::string>() == identity) continue;
        return std::unexpected(
            "the journal of another sweep (other files, forms, seed or shard); name another file");
      }
      if (line.contains("state")) {
        const auto key = line.at("state").get<std::string>();
        const auto outcome = line.at("outcome").get<std::size_t>();
        if (key.size() != 32 || outcome >= outcome_kinds) {
          return std::unexpected(fmt::format("line {} is damaged", number));
        }
        states_[{hexadecimal(std::string_view(key).substr(0, 16)),
                 hexadecimal(std::string_view(key).substr(16))}] = static_cast<Outcome>(outcome);
      } else {
        auto result = result_of(line);
        if (!has(result.phase, result.index)) {
          done_[{result.phase, result.index}] = results_.size();
          results_.push_back(std::move(result));
        }
      }
    } catch (const json::exception& error) {
      return std::unexpected(fmt::format("line {} is damaged: {}", number, error.what()));
    }
  }
  return {};
}

bool Journal::has(const std::string& phase, std::uint32_t index) const {
  return done_.contains({phase, index});
}

void Journal::add(const StateKey& key, Outcome outcome) {
  states_[key] = outcome;
  write(json{{"state", fmt::format("{:016x}{:016x}", key.high, key.low)},
             {"outcome", static_cast<unsigned>(outcome)}}
            .dump());
}

void Journal::add(OperationResult result) {
  write(text_of(result));
  done_[{result.phase, result.index}] = results_.size();
  results_.push_back(std::move(result));
}

void Journal::write(const std::string& line) {
  if (!file_.is_open()) return;
  file_ << line << '\n' << std::flush;
  if (!file_) good_ = false;
}

}  // namespace goldcrest::sim
