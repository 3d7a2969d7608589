// SPDX-License-Identifier: MIT
#include "firmware/app/application.hpp"

#include <algorithm>

#include "firmware/app/banner.hpp"
#include "firmware/app/button.hpp"
#include "firmware/chip/console.hpp"
#include "firmware/chip/reset.hpp"
#include "firmware/chip/stack.hpp"
#include "firmware/chip/time.hpp"
#include "firmware/chip/watchdog.hpp"

namespace goldcrest::app {
namespace {

constexpr base::Duration complaint_interval = std::chrono::hours(1);

role::UpdateClientSettings client_settings(const Start& start) {
  role::UpdateClientSettings settings;
  if (start.poll_interval) settings.poll_interval = *start.poll_interval;
  if (start.context) settings.longest_wish = std::chrono::days(7);
  return settings;
}

wire::Ask device_facts(const Start& start) {
  wire::Ask ask;
  ask.product = start.factory.product.text();
  ask.running = start.running.version();
  ask.slots = {start.versions.app1, start.versions.app2};
  ask.running_digest = start.running_digest;
  ask.device = start.eui64;
  ask.last_result = start.memory.last_result;
  for (const auto& digest : start.memory.rejected) (void)ask.rejected.push_back(digest);
  return ask;
}

}  // namespace

Application::Application(const Start& start, text::Output& console, chip::ChipFlash& flash,
                         update::Records& records, chip::ChipRandom& random, chip::Spirit1& radio)
    : start_(start),
      console_(console),
      flash_(flash),
      records_(records),
      radio_(radio),
      rpl_console_(console),
      update_console_(console),
      installer_(flash, start.factory, start.running,
                 {start.memory.rejected.data(), start.memory.rejected.size()}),
      sink_(installer_),
      client_(random, sink_, update_console_, client_settings(start)),
      sequence_store_(records),
      sequence_(sequence_store_, start.first_sequence, role::RecordSequence::block),
      node_({.eui64 = start.eui64}, random, conversation(), rpl_console_),
      trial_(!start.status.confirmed, chip::now()),
      next_complaint_(start.context_error ? chip::now() + complaint_interval : base::never) {}

// What stands between the network and the client, which knows nothing of it.
net::UdpApplication& Application::conversation() {
  if (!start_.context) return client_;
  return protected_client_.emplace(client_, *start_.context, sequence_);
}

void Application::run() {
  const auto now = chip::now();
  client_.set_device(device_facts(start_));
  // Without a server the client asks nobody. Whoever has lost his context is not to be talked into
  // a conversation that anybody can join.
  if (start_.server && !start_.context_error) {
    client_.set_server({.address = *start_.server, .port = wire::coap::default_port});
  }
  text::Printer(console_).text("Link-local address: ").address(node_.link_local_address()).line();
  text::Printer(console_).text("Global address: none yet").line();
  node_.start(now);
  for (;;) {
    step(chip::now());
    chip::sleep_until(next_deadline());
  }
}

void Application::step(base::Instant now) {
  chip::kick_watchdog();
  exchange_frames(now);
  follow_network(now);
  follow_trial(now);
  follow_update();
  follow_context(now);
  take_keys(now);
}

void Application::exchange_frames(base::Instant now) {
  radio_.supervise(now);
  while (const auto* received = radio_.received()) {
    node_.receive(now, received->frame(), received->rssi_dbm);
    radio_.drop_received();
  }
  if (frame_out_ && !radio_.transmitting()) {
    frame_out_ = false;
    node_.transmission_done(
        now, radio_.last_sent() ? net::TransmitResult::sent : net::TransmitResult::failed);
  }
  send_frame(now);  // link acks do not wait for what advance() may write to flash
  node_.advance(now);
  send_frame(now);
}

void Application::send_frame(base::Instant now) {
  if (frame_out_) return;
  const auto transmission = node_.next_transmission(now);
  if (!transmission) return;
  switch (radio_.transmit(now, transmission->frame, !transmission->immediate)) {
    case chip::TransmitStart::started:
      frame_out_ = true;
      return;
    case chip::TransmitStart::channel_busy:
      node_.transmission_done(now, net::TransmitResult::channel_busy);
      return;
    case chip::TransmitStart::failed:
      node_.transmission_done(now, net::TransmitResult::failed);
      return;
  }
}

void Application::follow_network(base::Instant now) {
  const bool online = node_.joined() && node_.global_address().has_value();
  if (online == online_) return;
  online_ = online;
  client_.set_online(now, online);
}

void Application::follow_trial(base::Instant now) {
  switch (trial_.advance(now, online_, update_console_.reached_server())) {
    case Trial::Action::none:
      return;
    case Trial::Action::confirm:
      if (update::confirm(flash_, start_.running.slot)) {
        trial_.confirmed();
        text::Printer(console_)
            .text("[Confirmed: version ")
            .version(start_.running.version())
            .text("]")
            .line();
      }
      return;
    case Trial::Action::reset:
      console_.write("[Trial over without reaching the server: resetting]\n");
      chip::console_flush();
      chip::reset();
  }
}

void Application::follow_update() {
  if (const auto result = update_console_.take_result()) {
    if (const auto done = remember_result(records_, *result); !done) {
      text::Printer(console_).text("[DATA: ").text(update::describe(done.error())).text("]").line();
    }
  }
  if (const auto version = update_console_.completed()) {
    text::Printer(console_).text("[Rebooting into version ").version(*version).text("]").line();
    print_stack();
    chip::console_flush();
    chip::reset();
  }
}

// The device goes on as it is, and says what it waits for.
void Application::follow_context(base::Instant now) {
  if (now < next_complaint_) return;
  next_complaint_ = now + complaint_interval;
  print_silence(console_, *start_.context_error);
}

void Application::take_keys(base::Instant now) {
  if (take_button_press(now)) {
    console_.write("[Button: asking for an update]\n");
    if (start_.context_error) {
      next_complaint_ = now;  // and no question
    } else {
      client_.start(now);
    }
  }
  while (const auto key = chip::console_read()) {
    if (*key == 's' || *key == 'S') print_status();
  }
}

void Application::print_status() {
  const auto print = [&] { return text::Printer(console_); };
  print()
      .text("[Status: up ")
      .number(static_cast<std::uint32_t>(chip::now().time_since_epoch().count() / 1'000'000))
      .text(" s, rank ")
      .number(node_.rank())
      .text("]")
      .line();
  if (const auto address = node_.global_address()) {
    print().text("[Status: address ").address(*address).text("]").line();
  }
  if (protected_client_ && protected_client_->unprotected_answer()) {
    console_.write("[Status: the server's last answer was not protected and was not heard]\n");
  }
  const auto& radio = radio_.statistics();
  print()
      .text("[Status: frames received ")
      .number(radio.received)
      .text(", sent ")
      .number(radio.sent)
      .text(", CRC errors ")
      .number(radio.discarded)
      .text(", FIFO errors ")
      .number(radio.fifo_errors)
      .text(", overruns ")
      .number(radio.overruns)
      .text(", radio restarts ")
      .number(radio.recoveries)
      .text("]")
      .line();
  print_stack();
}

void Application::print_stack() {
  text::Printer(console_)
      .text("[Status: stack ")
      .number(chip::stack_high_water())
      .text(" of ")
      .number(chip::stack_size())
      .text(" bytes used at most]")
      .line();
}

base::Instant Application::next_deadline() const {
  auto deadline = std::min(
      {radio_.next_deadline(), trial_.next_deadline(), button_deadline(), next_complaint_});
  // The node has nothing to do for the radio while a frame is out; its end wakes us.
  if (!frame_out_) deadline = std::min(deadline, node_.next_deadline());
  return deadline;
}

}  // namespace goldcrest::app
