// SPDX-License-Identifier: MIT
// The acts. Each says what is done, lets time pass, and claims what must have come of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "core/crypto/crc32.hpp"
#include "core/image/flash_map.hpp"
#include "host/lock/inspection.hpp"
#include "host/lock/locker.hpp"
#include "sim/story/places.hpp"
#include "sim/story/story.hpp"
#include "sim/world/board_debug_port.hpp"

namespace goldcrest::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view prompt = "option> ";

std::vector<std::uint8_t> read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

constexpr std::string_view path_on_the_air = "updates";
constexpr std::string_view product_on_the_air = "STM32L1";

/// The name an update file with these bytes has to have.
std::string renamed(const std::string& name, const std::vector<std::uint8_t>& bytes) {
  const auto checksum = name.rfind("_0x");
  return name.substr(0, checksum) + fmt::format("_0x{:08X}.fmu", crypto::Crc32::of(bytes));
}

}  // namespace

Story::Eavesdropped Story::eavesdropped(const std::filesystem::path& file) const {
  return {.path = sniffer_.reads(wire::coap::bytes_of(path_on_the_air)),
          .product = sniffer_.reads(wire::coap::bytes_of(product_on_the_air)),
          .pieces = sniffer_.pieces_of(read_all(file))};
}

void Story::serve() {
  narrator_.direction(fmt::format("the update server starts at {}, port 5683; OSCORE required",
                                  places::server_text));
  start_server(server::OscorePolicy::required);
  claim(!contexts_.empty(), "the server has the security context of the node to come");
  publish(release("1.1.31"));
  claim(store_.updates().size() == 1, "the server lists the update it found");
  narrator_.direction("the border router starts");
  router_->start(world_.now());
  world_.run_for(seconds(1));
}

void Story::manufacture() {
  narrator_.direction("a blank board is powered");
  auto& board = node_->board();
  board.power(true);
  const auto image = read_all(options_.man);
  constexpr std::size_t chunk = 4096;
  bool programmed = !image.empty();
  for (std::size_t at = 0; at < image.size() && programmed; at += chunk) {
    const auto size = std::min(chunk, image.size() - at);
    programmed = board
                     .program(static_cast<std::uint32_t>(image::flash_section.base + at),
                              std::span(image).subspan(at, size))
                     .has_value();
    narrator_.progress("loading", at + size, image.size());
  }
  narrator_.end_progress();
  claim(programmed,
        fmt::format("{} is loaded, {} bytes", options_.man.filename().string(), image.size()));
  mark();
  board.reset();
  claim(wait_for("Current version: 1.0.31", seconds(10)),
        "the board resets and starts version 1.0.31");
  first_version_ = {1, 0, 31};
}

void Story::provision() {
  reset_board(true);
  claim(wait_for(prompt, seconds(10)), "with the jumper the board shows the provisioning menu");
  const auto enter = [this](std::string_view line, std::string_view expected) {
    type_line(line);
    const bool answered = wait_for(expected, seconds(5));
    return answered && (expected.ends_with("> ") || wait_for(prompt, seconds(5)));
  };
  claim(enter("x", "unknown option: x"), "an unknown option gets one line and the menu again");
  claim(enter("a", "OTA server IP address, - for not set> ") &&
            enter("300.1.2.3", "not an IP address: 300.1.2.3"),
        "an address that is none gets one line and the menu again");
  claim(enter("7", "device field 1, - for not set> ") &&
            enter("ceiling 12", "7  device field 1: ceiling 12"),
        "a device field is set");
  claim(enter("a", "OTA server IP address, - for not set> ") &&
            enter(places::server_text, "There are unsaved changes."),
        "the server's address is taken; the menu says that there are unsaved changes");
  claim(enter("4", "saved"), "the settings are saved");
  const auto context = contexts_.empty() ? std::unexpected(std::string("there is none"))
                                         : oscore::provisioning_line(contexts_.front());
  claim(context && enter("b", "security context (saved at once), - for not set> ") &&
            enter(*context, "b  security context: set"),
        "the security context that goldcrest oscore has made is taken");
  claim(context && node_->console().find(*context) == std::string::npos,
        "and not shown while it is typed");

  narrator_.direction("power off, power on");
  node_->board().power(false);
  world_.run_for(milliseconds(500));
  mark();
  node_->board().power(true);
  claim(wait_for(fmt::format("a  OTA server IP address: {}", places::server_text), seconds(10)),
        "the settings survive the loss of power");
  claim(wait_for("b  security context: set", seconds(5)), "and so does the security context");
}

