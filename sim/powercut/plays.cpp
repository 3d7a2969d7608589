// SPDX-License-Identifier: MIT
#include "sim/powercut/plays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/image/flash_map.hpp"

namespace goldcrest::sim {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr std::string_view version_label = "Current version: ";
constexpr std::string_view server_label = "Update server: ";
constexpr std::string_view prompt = "option> ";

/// The node as it was when the current phase began, and who is told of phases.
class Director {
 public:
  Director(Stage& stage, const ObligationSink& sink) : stage_(stage), sink_(sink) {}

  /// The node runs the version of its MAN image, knows its server, and has joined.
  void manufactures(const File& man) {
    stage_.programs(man);
    stage_.resets(false);
    old_ = stage_.reads(version_label, seconds(10));
    server_ = stage_.reads(server_label, seconds(5));
    stage_.serves_at(server_);
    stage_.joins();
  }

  void begins(std::string name, std::vector<std::string> versions,
              base::Duration limit = seconds(10)) {
    tell({.phase = std::move(name),
          .versions = std::move(versions),
          .server = server_,
          .settings = {},
          .limit = limit});
  }

  /// In the provisioning application, while the next `saves` settings are saved, or none.
  void begins_in_mta(std::string name, std::vector<std::string> versions, int saves) {
    Obligation obligation{.phase = std::move(name),
                          .versions = std::move(versions),
                          .server = server_,
                          .jumper = true,
                          .settings = {}};
    // With another value each time, the last of them when it is saved again.
    const int last = saves == 0 ? 0 : saves + 1;
    for (int save = 0; save <= last; ++save) {
      obligation.settings.push_back(setting(settings_ + save));
    }
    obligation.again = saves == 0 ? rollback_again() : save_again(obligation.settings.back());
    tell(std::move(obligation));
  }

  static Repetition save_again(const std::string& value) {
    return {.exchanges = {{"7\r", "device field 1, - for not set> ", {}},
                          {value + "\r", std::string(prompt), {}},
                          // Where the cut came late it has this value already.
                          {"4\r", "\nsaved\r", "there is nothing to save\r"}},
            .setting = value};
  }

  Repetition rollback_again() const {
    return {.exchanges = {{"5\r", fmt::format("rollback to version {} from {} y/n? ", older_, old_),
                           "there is no older application"},
                          {"y", fmt::format("rolled back to version {}", older_), {}}},
            .version = older_};
  }

  void downloads(const UpdateFile& update) {
    stage_.publishes(update.name, update.bytes);
    stage_.presses_button();
    stage_.sees(fmt::format("[Update: version {},", update.version), minutes(5));
    stage_.sees("COMPLETE", minutes(60));
    stage_.sees(fmt::format("[Rebooting into version {}]", update.version), seconds(5));
  }

  void updates(const UpdateFile& update, const std::string& suffix) {
    begins("download" + suffix, {old_, update.version});
    downloads(update);
    begins("first-boot" + suffix, {old_, update.version});
    stage_.sees(fmt::format("{}{}\r", version_label, update.version), seconds(30));
    stage_.joins();
    begins("confirm" + suffix, {old_, update.version});
    stage_.sees(fmt::format("[Confirmed: version {}]", update.version), minutes(5));
    stage_.waits(seconds(1));
    stage_.ends_phase();
    older_ = old_;
    old_ = update.version;
  }

  /// Saves another value of a setting in the provisioning application.
  void saves_setting() {
    stage_.types_line("7");
    stage_.sees("device field 1, - for not set> ", seconds(5));
    stage_.types_line(setting(++settings_));
    stage_.sees(prompt, seconds(5));
    stage_.types_line("4");
    stage_.sees("\nsaved\r", seconds(5));
    stage_.sees(prompt, seconds(5));
  }

  void provisions() {
    stage_.resets(true);
    first_setting_ = stage_.reads("device field 1: ", seconds(10));
    begins_in_mta("mta-save", {old_}, 1);
    stage_.sees(prompt, seconds(10));
    saves_setting();
    stage_.ends_phase();
    // Each bank has been in use before it is erased for the change that is swept.
    fills_data();
    saves_setting();
    saves_setting();
    fills_data();
    // One of these finds the bank full and moves to the other one.
    constexpr int saves = 3;
    begins_in_mta("data", {old_}, saves);
    for (int i = 0; i < saves; ++i) saves_setting();
    stage_.ends_phase();
  }

