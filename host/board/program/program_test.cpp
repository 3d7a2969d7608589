// SPDX-License-Identifier: MIT
// goldcrest-board as a process, as a person uses it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <thread>

#include "host/board/program/control.hpp"

extern char** environ;

namespace goldcrest::board::program {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class BoardProcess : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "goldcrest-board-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (process_ != 0) stop();
    fs::remove_all(folder_);
  }

  fs::path path(const std::string& name) const { return folder_ / name; }

  void start(std::vector<std::string> arguments) {
    const std::map<std::string, std::string> defaults{{"--control", path("control")},
                                                      {"--serial", path("console")},
                                                      {"--state", path("state")},
                                                      {"--speed", "20"}};
    for (const auto& [option, value] : defaults) {
      if (std::ranges::find(arguments, option) != arguments.end()) continue;
      arguments.push_back(option);
      arguments.push_back(value);
    }
    arguments.insert(arguments.begin(), GOLDCREST_BOARD_COMMAND);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 2, path("errors").c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ASSERT_EQ(::posix_spawn(&process_, GOLDCREST_BOARD_COMMAND, &actions, nullptr, pointers.data(),
                            environ),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  int wait_for_end() {
    int status = 0;
    ::waitpid(std::exchange(process_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int stop() {
    ::kill(process_, SIGINT);
    return wait_for_end();
  }

  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  bool eventually(const std::function<bool()>& condition) {
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (Clock::now() < end) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return condition();
  }
  bool console_shows(const std::string& text) {
    return eventually([&] { return content("console").find(text) != std::string::npos; });
  }
  std::string send(const std::string& line) {
    const auto answer = send_command(path("control"), line);
    return answer ? "ok " + *answer : "error " + answer.error();
  }
  void start_and_connect(const std::vector<std::string>& arguments = {}) {
    start(arguments);
    ASSERT_TRUE(eventually([&] { return send_command(path("control"), "status").has_value(); }))
        << content("errors");
  }
  void drop(const std::string& program, const std::string& as) {
    fs::copy_file(fs::path(GOLDCREST_BOARD_PROGRAMS) / (program + ".bin"), path("drive") / as);
  }

  fs::path folder_;
  pid_t process_ = 0;
};

TEST_F(BoardProcess, is_programmed_by_its_drive_and_obeys_its_control_socket) {
  start_and_connect({"--drive", path("drive")});
  EXPECT_NE(content("drive/DETAILS.TXT").find("virtual ST-Link"), std::string::npos);
  drop("pins", "image.bin");
  ASSERT_TRUE(console_shows("jumper=0x00000000\nbutton=0x00000001\n"));
  EXPECT_TRUE(eventually([&] { return !fs::exists(path("drive/image.bin")); }));
  EXPECT_FALSE(fs::exists(path("drive/FAIL.TXT")));

  EXPECT_EQ(send("jumper on"), "ok ");
  ASSERT_TRUE(console_shows("jumper=0x00000001\nbutton=0x00000001\n"));
  EXPECT_NE(send("status").find("\"led\":true"), std::string::npos);
  EXPECT_EQ(send("button click"), "ok ");
  ASSERT_TRUE(console_shows("button=0x00000000\njumper=0x00000001\nbutton=0x00000001\n"));
  EXPECT_EQ(send("power off"), "ok ");
  EXPECT_NE(send("status").find("\"powered\":false"), std::string::npos);
  EXPECT_EQ(send("reset"), "error the board has no power");
  EXPECT_EQ(send("cpu"), "ok no power");
  EXPECT_EQ(send("button shake"), "error button takes press, release or click");
  EXPECT_TRUE(send("dance").starts_with("error unknown command"));
  EXPECT_EQ(send("quit"), "ok ");
  EXPECT_EQ(wait_for_end(), 0);
  EXPECT_FALSE(fs::exists(path("control")));
}

TEST_F(BoardProcess, keeps_its_state) {
  start_and_connect({"--drive", path("drive")});
  drop("spin", "spin.bin");
  ASSERT_TRUE(console_shows("ready\n"));
  EXPECT_EQ(send("jumper on"), "ok ");
  EXPECT_EQ(send("type a"), "ok ");  // and Return: two characters
  ASSERT_TRUE(console_shows("typed=0x000d0002\n"));
  EXPECT_EQ(stop(), 0);
  ASSERT_TRUE(fs::exists(path("state")));
  start_and_connect();
  EXPECT_NE(send("status").find("\"jumper\":true"), std::string::npos);
  EXPECT_EQ(send("type b"), "ok ");
  ASSERT_TRUE(console_shows("typed=0x000d0004\n"));  // it goes on where it was
  EXPECT_EQ(content("console").find("ready\n", 10), std::string::npos);
}

TEST_F(BoardProcess, says_why_a_file_cannot_be_programmed) {
  start_and_connect({"--drive", path("drive")});
  std::ofstream(path("drive/empty.bin")).close();
  EXPECT_TRUE(eventually([&] {
    return content("drive/FAIL.TXT") == "there is nothing to program\n" &&
           !fs::exists(path("drive/empty.bin"));
  }));
  std::ofstream(path("drive/notes.txt")) << "hello";
  EXPECT_TRUE(
      eventually([&] { return content("drive/FAIL.TXT") == "notes.txt is not a .bin file\n"; }));
  EXPECT_TRUE(fs::exists(path("drive/notes.txt")));
  drop("hello", "good.bin");
  EXPECT_TRUE(console_shows("done\n"));
  EXPECT_TRUE(eventually([&] { return !fs::exists(path("drive/FAIL.TXT")); }));
}

TEST_F(BoardProcess, an_armed_power_cut_fires) {
  start_and_connect({"--drive", path("drive")});
  EXPECT_EQ(send("cut 3 inside 5"), "ok ");
  EXPECT_TRUE(send("cut 3 sideways").starts_with("error cut takes"));
  EXPECT_TRUE(send("power maybe").starts_with("error power takes"));
  drop("flash_code", "flash_code.bin");
  EXPECT_TRUE(
      eventually([&] { return send("status").find("\"powered\":false") != std::string::npos; }));
  EXPECT_NE(send("status").find("\"flash_operations\":4"), std::string::npos);
  EXPECT_EQ(send("cut 3 inside 5"), "error operation 3 has been; the next one is 4");
  EXPECT_EQ(send("power on"), "ok ");
  EXPECT_TRUE(console_shows("wrong=0x00000000\n"));
}

TEST_F(BoardProcess, a_wrong_start_is_one_clear_line) {
  std::ofstream(path("state")) << "this is no state at all, but long enough to be looked at";
  start({});
  EXPECT_EQ(wait_for_end(), 1);
  EXPECT_EQ(content("errors"),
            "goldcrest-board: " + path("state").string() +
                ": not a board's state; remove it to start with an empty board\n");
  fs::remove(path("state"));
  start({"--state", path("none/state")});
  EXPECT_EQ(wait_for_end(), 1);
  EXPECT_TRUE(content("errors").starts_with("goldcrest-board: cannot write ")) << content("errors");
  start({"--speed", "fast"});
  EXPECT_EQ(wait_for_end(), 2);
  EXPECT_EQ(content("errors"),
            "goldcrest-board: --speed takes a number from 0.001 to 1000, or max\n");
  start({"--trace", "flash,everything"});
  EXPECT_EQ(wait_for_end(), 2);
  EXPECT_EQ(content("errors"), "goldcrest-board: --trace does not know \"everything\"\n");
  start({"--send", ""});
  EXPECT_EQ(wait_for_end(), 1);
  EXPECT_TRUE(content("errors").starts_with("goldcrest-board: no board at ")) << content("errors");
  start({"--what"});
  EXPECT_EQ(wait_for_end(), 2);
}

TEST_F(BoardProcess, runs_a_firmware_file_until_its_console_shows_what_is_awaited) {
  const std::string hello = std::string(GOLDCREST_BOARD_PROGRAMS) + "/hello.elf";
  start({"--image", hello, "--until", "done", "--for", "5", "--speed", "max", "--energy", "--pins",
         path("pins.vcd")});
  EXPECT_EQ(wait_for_end(), 0) << content("errors");
  EXPECT_NE(content("console").find("hello\n"), std::string::npos);
  EXPECT_NE(content("errors").find("chip run, 32.000 MHz"), std::string::npos);
  EXPECT_NE(content("errors").find("radio shutdown"), std::string::npos);
  EXPECT_TRUE(content("pins.vcd").starts_with("$version"));
  EXPECT_NE(content("pins.vcd").find("PA5_LED"), std::string::npos);
}

TEST_F(BoardProcess, ends_with_an_error_when_what_is_awaited_does_not_come) {
  start({"--image", std::string(GOLDCREST_BOARD_PROGRAMS) + "/hello.bin", "--until", "goodbye",
         "--for", "0.25", "--speed", "max"});
  EXPECT_EQ(wait_for_end(), 1);
  EXPECT_EQ(content("errors"),
            "goldcrest-board: the console did not show \"goodbye\" in 0.250 board seconds\n");
}

TEST_F(BoardProcess, refuses_what_is_no_firmware) {
  std::ofstream(path("broken.elf")) << "\177ELF is how it begins, but nothing follows";
  start({"--image", path("broken.elf")});
  EXPECT_EQ(wait_for_end(), 1);
  EXPECT_EQ(content("errors"),
            "goldcrest-board: " + path("broken.elf").string() + ": the ELF header is cut off\n");
  start({"--image", path("missing.elf")});
  EXPECT_EQ(wait_for_end(), 2);
  start({"--pins", path("none/pins.vcd")});
  EXPECT_EQ(wait_for_end(), 1);
}

TEST_F(BoardProcess, tells_what_it_has_spent) {
  start_and_connect({"--image", std::string(GOLDCREST_BOARD_PROGRAMS) + "/spin.elf"});
  ASSERT_TRUE(console_shows("ready\n"));
  const std::string energy = send("energy");
  EXPECT_TRUE(energy.starts_with("ok {\"charge_uah\":")) << energy;
  EXPECT_NE(energy.find("\"mode\":\"run\""), std::string::npos);
  EXPECT_NE(energy.find("\"radio_seconds\":{"), std::string::npos);
}

TEST_F(BoardProcess, tells_what_it_has_worn) {
  start_and_connect(
      {"--image", std::string(GOLDCREST_BOARD_PROGRAMS) + "/flash_rules.elf", "--wear"});
  ASSERT_TRUE(console_shows("done\n"));
  const std::string wear = send("wear");
  EXPECT_TRUE(wear.starts_with("ok {\"eeprom\":")) << wear;
  EXPECT_NE(wear.find("\"eeprom_writes\":2,\"erases\":2,\"half_pages\":2,"), std::string::npos)
      << wear;
  EXPECT_NE(wear.find("{\"address\":134545408,\"erases\":2,\"half_pages\":1,\"words\":3}"),
            std::string::npos)
      << wear;
  send("quit");
  EXPECT_EQ(wait_for_end(), 0);
  EXPECT_NE(content("errors").find("most erases of a page"), std::string::npos);
}

TEST_F(BoardProcess, two_boards_do_not_share_a_control_socket) {
  start_and_connect();
  const pid_t first = std::exchange(process_, 0);
  start({});
  EXPECT_EQ(wait_for_end(), 1);
  EXPECT_TRUE(content("errors").starts_with("goldcrest-board: another board listens on "));
  process_ = first;
  EXPECT_TRUE(send("status").starts_with("ok "));
}

}  // namespace
}  // namespace goldcrest::board::program
