// SPDX-License-Identifier: MIT
#include "sim/story/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>

#include "host/server/log.hpp"
#include "sim/story/places.hpp"

namespace goldcrest::sim {

namespace {

using std::chrono::seconds;

base::Version parse_version(std::string_view text) {
  std::array<unsigned, 3> numbers{};
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (auto& number : numbers) {
    const auto result = std::from_chars(at, end, number);
    at = std::min(result.ptr + 1, end);
  }
  return {static_cast<std::uint8_t>(numbers[0]), static_cast<std::uint8_t>(numbers[1]),
          static_cast<std::uint16_t>(numbers[2])};
}

std::string to_text(const base::Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.build);
}

/// The text behind the last `label` in `console`, up to the end of its line; empty without one.
std::string_view last_value(std::string_view console, std::string_view label) {
  const auto at = console.rfind(label);
  if (at == std::string_view::npos) return {};
  const auto value = console.substr(at + label.size());
  return value.substr(0, value.find_first_of("\r\n"));
}

}  // namespace

Story::Story(StoryOptions options)
    : options_(std::move(options)),
      narrator_(options_.terminal, options_.quiet),
      world_(options_.air),
      store_(options_.public_keys),
      engine_(store_, {}, this),
      dodag_log_(
          [this](std::string_view line) { narrator_.say("router", std::string(line) + "\n"); }) {
  world_.after_step([this](base::Instant now) {
    narrator_.set_time(now);
    if (old_device_.device != nullptr) {
      narrator_.progress("old device", old_device_.device->file().size(), old_device_.total);
    }
    if (options_.realtime) pace(now);
  });
  world_.air().observe([this](base::Instant time, StationId, std::span<const std::uint8_t> frame) {
    sniffer_.hears(frame);
    if (options_.pcap) (void)options_.pcap->frame(time, frame);
  });
  router_ = &world_.add_router({.eui64 = {{0x02, 0, 0, 0, 0, 0, 0, 0x01}}}, places::router(),
                               options_.seed + 1, dodag_log_);
  node_ = &world_.add_board({.seed = options_.seed});
  node_->watch([this](std::string_view text) { narrator_.say("node", text); });
}

/// Starts it, or starts it again: then it knows of no conversation before.
void Story::start_server(server::OscorePolicy policy) {
  front_.reset();
  auto files = server::OscoreFiles::open(options_.oscore);
  if (!files) return claim(false, "the server starts: " + files.error());
  contexts_ = files->contexts;
  server::RequestLog* log = this;
  front_.emplace(*std::move(files), engine_, policy, log);
  world_.internet().listen(places::server(),
                           [this](base::Instant now, const wire::Endpoint& from,
                                  base::Bytes datagram) { serve_datagram(now, from, datagram); });
}

void Story::serve_datagram(base::Instant now, const wire::Endpoint& from, base::Bytes datagram) {
  if (forging_) {
    for (const auto& forged : forger_.answers_to(datagram)) {
      world_.internet().send(now, places::server(), from, forged);
    }
  }
  const auto answer = front_->receive(now, from, datagram);
  if (!answer) return;
  forger_.hears(*answer);
  world_.internet().send(now, places::server(), from, *answer);
}

/// By the server's log of the last request.
bool Story::node_is_protected() const {
  return !contexts_.empty() && last_context_ == contexts_.front().name;
}

bool Story::play() {
  real_start_ = std::chrono::steady_clock::now();
  for (int act = 1; act <= story_acts; ++act) {
    const bool told = !options_.only_act || *options_.only_act == act;
    narrator_.mute(!told);
    perform(act);
    if (options_.only_act == act) break;
  }
  narrator_.mute(false);
  last_version_ = parse_version(last_value(node_->console(), "Current version: "));
  summary(std::chrono::steady_clock::now() - real_start_);
  return broken_claims_ == 0;
}

void Story::perform(int number) {
  struct Act {
    std::string_view title;
    void (Story::*play)();
  };
  static constexpr std::array<Act, story_acts> acts{{
      {"Serve", &Story::serve},
      {"Manufacture", &Story::manufacture},
      {"Provision", &Story::provision},
      {"Run", &Story::run},
      {"Update", &Story::update},
      {"Changed", &Story::changed},
      {"Roll back", &Story::roll_back},
      {"Interrupt", &Story::interrupt},
      {"Tamper", &Story::tamper},
      {"Lock", &Story::lock_for_ever},
      {"Old device", &Story::old_device},
  }};
  const auto& act = acts.at(static_cast<std::size_t>(number - 1));
  narrator_.act(number, act.title);
  (this->*act.play)();
}

void Story::claim(bool holds, std::string_view what) {
  ++claims_;
  if (!holds) ++broken_claims_;
  narrator_.verdict(holds, what);
}

