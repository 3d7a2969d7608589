// SPDX-License-Identifier: MIT
#include "host/loader/loader.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace goldcrest::loader {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class Loader : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "goldcrest-loader-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::vector<std::uint8_t>& bytes) {
    std::ofstream(folder_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return folder_ / name;
  }
  static std::vector<std::uint8_t> image(std::size_t size = 10'000) {
    std::vector<std::uint8_t> bytes(size, 0xAB);
    const std::uint8_t vectors[] = {0x00, 0x40, 0x01, 0x20, 0x01, 0x02, 0x00, 0x08};
    std::copy(std::begin(vectors), std::end(vectors), bytes.begin());
    return bytes;
  }
  static void ignore(std::uint64_t, std::uint64_t) {}

  fs::path folder_;
};

TEST_F(Loader, reads_only_what_can_be_an_image) {
  EXPECT_EQ(read_image(write("good.bin", image())).value(), image());
  EXPECT_NE(read_image(folder_ / "none.bin").error().find("is not a file"), std::string::npos);
  EXPECT_NE(read_image(write("short.bin", {1, 2, 3})).error().find("3 bytes"), std::string::npos);
  EXPECT_NE(read_image(write("long.bin", image(512 * 1024 + 1))).error().find("524289 bytes"),
            std::string::npos);
  auto update = image();
  update[0] = 'G';
  EXPECT_NE(read_image(write("update.fmu", update)).error().find("vector table"),
            std::string::npos);
}

TEST_F(Loader, drive_takes_the_file) {
  std::thread st_link([this] {
    while (!fs::exists(folder_ / "x.bin") || fs::file_size(folder_ / "x.bin") != image().size()) {
      std::this_thread::yield();
    }
    fs::remove(folder_ / "x.bin");
  });
  std::uint64_t last = 0;
  const auto done = load_through_drive(image(), "x.bin", folder_, milliseconds(10'000),
                                       [&last](std::uint64_t at, std::uint64_t) { last = at; });
  st_link.join();
  EXPECT_TRUE(done) << done.error();
  EXPECT_EQ(last, image().size());
}

TEST_F(Loader, drive_says_why_not) {
  std::thread st_link([this] {
    while (!fs::exists(folder_ / "x.bin")) std::this_thread::yield();
    std::ofstream(folder_ / "FAIL.TMP") << "The target is locked\n";
    fs::rename(folder_ / "FAIL.TMP", folder_ / "FAIL.TXT");
  });
  const auto done = load_through_drive(image(), "x.bin", folder_, milliseconds(10'000), ignore);
  st_link.join();
  EXPECT_EQ(done.error(), "the ST-Link refuses: The target is locked");
}

TEST_F(Loader, a_refusing_drive_may_take_the_file_away) {
  // As goldcrest-board does it: first the reason, at once afterwards the file.
  for (int round = 0; round < 50; ++round) {
    std::thread st_link([this] {
      while (!fs::exists(folder_ / "x.bin")) std::this_thread::yield();
      std::ofstream(folder_ / "FAIL.TMP") << "The target is locked\n";
      fs::rename(folder_ / "FAIL.TMP", folder_ / "FAIL.TXT");
      fs::remove(folder_ / "x.bin");
    });
    const auto done = load_through_drive(image(16), "x.bin", folder_, milliseconds(10'000), ignore);
    st_link.join();
    ASSERT_EQ(done.error(), "the ST-Link refuses: The target is locked");
    EXPECT_FALSE(fs::exists(folder_ / "x.bin"));
  }
}

TEST_F(Loader, drive_that_does_nothing_times_out) {
  EXPECT_TRUE(load_through_drive(image(), "x.bin", folder_, milliseconds(120), ignore)
                  .error()
                  .starts_with("the ST-Link did not take x.bin within "));
  EXPECT_FALSE(fs::exists(folder_ / "x.bin"));
  EXPECT_NE(load_through_drive(image(), "x.bin", folder_ / "no", milliseconds(1), ignore)
                .error()
                .find("is not a folder"),
            std::string::npos);
}

// Others may write to the drive: what they leave there must not make us write elsewhere, or wait.
TEST_F(Loader, a_hostile_drive_leads_nowhere) {
  const auto elsewhere = write("elsewhere", {1, 2, 3});
  const auto drive = folder_ / "drive";
  fs::create_directory(drive);
  fs::create_symlink(elsewhere, drive / "x.bin");
  EXPECT_FALSE(load_through_drive(image(), "x.bin", drive, milliseconds(60), ignore));
  EXPECT_EQ(fs::file_size(elsewhere), 3u) << "a link was followed";

  std::thread st_link([&] {
    while (!fs::exists(drive / "x.bin")) std::this_thread::yield();
    EXPECT_EQ(fs::status(drive / "x.bin").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(::mkfifo((drive / "FAIL.TXT").c_str(), 0600), 0);
  });
  const auto pipe = load_through_drive(image(), "x.bin", drive, milliseconds(10'000), ignore);
  st_link.join();
  EXPECT_EQ(pipe.error(), "the ST-Link refuses: ");

  std::thread endless([&] {
    while (!fs::exists(drive / "x.bin")) std::this_thread::yield();
    fs::create_symlink("/dev/zero", drive / "FAIL.TXT");
    fs::remove(drive / "x.bin");
  });
  EXPECT_TRUE(load_through_drive(image(), "x.bin", drive, milliseconds(10'000), ignore));
  endless.join();
}

/// A board's control socket that reads one whole request and answers with `answer`.
class FakeBoard {
 public:
  FakeBoard(const fs::path& path, std::string answer)
      : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto name = path.string();
    std::copy(name.begin(), name.end(), address.sun_path);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      const std::size_t wanted = std::string("program 10000\n").size() + 10'000;
      while (heard_.size() < wanted) {
        char buffer[4096];
        const auto size = ::recv(peer, buffer, sizeof buffer, 0);
        if (size <= 0) break;
        heard_.append(buffer, static_cast<std::size_t>(size));
      }
      (void)::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(peer);
    });
  }
  ~FakeBoard() {
    join();
    ::close(listener_);
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  const std::string& heard() {
    join();
    return heard_;
  }

 private:
  int listener_;
  std::string heard_;
  std::thread thread_;
};

TEST_F(Loader, socket_conversation) {
  FakeBoard board(folder_ / "s", "progress 5000 10000\nprogress 10000 10000\nok\n");
  std::vector<std::uint64_t> seen;
  const auto done =
      load_through_socket(image(), folder_ / "s", milliseconds(10'000),
                          [&seen](std::uint64_t at, std::uint64_t) { seen.push_back(at); });
  EXPECT_TRUE(done) << done.error();
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{5000, 10000}));
  EXPECT_TRUE(board.heard().starts_with("program 10000\n"));
  EXPECT_EQ(board.heard().size(), 14u + 10'000u);
}

TEST_F(Loader, socket_that_refuses_hangs_up_or_is_not_there) {
  {
    FakeBoard board(folder_ / "a", "error readout protection\n");
    EXPECT_EQ(load_through_socket(image(), folder_ / "a", milliseconds(10'000), ignore).error(),
              "the board refuses: readout protection");
  }
  {
    FakeBoard board(folder_ / "b", "progress 1");
    EXPECT_EQ(load_through_socket(image(), folder_ / "b", milliseconds(10'000), ignore).error(),
              (folder_ / "b").string() + " hung up");
  }
  EXPECT_NE(load_through_socket(image(), folder_ / "c", milliseconds(10), ignore)
                .error()
                .find("is goldcrest-board running?"),
            std::string::npos);
}

}  // namespace
}  // namespace goldcrest::loader
