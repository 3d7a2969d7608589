// SPDX-License-Identifier: MIT
// The plays whose flash operations are cut: a node's life in phases.
//
//   updates: manufacture; of each update file in turn download, first boot, confirmation; then, in
//            the provisioning application, DATA filled until its banks change, saved settings,
//            rollback; the start after it; of a third update file the begin of its download, over
//            the version that was rolled back
//   revert:  an update whose application hangs, given up after its trial boots
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/powercut/stage.hpp"

namespace goldcrest::sim {

struct UpdateFile {
  std::string name;     ///< of the file, as the server wants it
  std::string version;  ///< as the banner shows it
  File bytes;
};

struct Inputs {
  File man;
  std::vector<UpdateFile> updates;  ///< one to three, ascending versions
  std::vector<UpdateFile> hanging;  ///< at most one
};

/// A person types something and looks what the node answers.
struct Exchange {
  std::string types;
  std::string sees;
  std::string or_else;  ///< not empty: this will do as well, and nothing more is typed
};

/// What was cut is done again, in the provisioning application, and must succeed.
struct Repetition {
  std::vector<Exchange> exchanges;
  std::string version;  ///< that runs afterwards; empty: any that the obligation has
  std::string setting;  ///< that device field 1 has afterwards; empty: not looked at
};

/// What a node must do once power is back, in one phase.
struct Obligation {
  std::string phase;
  std::vector<std::string> versions;  ///< the old one, and the new one if it may run
  std::string server;                 ///< the address that its banner must show
  bool jumper = false;                ///< fitted: the provisioning application must come first
  std::vector<std::string> settings;  ///< what its menu may then show as device field 1
  std::optional<Repetition> again;    ///< with the jumper, once the application has been seen
  base::Duration limit = std::chrono::seconds(10);  ///< until the banner
};

/// Gets each phase as it begins.
using ObligationSink = std::function<void(const Obligation&)>;

struct Play {
  std::string_view name;
  void (*perform)(Stage& stage, const Inputs& inputs, const ObligationSink& sink);
};

/// The plays that can be played with these inputs.
std::vector<Play> plays_with(const Inputs& inputs);

}  // namespace goldcrest::sim
