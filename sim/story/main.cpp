// SPDX-License-Identifier: MIT
// goldcrest-story: plays the story for ./demo. Links the virtual board, and through it Unicorn
// (GPL).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "host/packer/key_files.hpp"
#include "sim/story/story.hpp"

int main(int argc, char** argv) {
  using namespace goldcrest;
  CLI::App app{"Plays the life of a node on virtual boards; see ./demo --help.", "goldcrest-story"};
  sim::StoryOptions options;
  std::string public_key;
  std::string pcap;
  int act = 0;
  app.add_option("--man", options.man, "MAN image of version 1.0.31")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--releases", options.releases,
                 "folder with the .fmu files 1.1.31, 1.2.31, 1.3.31")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--public-key", public_key, "the server checks signatures with it")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--oscore", options.oscore,
                 "file of security contexts; the node is given the first")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--seed", options.seed, "seed of everything random")->capture_default_str();
  app.add_option("--loss", options.air.loss, "share of radio frames that are lost, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--duplicate", options.air.duplicate, "share of frames heard twice")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--reorder", options.air.reorder, "share of frames held back")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--act", act, "only this act")->check(CLI::Range(1, sim::story_acts));
  app.add_option("--pcap", pcap, "write every radio frame to this file");
  app.add_flag("--realtime", options.realtime, "at the pace of the real thing");
  app.add_flag("--quiet", options.quiet, "acts and verdicts only");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  auto key = packer::read_public_key(public_key);
  if (!key) {
    fmt::print(stderr, "goldcrest-story: {}\n", key.error().text);
    return 1;
  }
  options.public_keys.push_back(std::move(*key));
  if (!pcap.empty()) {
    auto writer = sim::PcapWriter::create(pcap);
    if (!writer) {
      fmt::print(stderr, "goldcrest-story: {}\n", writer.error());
      return 1;
    }
    options.pcap = std::move(*writer);
  }
  if (act != 0) options.only_act = act;
  options.air.seed = options.seed;
  options.terminal = isatty(STDOUT_FILENO) != 0;
  sim::Story story(std::move(options));
  return story.play() ? 0 : 1;
}
