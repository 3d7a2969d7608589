// SPDX-License-Identifier: MIT
// The life of one node, played on real parts in virtual time: the server's engine, the border
// router and a virtual board with the real firmware, and every claim checked. What ./demo shows.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/version.hpp"
#include "host/router/dodag_log.hpp"
#include "host/server/engine.hpp"
#include "host/server/oscore_front.hpp"
#include "host/server/store.hpp"
#include "sim/air/pcap.hpp"
#include "sim/field/field_device.hpp"
#include "sim/field/forger.hpp"
#include "sim/field/sniffer.hpp"
#include "sim/story/narrator.hpp"
#include "sim/world/world.hpp"

namespace goldcrest::sim {

struct StoryOptions {
  std::filesystem::path man;       ///< MAN image, version 1.0.31
  std::filesystem::path releases;  ///< folder with the .fmu files of 1.1.31, 1.2.31 and 1.3.31
  std::vector<packer::PublicKey> public_keys;
  std::filesystem::path oscore;  ///< file of security contexts; the first is the node's
  std::uint64_t seed = 1;
  AirOptions air;
  std::optional<PcapWriter> pcap;
  bool realtime = false;
  bool quiet = false;
  bool terminal = false;
  std::optional<int> only_act;  ///< 1 to 11; the acts before it are played silently
};

inline constexpr int story_acts = 11;

class Story final : private server::RequestLog {
 public:
  explicit Story(StoryOptions options);

  /// Plays; true when every claim of the acts that were told held. The summary goes to stdout.
  bool play();

 private:
  // The acts, in acts.cpp.
  void serve();
  void manufacture();
  void provision();
  void run();
  void update();
  void changed();
  void roll_back();
  void interrupt();
  void tamper();
  void lock_for_ever();
  void old_device();

  // What acts are made of, in story.cpp.
  void start_server(server::OscorePolicy policy);
  void serve_datagram(base::Instant now, const wire::Endpoint& from, base::Bytes datagram);
  bool node_is_protected() const;
  /// What of a conversation about `file` the frames on the air have given away.
  struct Eavesdropped {
    bool path = false;
    bool product = false;
    std::size_t pieces = 0;
  };
  Eavesdropped eavesdropped(const std::filesystem::path& file) const;
  void claim(bool holds, std::string_view what);
  void publish(const std::filesystem::path& file);
  void publish(const std::string& name, std::vector<std::uint8_t> bytes);
  std::filesystem::path release(const std::string& version) const;
  void reset_board(bool jumper);
  void press_button();
  /// Runs until the console, from the last mark on, contains `text`; the mark moves behind it.
  bool wait_for(std::string_view text, base::Duration limit);
  bool seen(std::string_view text) const;
  void mark() { mark_ = node_->console().size(); }
  void type_line(std::string_view line);
  bool wait_for_join();
  bool wait_for_progress(std::uint64_t percent);
  void show_progress();
  void pace(base::Instant now);
  void summary(std::chrono::steady_clock::duration real_time);
  void perform(int number);

  void request(const server::RequestRecord& record) override;

  StoryOptions options_;
  Narrator narrator_;
  World world_;
  server::Store store_;
  server::Engine engine_;
  std::optional<server::OscoreFront> front_;
  std::vector<oscore::SharedContext> contexts_;
  Sniffer sniffer_;
  Forger forger_;
  bool forging_ = false;
  /// While it downloads.
  struct OldDevice {
    const FieldDevice* device = nullptr;
    std::size_t total = 0;
  } old_device_;
  std::string last_context_;  ///< of the server's log: whose request was the last
  router::DodagLog dodag_log_;
  VirtualRouter* router_ = nullptr;
  BoardStation* node_ = nullptr;

  std::size_t mark_ = 0;
  std::uint64_t progress_done_ = 0;
  std::uint64_t progress_total_ = 0;
  int claims_ = 0;
  int broken_claims_ = 0;
  base::Version first_version_;
  base::Version last_version_;
  base::Duration update_time_{};
  std::uint64_t update_bytes_ = 0;
  std::chrono::steady_clock::time_point real_start_;
};

}  // namespace goldcrest::sim
