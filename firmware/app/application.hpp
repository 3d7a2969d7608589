// SPDX-License-Identifier: MIT
// The application, put together: a mesh node with the update client on top, the installer behind
// it, radio and console below. One object, made once; run() is its main loop.
#pragma once

#include <optional>

#include "core/image/factory.hpp"
#include "core/net/transmission.hpp"
#include "core/role/installer_sink.hpp"
#include "core/role/node.hpp"
#include "core/role/protected_client.hpp"
#include "core/role/record_sequence.hpp"
#include "core/role/update_client.hpp"
#include "core/update/installer.hpp"
#include "core/update/records.hpp"
#include "core/update/secure_context.hpp"
#include "core/update/slots.hpp"
#include "firmware/app/console_events.hpp"
#include "firmware/app/trial.hpp"
#include "firmware/app/update_memory.hpp"
#include "firmware/chip/flash.hpp"
#include "firmware/chip/random.hpp"
#include "firmware/chip/spirit1.hpp"

namespace goldcrest::app {

/// What start-up has found out, before any part of the application is made.
struct Start {
  update::RunningImage running;
  image::SlotStatus status;
  crypto::Digest running_digest;
  image::Factory factory;
  update::Versions versions;
  wire::Eui64 eui64;
  UpdateMemory memory;
  std::optional<wire::Ipv6Address> server;
  std::optional<base::Duration> poll_interval;
  /// With it, nothing is said to the server unprotected, and nothing unprotected is heard.
  std::optional<oscore::Context> context;
  /// It was given one and does not know it: then it says nothing to the server and hears nothing.
  std::optional<update::SecureContextError> context_error;
  std::uint64_t first_sequence;
  std::uint32_t start;  ///< how often the device has started, this time included
};

class Application {
 public:
  /// Everything passed in must outlive the application. Time has been started.
  Application(const Start& start, text::Output& console, chip::ChipFlash& flash,
              update::Records& records, chip::ChipRandom& random, chip::Spirit1& radio);

  [[noreturn]] void run();

 private:
  void step(base::Instant now);
  void exchange_frames(base::Instant now);
  void send_frame(base::Instant now);
  void follow_network(base::Instant now);
  void follow_trial(base::Instant now);
  void follow_update();
  void follow_context(base::Instant now);
  net::UdpApplication& conversation();
  void take_keys(base::Instant now);
  void print_status();
  void print_stack();
  base::Instant next_deadline() const;

  const Start& start_;
  text::Output& console_;
  chip::ChipFlash& flash_;
  update::Records& records_;
  chip::Spirit1& radio_;

  RplConsole rpl_console_;
  UpdateConsole update_console_;
  update::Installer installer_;
  role::InstallerSink sink_;
  role::UpdateClient client_;
  role::RecordSequence sequence_store_;
  oscore::SenderSequence sequence_;
  std::optional<role::ProtectedClient> protected_client_;
  role::Node node_;
  Trial trial_;
  base::Instant next_complaint_;
  bool online_ = false;
  bool frame_out_ = false;
};

}  // namespace goldcrest::app
