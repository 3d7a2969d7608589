// SPDX-License-Identifier: MIT
#include "firmware/app/console_events.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace goldcrest::app {
namespace {

constexpr std::uint16_t infinite_rank = 0xFFFF;

text::Printer& print_rank(text::Printer& printer, std::uint16_t rank) {
  return rank == infinite_rank ? printer.text("infinite") : printer.number(rank);
}

text::Printer& print_parent(text::Printer& printer,
                            const std::optional<wire::Ipv6Address>& parent) {
  return parent ? printer.address(*parent) : printer.text("none");
}

}  // namespace

void RplConsole::instance_started(base::Instant, std::uint8_t instance_id) {
  rpl().text("new instance ").number(instance_id).text("]").line();
}

void RplConsole::dodag_joined(base::Instant, const net::DodagInfo& dodag,
                              const wire::Ipv6Address& parent, std::uint16_t rank) {
  rpl()
      .text("joined DODAG ")
      .address(dodag.dodag_id)
      .text(", parent ")
      .address(parent)
      .text(", rank ")
      .number(rank)
      .text("]")
      .line();
}

void RplConsole::version_changed(base::Instant, std::uint8_t from, std::uint8_t to) {
  rpl().text("DODAG version ").number(from).text(" -> ").number(to).text("]").line();
}

void RplConsole::dodag_refused(base::Instant, const net::DodagInfo& dodag, std::string_view why) {
  rpl().text("cannot join DODAG ").address(dodag.dodag_id).text(": ").text(why).text("]").line();
}

void RplConsole::address_added(base::Instant, const wire::Ipv6Address& prefix, unsigned prefix_bits,
                               const wire::Ipv6Address& address) {
  rpl()
      .text("prefix ")
      .address(prefix)
      .text("/")
      .number(prefix_bits)
      .text(", address ")
      .address(address)
      .text("]")
      .line();
}

void RplConsole::address_removed(base::Instant, const wire::Ipv6Address& address) {
  rpl().text("address ").address(address).text(" is no longer ours]").line();
}

void RplConsole::parent_changed(base::Instant, const std::optional<wire::Ipv6Address>& from,
                                const std::optional<wire::Ipv6Address>& to, std::uint16_t etx) {
  auto printer = rpl();
  printer.text("parent ");
  print_parent(printer, from).text(" -> ");
  print_parent(printer, to);
  if (to) printer.text(", ETX ").number(etx).text("/128");
  printer.text("]").line();
}

void RplConsole::rank_changed(base::Instant, std::uint16_t from, std::uint16_t to) {
  auto printer = rpl();
  printer.text("rank ");
  print_rank(printer, from).text(" -> ");
  print_rank(printer, to).text("]").line();
}

void RplConsole::parent_lost(base::Instant, const wire::Ipv6Address& parent) {
  rpl().text("parent ").address(parent).text(" lost]").line();
}

void RplConsole::local_repair(base::Instant, std::string_view why) {
  rpl().text("local repair: ").text(why).text("]").line();
}

void RplConsole::route_confirmed(base::Instant, const wire::Ipv6Address& parent) {
  rpl().text("route confirmed by ").address(parent).text("]").line();
}

void UpdateConsole::ask_again(base::Duration after) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(after).count();
  print()
      .text("next question in ")
      .number(static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, UINT32_MAX)))
      .text(" s]")
      .line();
}

void UpdateConsole::asked(bool classic) {
  print()
      .text(classic ? "[Update: asking the server, classic protocol]"
                    : "[Update: asking the server]")
      .line();
}

void UpdateConsole::nothing_newer(base::Duration ask_again_after) {
  print().text("[Update: nothing newer, ");
  ask_again(ask_again_after);
}

void UpdateConsole::found(base::Version version, std::uint32_t size) {
  last_percent_.reset();
  print().text("[Update: version ").version(version).text(", ").number(size).text(" bytes]").line();
}

void UpdateConsole::progress(std::uint32_t received, std::uint32_t total) {
  if (total == 0) return;
  const auto percent = static_cast<std::uint32_t>(std::uint64_t{received} * 100 / total);
  if (last_percent_ == percent) return;
  last_percent_ = percent;
  print()
      .text("[Updating: ")
      .number(received)
      .text("/")
      .number(total)
      .text(" ")
      .number(percent)
      .text("%]")
      .line();
}

void UpdateConsole::refused(const role::Refusal& refusal, base::Duration ask_again_after) {
  print().text("[Update refused: ").text(refusal.reason).text("; ");
  ask_again(ask_again_after);
}

void UpdateConsole::complete(base::Version version) {
  completed_ = version;
  result_ = wire::UpdateResult::installed;
  print().text("COMPLETE").line();
}

void UpdateConsole::failed(std::string_view reason, base::Duration ask_again_after) {
  print().text("[Update failed: ").text(reason).text("; ");
  ask_again(ask_again_after);
}

std::optional<wire::UpdateResult> UpdateConsole::take_result() {
  return std::exchange(result_, std::nullopt);
}

}  // namespace goldcrest::app
