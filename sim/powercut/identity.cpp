// SPDX-License-Identifier: MIT
#include "sim/powercut/identity.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/crypto/sha256.hpp"
#include "sim/powercut/whole_number.hpp"

namespace goldcrest::sim {
namespace {

using nlohmann::json;

json to_json(const FormCounts& forms) {
  return {{"torn", forms.torn}, {"words", forms.words}, {"unstable", forms.unstable}};
}

FormCounts forms_of(const json& object) {
  return {.torn = whole_number<std::uint8_t>(object.at("torn")),
          .words = whole_number<std::uint8_t>(object.at("words")),
          .unstable = whole_number<std::uint8_t>(object.at("unstable"))};
}

}  // namespace

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const auto byte : crypto::Sha256::of(bytes)) text += fmt::format("{:02x}", byte);
  return text;
}

std::string describe(const SweepDescription& description) {
  const auto& options = description.options;
  json files = json::array();
  for (const auto& file : description.files) {
    files.push_back({{"role", file.role},
                     {"name", file.name},
                     {"sha256", file.sha256},
                     {"bytes", file.size_bytes}});
  }
  return json{{"files", files},
              {"seed", options.seed},
              {"air_seeds", options.air_seeds},
              {"forms", to_json(options.forms)},
              {"depth", options.depth},
              {"further_forms", to_json(options.further_forms)},
              {"further_every", options.further_every},
              {"phases", options.phases},
              {"limit", options.limit},
              {"instants", options.instants}}
      .dump();
}

std::expected<SweepDescription, std::string> parse_description(const std::string& text) {
  try {
    const auto object = json::parse(text);
    SweepDescription description;
    for (const auto& file : object.at("files")) {
      description.files.push_back({.role = file.at("role").get<std::string>(),
                                   .name = file.at("name").get<std::string>(),
                                   .sha256 = file.at("sha256").get<std::string>(),
                                   .size_bytes = whole_number<std::uint64_t>(file.at("bytes"))});
    }
    auto& options = description.options;
    options.seed = whole_number<std::uint64_t>(object.at("seed"));
    options.air_seeds = whole_numbers<std::uint64_t>(object.at("air_seeds"));
    options.forms = forms_of(object.at("forms"));
    options.depth = whole_number<unsigned>(object.at("depth"));
    options.further_forms = forms_of(object.at("further_forms"));
    options.further_every = whole_number<unsigned>(object.at("further_every"));
    options.phases = object.at("phases").get<std::vector<std::string>>();
    options.limit = whole_number<unsigned>(object.at("limit"));
    options.instants = whole_number<unsigned>(object.at("instants"));
    if (options.air_seeds.empty()) return std::unexpected("no air seed");
    return description;
  } catch (const json::exception& error) {
    return std::unexpected(fmt::format("not the description of a sweep: {}", error.what()));
  }
}

}  // namespace goldcrest::sim