void Story::publish(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  publish(file.filename().string(), {std::istreambuf_iterator<char>(stream), {}});
}

void Story::publish(const std::string& name, std::vector<std::uint8_t> bytes) {
  const auto added = store_.add(name, std::move(bytes));
  if (added) {
    narrator_.say("server", "serving " + server::to_text(**added) + "\n");
  } else {
    narrator_.say("server", "refused " + name + ": " + added.error() + "\n");
  }
}

std::filesystem::path Story::release(const std::string& version) const {
  auto infix = "_" + version + "_APP_";
  std::ranges::replace(infix, '.', '_');
  for (const auto& entry : std::filesystem::directory_iterator(options_.releases)) {
    if (entry.path().filename().string().find(infix) != std::string::npos) return entry.path();
  }
  return options_.releases / (version + " is missing");
}

void Story::reset_board(bool jumper) {
  narrator_.direction(jumper ? "jumper PA0-3V3 fitted, reset pressed"
                             : "jumper taken off, reset pressed");
  node_->board().set_jumper(jumper);
  mark();
  node_->board().reset();
}

void Story::press_button() {
  narrator_.direction("user button pressed");
  node_->board().set_button(true);
  world_.run_for(std::chrono::milliseconds(100));
  node_->board().set_button(false);
}

bool Story::seen(std::string_view text) const {
  return std::string_view(node_->console()).substr(mark_).find(text) != std::string_view::npos;
}

bool Story::wait_for(std::string_view text, base::Duration limit) {
  const bool found = world_.run_until(
      [&] {
        show_progress();
        return seen(text);
      },
      limit);
  if (!found) return false;
  mark_ = node_->console().find(text, mark_) + text.size();
  // What is claimed of a line is told after the line.
  const auto line_ended = [this] {
    return node_->console().find('\n', mark_) != std::string::npos;
  };
  if (!text.ends_with(' ') && !text.ends_with('?')) {
    (void)world_.run_until(line_ended, std::chrono::milliseconds(20));
  }
  return true;
}

void Story::type_line(std::string_view line) {
  node_->board().type(std::string(line) + "\r");
}

bool Story::wait_for_join() {
  return wait_for("[RPL: joined DODAG", seconds(120));
}

void Story::show_progress() {
  constexpr std::string_view label = "[Updating: ";
  const auto console = std::string_view(node_->console()).substr(mark_);
  const auto end = console.rfind("%]");
  const auto at = end == std::string_view::npos ? end : console.rfind(label, end);
  if (at == std::string_view::npos) return;
  const auto numbers = console.substr(at + label.size(), end - at - label.size());
  const auto* limit = numbers.data() + numbers.size();
  const auto done = std::from_chars(numbers.data(), limit, progress_done_);
  (void)std::from_chars(done.ptr + 1, limit, progress_total_);
}

bool Story::wait_for_progress(std::uint64_t percent) {
  progress_done_ = 0;
  return world_.run_until(
      [&] {
        show_progress();
        return progress_done_ > 0 && progress_done_ * 100 >= percent * progress_total_;
      },
      seconds(3600));
}

void Story::pace(base::Instant now) {
  std::this_thread::sleep_until(real_start_ + now.time_since_epoch());
}

void Story::summary(std::chrono::steady_clock::duration real_time) {
  const auto& air = world_.air().statistics();
  const auto simulated_s = static_cast<double>(world_.now().time_since_epoch().count()) / 1e6;
  const auto real_s = std::chrono::duration<double>(real_time).count();
  fmt::print("\nSummary\n");
  fmt::print("  application      {} before, {} after\n", to_text(first_version_),
             to_text(last_version_));
  if (update_time_.count() > 0) {
    fmt::print("  first update     {} bytes in {:.1f} s of virtual time\n", update_bytes_,
               static_cast<double>(update_time_.count()) / 1e6);
  }
  fmt::print("  over the air     {} frames, {} bytes, {:.1f} s of air time\n", air.packets,
             air.bytes, static_cast<double>(air.busy.count()) / 1e6);
  fmt::print("  time             {:.1f} s simulated in {:.1f} s real ({:.0f} x)\n", simulated_s,
             real_s, simulated_s / real_s);
  fmt::print("  seed             {}\n", options_.seed);
  fmt::print("  claims           {} of {} hold\n", claims_ - broken_claims_, claims_);
}

void Story::request(const server::RequestRecord& record) {
  last_context_ = record.context;
  // One line a block would drown the story: files show as the node's progress instead.
  const bool block_in_the_middle = record.length > 0 && record.offset > 0;
  if (!block_in_the_middle) narrator_.say("server", server::to_text(record) + "\n");
}

}  // namespace goldcrest::sim