void Story::run() {
  reset_board(false);
  claim(wait_for("Current version: 1.0.31", seconds(10)),
        "without the jumper version 1.0.31 starts");
  claim(wait_for(fmt::format("Update server: {}", places::server_text), seconds(5)),
        "it knows the server it will ask");
  claim(wait_for("Conversation with the server: protected", seconds(5)),
        "and will hear and say nothing unprotected");
  claim(wait_for("[RPL: new instance 30]", seconds(60)), "it hears the mesh's RPL instance");
  claim(wait_for("[RPL: joined DODAG", seconds(60)), "it joins the DODAG");
  claim(world_.run_until([this] { return router_->border_router()->route_count() == 1; },
                         seconds(60)),
        "the border router knows the way to it");
}

void Story::update() {
  mark();
  press_button();
  claim(wait_for("[Update: version 1.1.31", seconds(60)), "the node finds version 1.1.31");
  const auto start = world_.now();
  claim(wait_for("COMPLETE", minutes(20)), "it fetches, decrypts, writes and verifies the image");
  update_time_ = world_.now() - start;
  update_bytes_ = progress_total_;
  claim(node_is_protected(), "the server knows by the security context whom it served");
  const auto overheard = eavesdropped(release("1.1.31"));
  claim(!overheard.path && !overheard.product && overheard.pieces == 0,
        "who listened on the radio has read no path, no product, and no piece of the file, "
        "its manifest included");
}

void Story::changed() {
  claim(wait_for("application 1.1.31", seconds(30)), "it reboots into version 1.1.31");
  claim(wait_for("The UPDATED application is running.", seconds(5)),
        "the banner says that the updated application is running");
  claim(wait_for("APP2 version: 1.1.31", seconds(5)), "APP2 holds the new version");
  claim(wait_for("Current version: 1.1.31", seconds(5)), "and is the current one");
  claim(wait_for_join(), "it joins the mesh again");
  claim(wait_for("[Confirmed: version", minutes(3)), "it reaches the server and confirms itself");
}

void Story::roll_back() {
  reset_board(true);
  (void)wait_for(prompt, seconds(10));
  type_line("5");
  claim(wait_for("rollback to version 1.0.31 from 1.1.31 y/n?", seconds(5)),
        "the menu offers the older version");
  node_->board().type("y");
  claim(wait_for("rolled back to version 1.0.31", seconds(5)), "the newer one is rejected");
  reset_board(false);
  claim(wait_for("Current version: 1.0.31", seconds(10)), "the older application runs again");
  claim(wait_for_join(), "and joins the mesh");
  press_button();
  claim(wait_for("[Update: nothing newer", minutes(3)),
        "the rejected version is not offered to it again");
}

void Story::interrupt() {
  publish(release("1.2.31"));
  const auto start_update = [this] {
    press_button();
    return wait_for("[Update: version 1.2.31", minutes(3));
  };
  claim(start_update() && wait_for_progress(30), "the next update, 1.2.31, is at 30 %");
  reset_board(false);
  claim(wait_for("Current version: 1.0.31", seconds(10)) && wait_for_join(),
        "after a reset in the middle the old application runs, version unchanged");

  claim(start_update() && wait_for_progress(60), "the update starts again and is at 60 %");
  auto& board = node_->board();
  board.arm({.flash_operation = board.flash_operations() + 3,
             .phase = board::CutPhase::inside,
             .torn_seed = options_.seed});
  const bool cut = world_.run_until([&board] { return board.take_cut_fired(); }, seconds(60));
  narrator_.direction("power cut inside a flash write");
  claim(cut, "the power goes in the middle of a flash write");
  world_.run_for(seconds(1));
  mark();
  board.power(true);
  claim(wait_for("Current version: 1.0.31", seconds(10)) && wait_for_join(),
        "after the power cut the old application runs, version unchanged");
  claim(start_update() && wait_for("COMPLETE", minutes(20)) &&
            wait_for("Current version: 1.2.31", seconds(30)) && wait_for_join() &&
            wait_for("[Confirmed: version", minutes(3)),
        "undisturbed, the update to 1.2.31 succeeds");
}

