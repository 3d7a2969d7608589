// SPDX-License-Identifier: MIT
#include "host/server/store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"
#include "host/server/directory.hpp"

namespace goldcrest::server {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes sample(base::Version version = {1, 1, 31}, std::uint32_t seed = 1) {
  return image::testing::make_image({.version = version, .seed = seed}).file();
}
std::string name_of(const Bytes& file, base::Version version = {1, 1, 31}) {
  return fmt::format("OTA-STM32L1-SPIRIT1_{}_{}_{}_APP_0x{:08X}.fmu", version.major, version.minor,
                     version.build, crypto::Crc32::of(file));
}
packer::PublicKey key(std::uint32_t id = image::testing::signing_key_id) {
  return {.signature_type = image::SignatureType::lms,
          .id = id,
          .key = image::testing::signer().public_key()};
}

TEST(Store, TakesACompleteFile) {
  Store store({key()});
  const auto file = sample();
  const auto added = store.add(name_of(file), file);
  ASSERT_TRUE(added) << added.error();
  EXPECT_EQ((*added)->product, "OTA-STM32L1-SPIRIT1");
  EXPECT_EQ((*added)->path, fmt::format("updates/{:08x}", crypto::Crc32::of(file)));
  EXPECT_EQ((*added)->etag.size(), 4u);
  EXPECT_EQ(store.find((*added)->path), *added);
  EXPECT_TRUE(store.remove(name_of(file)));
  EXPECT_FALSE(store.remove(name_of(file)));
  EXPECT_EQ(store.find(fmt::format("updates/{:08x}", crypto::Crc32::of(file))), nullptr);
}

TEST(Store, RefusesWithAReason) {
  Store store({key()});
  const auto file = sample();
  const auto reason = [&](const std::string& name, const Bytes& bytes) {
    const auto added = store.add(name, bytes);
    EXPECT_FALSE(added);
    return added ? std::string() : added.error();
  };
  EXPECT_NE(reason("update.fmu", file).find("its name is not"), std::string::npos);
  auto man_name = name_of(file);
  man_name.replace(man_name.find("APP"), 3, "MAN");
  EXPECT_NE(reason(man_name, file).find("its name is not"), std::string::npos);
  auto damaged = file;
  damaged.back() ^= 1u;
  EXPECT_NE(reason(name_of(file), damaged).find("CRC-32"), std::string::npos);
  EXPECT_NE(reason(name_of(file, {1, 1, 32}), file).find("manifest says"), std::string::npos);
  auto longer = file;
  longer.resize(longer.size() + 16);
  EXPECT_NE(reason(name_of(longer), longer).find("bytes long"), std::string::npos);
  auto no_magic = file;
  no_magic[0] = 'X';
  EXPECT_FALSE(reason(name_of(no_magic), no_magic).empty());
  const Bytes empty;
  EXPECT_FALSE(reason(name_of(empty), empty).empty());
  EXPECT_TRUE(store.updates().empty());
}

TEST(Store, ChecksSignaturesWhenGivenKeys) {
  auto file = sample();
  file[112] ^= 1u;  // the digest, which only the signature guards
  EXPECT_TRUE(Store().add(name_of(file), file));
  const auto refused = Store({key()}).add(name_of(file), file);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "its signature does not verify");
  const auto unknown = Store({key(0x99)}).add(name_of(file), file);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().find("000000a1"), std::string::npos);
}

class Directory : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() /
             fmt::format("goldcrest-directory-test-{}", ::getpid());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const Bytes& bytes) {
    std::ofstream out(folder / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  }

  std::filesystem::path folder;
  Store store;
};

TEST_F(Directory, FollowsWhatComesAndGoes) {
  UpdateDirectory directory(folder, store);
  EXPECT_TRUE(directory.scan()->added.empty());
  const auto file = sample();
  const auto name = name_of(file);
  write(name, file);
  write("readme.txt", file);
  std::filesystem::create_directory(folder / "folder.fmu");
  auto changes = *directory.scan();
  EXPECT_EQ(changes.added, std::vector{name});
  EXPECT_TRUE(changes.refused.empty());
  changes = *directory.scan();
  EXPECT_TRUE(changes.added.empty() && changes.removed.empty() && changes.refused.empty());
  std::filesystem::remove(folder / name);
  EXPECT_EQ(directory.scan()->removed, std::vector{name});
  EXPECT_TRUE(store.updates().empty());
}

TEST_F(Directory, WaitsForAFileThatIsStillBeingCopied) {
  UpdateDirectory directory(folder, store);
  const auto file = sample();
  const auto name = name_of(file);
  write(name, Bytes(file.begin(), file.begin() + 500));
  auto changes = *directory.scan();
  EXPECT_TRUE(changes.added.empty() && changes.refused.empty());
  write(name, file);
  changes = *directory.scan();
  EXPECT_EQ(changes.added, std::vector{name});
  EXPECT_TRUE(changes.refused.empty());
}

TEST_F(Directory, ReportsARefusedFileOnceAndAgainWhenItChanges) {
  UpdateDirectory directory(folder, store);
  write("broken.fmu", {1, 2, 3});
  EXPECT_TRUE(directory.scan()->refused.empty());
  auto changes = *directory.scan();
  ASSERT_EQ(changes.refused.size(), 1u);
  EXPECT_EQ(changes.refused[0].name, "broken.fmu");
  EXPECT_TRUE(directory.scan()->refused.empty());
  write("broken.fmu", {1, 2, 3, 4});
  (void)directory.scan();
  EXPECT_EQ(directory.scan()->refused.size(), 1u);
}

TEST_F(Directory, StopsOfferingWhatWasSpoilt) {
  UpdateDirectory directory(folder, store);
  const auto file = sample();
  const auto name = name_of(file);
  write(name, file);
  (void)directory.scan();
  ASSERT_EQ(store.updates().size(), 1u);
  write(name, Bytes(100));
  EXPECT_EQ(directory.scan()->removed, std::vector{name});
  EXPECT_TRUE(store.updates().empty());
}

TEST_F(Directory, KeepsWhatItHasWhenTheFolderGoesAway) {
  UpdateDirectory directory(folder, store);
  const auto file = sample();
  write(name_of(file), file);
  (void)directory.scan();
  std::filesystem::remove_all(folder);
  const auto scanned = directory.scan();
  ASSERT_FALSE(scanned);
  EXPECT_NE(scanned.error().find(folder.string()), std::string::npos);
  EXPECT_EQ(store.updates().size(), 1u);
}

}  // namespace
}  // namespace goldcrest::server
