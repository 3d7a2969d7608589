// SPDX-License-Identifier: MIT
// gdb-multiarch against goldcrest-board, each a process of its own, as a person uses them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace goldcrest::board::program {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class GdbSession : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "goldcrest-gdb-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (board_ != 0) {
      ::kill(board_, SIGINT);
      (void)wait(board_);
    }
    fs::remove_all(folder_);
  }

  fs::path path(const std::string& name) const { return folder_ / name; }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static int wait(pid_t process) {
    int status = 0;
    ::waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  pid_t spawn(std::vector<std::string> words, const std::string& output) const {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, path(output).c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t process = 0;
    EXPECT_EQ(::posix_spawnp(&process, pointers[0], &actions, nullptr, pointers.data(), environ),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    return process;
  }
  template <typename Condition>
  bool eventually(const Condition& condition) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < end) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return condition();
  }

  /// A board that waits for a debugger; its address is target_.
  void start() {
    board_ = spawn({GOLDCREST_BOARD_COMMAND, "--gdb", "0", "--gdb-wait", "--serial",
                    path("console"), "--speed", "max"},
                   "board");
    const std::string announcement = "target extended-remote ";
    ASSERT_TRUE(eventually([&] {
      const std::string said = content("board");
      const std::size_t begin = said.find(announcement);
      const std::size_t end = said.find('\n', begin);
      if (begin == std::string::npos || end == std::string::npos) return false;
      target_ = said.substr(begin + announcement.size(), end - begin - announcement.size());
      return true;
    })) << content("board");
  }
  /// Runs gdb with `commands` on the program debugged.c and returns what it has printed.
  std::string gdb(const std::vector<std::string>& commands) {
    std::vector<std::string> words{"gdb-multiarch", "-nx", "-q", "--batch"};
    const auto add = [&](const std::string& command) {
      words.emplace_back("-ex");
      words.push_back(command);
    };
    add("set pagination off");
    add("set remotetimeout 20");
    add(std::string("file ") + GOLDCREST_BOARD_PROGRAMS + "/debugged.elf");
    add("target extended-remote " + target_);
    for (const std::string& command : commands) add(command);
    EXPECT_EQ(wait(spawn(words, "gdb")), 0) << content("gdb");
    return content("gdb");
  }

  fs::path folder_;
  std::string target_;
  pid_t board_ = 0;
};

TEST_F(GdbSession, loads_breaks_and_steps_through_an_it_sequence) {
  start();
  const std::string text = gdb({"load",
                                "monitor reset",
                                "compare-sections",
                                "break choose",
                                "continue",
                                "stepi 2",
                                "x/i $pc",  // after cmp and itete
                                "stepi",
                                "printf \"r0=%d offset=%d\\n\", $r0, (int)$pc - (int)choose",
                                "stepi",
                                "stepi",
                                "printf \"r0=%#x offset=%d\\n\", $r0, (int)$pc - (int)choose",
                                "delete",
                                "hbreak *((int)choose + 8)",
                                "continue",
                                "continue",
                                "printf \"r0=%d offset=%d\\n\", $r0, (int)$pc - (int)choose",
                                "delete",
                                "print choose(5)",
                                "set var $r0 = 5",
                                "finish",
                                "info registers msp psp primask basepri faultmask control",
                                "detach"});
  EXPECT_THAT(text, HasSubstr("Loading section .text"));
  EXPECT_THAT(text, ContainsRegex("Section .text, range .* matched"));
  EXPECT_THAT(text, HasSubstr("Breakpoint 1, choose (value=value@entry=3)"));
  EXPECT_THAT(text, ContainsRegex("=> .*<choose\\+4>:\tmoveq"));
  EXPECT_THAT(text, HasSubstr("r0=3 offset=6\n"));     // moveq is not for 3
  EXPECT_THAT(text, HasSubstr("r0=0x2 offset=10\n"));  // movne is, addeq is not
  EXPECT_THAT(text, HasSubstr("r0=5 offset=2\n"));     // GDB itself moves it before the itete
  EXPECT_THAT(text, HasSubstr("$1 = 17\n"));
  EXPECT_THAT(text, ContainsRegex("control +0x0"));
  EXPECT_THAT(text, HasSubstr("detached"));
  EXPECT_TRUE(eventually([&] { return content("console").ends_with("done\n"); }));
}

TEST_F(GdbSession, watches_and_finds_its_way_back_from_a_handler) {
  start();
  const std::string text =
      gdb({"load", "monitor reset", "break main", "continue", "delete", "watch watched", "continue",
           "continue", "delete", "break sys_tick_handler", "continue", "backtrace", "delete",
           "rwatch ticks", "continue", "print/x *(unsigned*)0xE0042000", "detach"});
  EXPECT_THAT(text, HasSubstr("Old value = 0\nNew value = 10\n"));
  EXPECT_THAT(text, HasSubstr("Old value = 10\nNew value = 12\n"));
  EXPECT_THAT(text, ContainsRegex("in store_if"));
  EXPECT_THAT(text, ContainsRegex("#0 +sys_tick_handler .*\n#1 +<signal handler called>\n"
                                  "#2 .*\n"));
  EXPECT_THAT(text, ContainsRegex("#[34] .*in main "));
  EXPECT_THAT(text, ContainsRegex("Hardware read watchpoint .*: ticks\n\nValue = "));
  EXPECT_THAT(text, ContainsRegex("= 0x[0-9a-f]+437\n"));
}

TEST_F(GdbSession, works_the_boards_switches) {
  start();
  const std::string text =
      gdb({"load", "monitor reset", "monitor jumper on", "monitor status", "monitor button press",
           "monitor status", "monitor cut 2 inside 7", "monitor jumper sideways", "monitor help",
           "monitor power off", "maintenance flush register-cache", "info registers pc",
           "monitor power on", "monitor reset", "break choose", "run", "continue", "kill"});
  EXPECT_THAT(text, HasSubstr("\"button\":false,"));
  EXPECT_THAT(text, HasSubstr("\"jumper\":true,"));
  EXPECT_THAT(text, HasSubstr("\"button\":true,"));
  EXPECT_THAT(text, HasSubstr("error: jumper takes on or off\n"));
  EXPECT_THAT(text, HasSubstr("maskisr on|off"));
  EXPECT_THAT(text, ContainsRegex("pc +<unavailable>"));
  EXPECT_THAT(text, HasSubstr("Breakpoint 1, choose (value=value@entry=3)"));
  EXPECT_THAT(text, HasSubstr("Breakpoint 1, choose (value=value@entry=4)"));
  EXPECT_THAT(text, HasSubstr("killed"));
  // It takes the next one.
  EXPECT_THAT(gdb({"print $pc"}), Not(HasSubstr("refused")));
}

TEST_F(GdbSession, a_wrong_address_is_one_clear_line) {
  const pid_t wrong = spawn({GOLDCREST_BOARD_COMMAND, "--gdb", "127.0.0.1:99999"}, "wrong");
  EXPECT_EQ(wait(wrong), 2);
  EXPECT_EQ(content("wrong"),
            "goldcrest-board: '127.0.0.1:99999' has no valid port (0 to 65535)\n");
  EXPECT_EQ(wait(spawn({GOLDCREST_BOARD_COMMAND, "--gdb-wait"}, "wrong")), 2);
  start();
  EXPECT_EQ(wait(spawn({GOLDCREST_BOARD_COMMAND, "--gdb", target_, "--serial", "none"}, "wrong")),
            1);
  EXPECT_THAT(content("wrong"), HasSubstr("goldcrest-board: cannot listen for gdb on " + target_));
}

}  // namespace
}  // namespace goldcrest::board::program
