// SPDX-License-Identifier: MIT
// What happens to a node and to its update, as lines on the console. The lines are an interface:
// people read them and programs wait for them. docs/console.md lists them all.
#pragma once

#include "core/net/rpl_events.hpp"
#include "core/role/update_client.hpp"
#include "firmware/text/printer.hpp"

namespace goldcrest::app {

class RplConsole final : public net::RplEvents {
 public:
  explicit RplConsole(text::Output& output) : output_(output) {}

  void instance_started(base::Instant now, std::uint8_t instance_id) override;
  void dodag_joined(base::Instant now, const net::DodagInfo& dodag, const wire::Ipv6Address& parent,
                    std::uint16_t rank) override;
  void version_changed(base::Instant now, std::uint8_t from, std::uint8_t to) override;
  void dodag_refused(base::Instant now, const net::DodagInfo& dodag, std::string_view why) override;
  void address_added(base::Instant now, const wire::Ipv6Address& prefix, unsigned prefix_bits,
                     const wire::Ipv6Address& address) override;
  void address_removed(base::Instant now, const wire::Ipv6Address& address) override;
  void parent_changed(base::Instant now, const std::optional<wire::Ipv6Address>& from,
                      const std::optional<wire::Ipv6Address>& to, std::uint16_t etx) override;
  void rank_changed(base::Instant now, std::uint16_t from, std::uint16_t to) override;
  void parent_lost(base::Instant now, const wire::Ipv6Address& parent) override;
  void local_repair(base::Instant now, std::string_view why) override;
  void route_confirmed(base::Instant now, const wire::Ipv6Address& parent) override;

 private:
  text::Printer rpl() {
    text::Printer printer(output_);
    printer.text("[RPL: ");
    return printer;
  }

  text::Output& output_;
};

/// Prints, and keeps what the application has to act upon.
class UpdateConsole final : public role::UpdateEvents {
 public:
  explicit UpdateConsole(text::Output& output) : output_(output) {}

  void asked(bool classic) override;
  void server_reached() override { server_reached_ = true; }
  void nothing_newer(base::Duration ask_again_after) override;
  void found(base::Version version, std::uint32_t size) override;
  /// At most one line for each per cent.
  void progress(std::uint32_t received, std::uint32_t total) override;
  void refused(const role::Refusal& refusal, base::Duration ask_again_after) override;
  void complete(base::Version version) override;
  void failed(std::string_view reason, base::Duration ask_again_after) override;

  /// Whether the server has answered anything since the start.
  bool reached_server() const { return server_reached_; }
  /// The version that complete() told of.
  std::optional<base::Version> completed() const { return completed_; }
  /// A result that has not been taken yet: to be remembered over the reset. Refusals are not: the
  /// client tells the server with its next question, and were they written to flash, anybody could
  /// wear it out by having offers refused for two reasons in turn.
  std::optional<wire::UpdateResult> take_result();

 private:
  void ask_again(base::Duration after);
  text::Printer print() { return text::Printer(output_); }

  text::Output& output_;
  bool server_reached_ = false;
  std::optional<std::uint32_t> last_percent_;
  std::optional<base::Version> completed_;
  std::optional<wire::UpdateResult> result_;
};

}  // namespace goldcrest::app