void Story::tamper() {
  const auto original = release("1.3.31");
  const auto name = original.filename().string();
  auto bytes = read_all(original);
  if (bytes.empty()) return claim(false, "there is an update 1.3.31");

  narrator_.direction("one bit of the update's payload is changed, its name made to match");
  bytes[bytes.size() / 2] ^= 0x01;
  const auto tampered = renamed(name, bytes);
  publish(tampered, bytes);
  narrator_.direction(
      "somebody on the path answers first: nothing newer, not found, reset, old answers");
  forging_ = true;
  press_button();
  const auto before_asking = node_->console().size();
  const bool found = wait_for("[Update: version 1.3.31", minutes(3));
  const auto said = std::string_view(node_->console()).substr(before_asking);
  claim(found && said.find("nothing newer") == std::string_view::npos &&
            said.find("classic") == std::string_view::npos,
        "the node hears none of it, and finds version 1.3.31");
  forging_ = false;
  claim(wait_for("[Update refused: ", minutes(20)),
        "the node refuses the changed file, with the reason on its console");
  (void)store_.remove(tampered);

  reset_board(false);
  claim(wait_for("Current version: 1.2.31", seconds(10)) && wait_for_join(),
        "the old application is untouched");

  narrator_.direction("one bit of the update's manifest is changed");
  auto manifest_changed = read_all(original);
  manifest_changed[60] ^= 0x01;
  const auto before = store_.updates().size();
  publish(renamed(name, manifest_changed), manifest_changed);
  claim(store_.updates().size() == before, "the server does not even serve a changed manifest");
}

void Story::lock_for_ever() {
  auto& board = node_->board();
  const auto keys = image::factory_section;
  claim(board.read_flash(keys.base, keys.size).has_value(),
        "a debugger reads the keys out of a board that is not locked");
  mark();
  {
    BoardDebugPort port(world_, board);
    const auto flash = lock::read_flash(port, [](auto, auto) {});
    claim(
        flash && lock::obstacles(lock::inspect(*flash, {.signing_key = options_.public_keys.at(0)}),
                                 true, false)
                     .empty(),
        "the board holds what it must before it is locked for ever, and an update has worked");
    narrator_.direction("goldcrest lock --level 2: for ever");
    claim(lock::apply(port, {.level = 2, .write_protect_boot = true}).has_value(),
          "readout protection level 2 and the write protection of BOOT are set and read back");
  }
  claim(wait_for("Current version: 1.2.31", seconds(10)) && wait_for_join(),
        "the locked board starts and joins the mesh");
  const auto page = std::array<std::uint8_t, 256>{};
  claim(!board.read_flash(keys.base, keys.size) &&
            !board.read_flash(image::app1_section.base, 256) &&
            !board.program(image::boot_section.base, page) &&
            !board.debugger().read(image::ram_section.base, 4),
        "a debugger or programmer gets neither key nor firmware, and changes nothing");
  publish(release("1.3.31"));
  press_button();
  claim(wait_for("[Update: version 1.3.31", minutes(3)) && wait_for("COMPLETE", minutes(20)) &&
            wait_for("Current version: 1.3.31", seconds(30)) && wait_for_join() &&
            wait_for("[Confirmed: version", minutes(3)),
        "it is still updated over the air, to 1.3.31");
}

void Story::old_device() {
  narrator_.direction("an old device is switched on, which knows the classic protocol only");
  sniffer_.forgets();
  FieldDevice device(world_, places::server(), options_.seed);
  claim(device.joins(minutes(2)), "it joins the mesh");
  claim(device.updates(minutes(3)) == FieldDevice::Outcome::refused,
        "a server that requires OSCORE does not serve it");
  narrator_.direction("the server starts again, with --oscore-policy optional");
  start_server(server::OscorePolicy::optional);
  const auto file = read_all(release("1.3.31"));
  old_device_ = {.device = &device, .total = file.size()};
  claim(device.updates(minutes(20)) == FieldDevice::Outcome::complete && device.file() == file,
        "now it is served the whole of 1.3.31");
  old_device_ = {};
  const auto overheard = eavesdropped(release("1.3.31"));
  claim(overheard.path && overheard.product && overheard.pieces > 1000,
        "who listened on the radio has read path, product and pieces of the file");
  mark();
  press_button();
  claim(wait_for("[Update: nothing newer", minutes(3)) && node_is_protected(),
        "the node's conversation is protected as before");
}

}  // namespace goldcrest::sim
