// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <map>
#include <thread>

#include "core/base/random.hpp"
#include "host/lock/gdb_port.hpp"
#include "host/lock/locker.hpp"
#include "host/system/descriptor.hpp"

namespace goldcrest::lock {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr std::uint32_t pecr = 0x40023C04;
constexpr std::uint32_t sr = 0x40023C18;
constexpr std::uint32_t rdp_word = 0x1FF80000;
constexpr std::uint32_t wrp1_word = 0x1FF80008;

/// A flash interface as RM0038 chapter 3 has it: keys, locks, and words that take two rests.
class FakeChip final : public DebugPort {
 public:
  std::expected<void, std::string> reset_and_halt() override {
    words[pecr] = 7;
    steps_.clear();
    ++resets;
    return {};
  }
  std::expected<std::vector<std::uint8_t>, std::string> read(std::uint32_t address,
                                                             std::uint32_t) override {
    if (!words.contains(address)) return std::unexpected("nothing there");
    const auto value = words[address];
    return std::vector<std::uint8_t>{
        static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
        static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
  }
  std::expected<void, std::string> write_word(std::uint32_t address, std::uint32_t value) override {
    if (address == 0x40023C0C) take_key(address, value, 0x89ABCDEF, 0x02030405, 1);
    if (address == 0x40023C14 && (words[pecr] & 1) == 0) {
      take_key(address, value, 0xFBEAD9C8, 0x24252627, 4);
    }
    if (address == sr) words[sr] &= ~(value & 0x1F02);
    if (address == pecr) launched = (value & 1u << 18) != 0 && (words[pecr] & 5) == 0;
    if (address >> 16 == 0x1FF8) {
      if ((words[pecr] & 5) != 0 || (words[sr] & 1) != 0 || refuses) {
        words[sr] |= 0x100;
      } else {
        words[address] = value ^ damage;
        words[sr] |= 1;
        busy_ = 2;
        written.push_back(address);
      }
    }
    return {};
  }
  std::expected<void, std::string> let_time_pass() override {
    if (!stuck && busy_ > 0 && --busy_ == 0) words[sr] = 2;
    return {};
  }

  std::map<std::uint32_t, std::uint32_t> words{{pecr, 7},
                                               {sr, 0},
                                               {0x40023C1C, 0x00F800AA},
                                               {0x40023C20, 0},
                                               {rdp_word, 0xFF5500AA},
                                               {wrp1_word, 0xFFFF0000}};
  std::vector<std::uint32_t> written;
  unsigned resets = 0;
  bool launched = false;
  bool refuses = false;
  bool stuck = false;
  std::uint32_t damage = 0;

 private:
  void take_key(std::uint32_t address, std::uint32_t value, std::uint32_t first,
                std::uint32_t second, std::uint32_t lock) {
    const bool continues = steps_[address] == 1 && value == second;
    steps_[address] = value == first ? 1 : 0;
    if (continues) words[pecr] &= ~lock;
  }

  std::map<std::uint32_t, int> steps_;
  int busy_ = 0;
};

TEST(Locker, level_2_comes_last_and_boot_is_write_protected_before) {
  FakeChip chip;
  const auto done = apply(chip, {.level = 2, .write_protect_boot = true});
  ASSERT_TRUE(done) << done.error();
  EXPECT_EQ(chip.words[wrp1_word], 0xFFF0'000Fu);
  EXPECT_EQ(chip.words[rdp_word], 0xFF33'00CCu);
  EXPECT_EQ(chip.written, (std::vector<std::uint32_t>{wrp1_word, rdp_word}));
  EXPECT_EQ(chip.resets, 1u) << "no firmware is at work meanwhile";
  EXPECT_TRUE(chip.launched);
}

TEST(Locker, level_1_and_write_protection_go_alone_and_sectors_stay_protected) {
  FakeChip level_1;
  ASSERT_TRUE(apply(level_1, {.level = 1, .write_protect_boot = false}));
  EXPECT_EQ(level_1.words[rdp_word], 0xFF44'00BBu);
  EXPECT_EQ(level_1.words[wrp1_word], 0xFFFF'0000u);
  FakeChip protection;
  protection.words[0x40023C20] = 0x80;
  ASSERT_TRUE(apply(protection, {.level = 0, .write_protect_boot = true}));
  EXPECT_EQ(protection.words[rdp_word], 0xFF55'00AAu);
  EXPECT_EQ(protection.words[wrp1_word], 0xFF70'008Fu);
}

TEST(Locker, nothing_comes_into_force_when_a_step_fails) {
  FakeChip refusing;
  refusing.refuses = true;
  auto done = apply(refusing, {.level = 2, .write_protect_boot = true});
  EXPECT_THAT(done.error(), HasSubstr("FLASH_SR 0x00000100"));
  EXPECT_FALSE(refusing.launched);
  FakeChip stuck;
  stuck.stuck = true;
  EXPECT_THAT(apply(stuck, {.level = 2, .write_protect_boot = true}).error(), HasSubstr("BSY"));
  EXPECT_FALSE(stuck.launched);
  FakeChip damaging;
  damaging.damage = 1u << 20;
  EXPECT_THAT(apply(damaging, {.level = 2, .write_protect_boot = true}).error(),
              HasSubstr("nothing is in force yet"));
  EXPECT_FALSE(damaging.launched);
  EXPECT_EQ(damaging.written.size(), 1u) << "level 2 is not even tried";
}

TEST(Locker, present_protection_is_read_from_what_is_in_force) {
  FakeChip chip;
  EXPECT_EQ(read_protection(chip)->level, 0u);
  EXPECT_FALSE(read_protection(chip)->boot_is_write_protected());
  chip.words[0x40023C1C] = 0x00F80000;
  chip.words[0x40023C20] = 0x7;
  chip.words[sr] = 0x800;
  const auto present = read_protection(chip);
  EXPECT_EQ(present->level, 1u);
  EXPECT_FALSE(present->boot_is_write_protected()) << "one sector of BOOT is open";
  EXPECT_TRUE(present->bad_complement);
  chip.words[0x40023C1C] = 0x00F800CC;
  chip.words[0x40023C20] = 0x1F;
  EXPECT_EQ(read_protection(chip)->level, 2u);
  EXPECT_TRUE(read_protection(chip)->boot_is_write_protected());
}

TEST(Locker, a_change_is_possible_only_from_an_open_board) {
  const Wanted level_2{.level = 2, .write_protect_boot = true};
  EXPECT_TRUE(check_change({.level = 0}, level_2));
  EXPECT_THAT(check_option_bytes({.level = 0, .bad_complement = true}).error(),
              HasSubstr("damaged"));
  EXPECT_THAT(check_change({.level = 1}, level_2).error(), HasSubstr("cannot be read"));
  EXPECT_THAT(check_change({.level = 1}, {.level = 1}).error(), HasSubstr("already"));
  EXPECT_THAT(check_change({.level = 1}, {.level = 1, .write_protect_boot = true}).error(),
              HasSubstr("cannot be read"));
}

TEST(Obstacles, some_findings_forbid_only_what_can_never_be_undone) {
  const std::vector<Finding> findings{
      {.what = "good", .good = true},
      {.what = "update", .weight = Weight::level_2},
      {.what = "spare", .weight = Weight::nobody},
  };
  EXPECT_TRUE(obstacles(findings, false, false).empty());
  ASSERT_EQ(obstacles(findings, true, false).size(), 1u);
  EXPECT_EQ(obstacles(findings, true, false).front().what, "update");
  EXPECT_TRUE(obstacles(findings, true, true).empty());
  const std::vector<Finding> broken{{.what = "BOOT"}};
  EXPECT_EQ(obstacles(broken, false, true).size(), 1u);
}

std::string framed(const std::string& payload) {
  unsigned sum = 0;
  for (const char each : payload) sum += static_cast<unsigned char>(each);
  return fmt::format("${}#{:02x}", payload, sum & 0xFF);
}

/// A GDB server that says its lines, whatever is asked, and hangs up.
class FakeServer {
 public:
  explicit FakeServer(std::string says) : listener_(::socket(AF_INET6, SOCK_STREAM, 0)) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    socklen_t size = sizeof address;
    EXPECT_EQ(
        ::bind(listener_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.number(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.number(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    endpoint_.address.bytes[15] = 1;
    endpoint_.port = ntohs(address.sin6_port);
    thread_ = std::thread([this, says = std::move(says)] {
      const system::Descriptor peer(::accept(listener_.number(), nullptr, nullptr));
      (void)::send(peer.number(), says.data(), says.size(), MSG_NOSIGNAL);
      (void)::shutdown(peer.number(), SHUT_WR);
      char buffer[4096];
      while (::recv(peer.number(), buffer, sizeof buffer, 0) > 0) {
      }
    });
  }
  ~FakeServer() { thread_.join(); }
  const wire::Endpoint& endpoint() const { return endpoint_; }

 private:
  system::Descriptor listener_;
  wire::Endpoint endpoint_{};
  std::thread thread_;
};

TEST(GdbPort, takes_answers_apart_and_leaves_output_out) {
  FakeServer server("+" + framed("S05") + "+" + framed("O68690a") + framed("78563412") + "+" +
                    framed("O4b") + framed("OK"));
  auto port = GdbPort::connect(server.endpoint(), milliseconds(5000));
  ASSERT_TRUE(port) << port.error();
  EXPECT_EQ(read_word(*port, 0x08000000), 0x12345678u);
  EXPECT_TRUE(port->write_word(0x20000000, 1));
  EXPECT_THAT(port->read(0, 4).error(), HasSubstr("hung up"));
}

TEST(GdbPort, refuses_what_is_damaged_refused_or_nonsense) {
  for (const auto& [says, expected] :
       std::map<std::string, std::string>{{"+$S05#b9", "damaged"},
                                          {"+" + framed(""), "does not halt"},
                                          {"+" + framed("E01"), "does not halt"},
                                          {"", "hung up"},
                                          {std::string(20000, 'x'), "nonsense"}}) {
    FakeServer server(says);
    const auto port = GdbPort::connect(server.endpoint(), milliseconds(5000));
    ASSERT_FALSE(port) << says;
    EXPECT_THAT(port.error(), HasSubstr(expected));
  }
  for (const char* answer : {"E0e", "123", "12zz", ""}) {
    FakeServer server("+" + framed("S05") + "+" + framed(answer));
    auto port = GdbPort::connect(server.endpoint(), milliseconds(5000));
    ASSERT_TRUE(port) << port.error();
    EXPECT_THAT(read_word(*port, 0).error(), HasSubstr("does not let")) << answer;
  }
}

TEST(GdbPort, survives_noise) {
  base::SeededRandom random(5);
  for (int round = 0; round < 30; ++round) {
    std::string noise = round % 2 == 0 ? "+$S05#b8+" : "";
    for (std::uint32_t left = random.below(300); left > 0; --left) {
      noise +=
          random.below(5) == 0 ? "$#+O"[random.below(4)] : static_cast<char>(random.below(256));
    }
    FakeServer server(noise);
    auto port = GdbPort::connect(server.endpoint(), milliseconds(5000));
    if (!port) continue;
    (void)port->read(0, 100);
    (void)port->let_time_pass();
  }
}

}  // namespace
}  // namespace goldcrest::lock