  void rolls_back() {
    begins_in_mta("mta-rollback", {older_, old_}, 0);
    stage_.types_line("5");
    stage_.sees(fmt::format("rollback to version {} from {} y/n?", older_, old_), seconds(5));
    stage_.types_key("y");
    stage_.sees(fmt::format("rolled back to version {}", older_), seconds(5));
    stage_.waits(seconds(1));
    begins("after-rollback", {older_});
    stage_.resets(false);
    stage_.sees(fmt::format("{}{}\r", version_label, older_), seconds(10));
    stage_.joins();
    stage_.presses_button();
    stage_.sees("[Update: nothing newer", minutes(3));
    stage_.waits(seconds(1));
    stage_.ends_phase();
  }

  /// Up to where the slot has been emptied and the image begun.
  void overwrites_what_was_rejected(const UpdateFile& update) {
    begins("overwrite", {older_});
    stage_.publishes(update.name, update.bytes);
    stage_.presses_button();
    stage_.sees(fmt::format("[Update: version {},", update.version), minutes(5));
    stage_.sees(" 5%]", minutes(5));
    stage_.ends_phase();
  }

  void gives_up(const UpdateFile& hanging) {
    downloads(hanging);
    // Each of the trial boots may still be ahead, ended by the watchdog after up to 30 s.
    begins("revert", {old_}, minutes(2));
    stage_.sees("Reset: watchdog", minutes(3));
    stage_.sees(fmt::format("{}{}\r", version_label, old_), seconds(10));
    stage_.joins();
    stage_.presses_button();
    stage_.sees("[Update: nothing newer", minutes(5));
    stage_.waits(seconds(1));
    stage_.ends_phase();
  }

 private:
  static constexpr std::uint32_t bank_size = image::data_section.size / 2;

  void tell(Obligation obligation) {
    if (stage_.ended()) return;
    sink_(obligation);
    stage_.begins(std::move(obligation.phase));
  }

  /// Long, so that DATA fills soon; each another one, because what is unchanged is not saved.
  std::string setting(int number) const {
    return number == 0 ? first_setting_ : fmt::format("a value of the sweep, {:09}", number);
  }

  /// Up to where each of DATA's banks is written.
  std::array<std::uint32_t, 2> written() {
    std::array<std::uint32_t, 2> ends{};
    const auto data = stage_.board().read_flash(image::data_section.base, image::data_section.size);
    if (!data) return ends;
    for (std::uint32_t at = 0; at < data->size(); ++at) {
      if ((*data)[at] != 0) ends.at(at / bank_size) = at % bank_size + 1;
    }
    return ends;
  }

  /// Until the active bank has no room for two more settings. A firmware that keeps them otherwise
  /// need not fill it ever.
  void fills_data() {
    constexpr int saves_max = 200;
    std::uint32_t free = bank_size;
    std::uint32_t taken = 0;
    for (int save = 0; save < saves_max && free >= 2 * taken && !stage_.ended(); ++save) {
      const auto before = written();
      saves_setting();
      const auto after = written();
      const std::size_t bank = after[0] != before[0] ? 0 : 1;
      if (after.at(bank) <= before.at(bank)) continue;  // it has just changed
      taken = after.at(bank) - before.at(bank);
      free = bank_size - after.at(bank);
    }
  }

  Stage& stage_;
  const ObligationSink& sink_;
  std::string old_;
  std::string older_;
  std::string server_;
  std::string first_setting_;
  int settings_ = 0;
};

void play_updates(Stage& stage, const Inputs& inputs, const ObligationSink& sink) {
  Director director(stage, sink);
  director.manufactures(inputs.man);
  for (std::size_t i = 0; i < std::min<std::size_t>(inputs.updates.size(), 2); ++i) {
    director.updates(inputs.updates[i], i == 0 ? "" : fmt::format("-{}", i + 1));
  }
  director.provisions();
  director.rolls_back();
  if (inputs.updates.size() > 2) director.overwrites_what_was_rejected(inputs.updates[2]);
}

void play_revert(Stage& stage, const Inputs& inputs, const ObligationSink& sink) {
  Director director(stage, sink);
  director.manufactures(inputs.man);
  director.gives_up(inputs.hanging.front());
}

}  // namespace

std::vector<Play> plays_with(const Inputs& inputs) {
  std::vector<Play> plays{{"updates", play_updates}};
  if (!inputs.hanging.empty()) plays.push_back({"revert", play_revert});
  return plays;
}

}  // namespace goldcrest::sim
