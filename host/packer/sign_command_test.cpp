// SPDX-License-Identifier: MIT
// Keys of P-256, and signing by a command: OpenSSL's command-line programs stand in for an HSM.
#include "host/packer/sign_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/image/verify.hpp"
#include "host/packer/files.hpp"
#include "host/packer/inspect.hpp"
#include "host/packer/p256_key.hpp"
#include "host/packer/pack.hpp"
#include "host/packer/test_arm_program.hpp"
#include "host/packer/test_folder.hpp"

namespace goldcrest::packer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using namespace std::chrono_literals;

const std::vector<std::uint8_t> message{1, 2, 3, 4, 5};

/// Keys as of `keygen --type p256`, and a second folder without the private key.
class P256 : public testing::Test {
 protected:
  P256() {
    auto made = create_p256_keys(folder_ / "keys", {}, {});
    EXPECT_TRUE(made) << made.error().text;
    key_ = *made;
    const auto public_pem = folder_ / "public.pem";
    run("openssl pkey -in " + pem().string() + " -pubout -out " + public_pem.string());
    made = create_p256_keys(folder_ / "outside", public_pem, folder_ / "keys" / content_key_name);
    EXPECT_TRUE(made) << made.error().text;
    EXPECT_EQ(made->key, key_.key);
  }

  static void run(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0); }
  fs::path pem() const { return folder_ / "keys" / p256_key_name; }
  std::string openssl() const { return "openssl pkeyutl -sign -inkey " + pem().string(); }
  Result<std::vector<std::uint8_t>> sign_by(const std::string& command,
                                            std::chrono::seconds timeout = 20s) const {
    return sign_with_command({command, timeout}, key_, message);
  }
  std::string refusal(const std::string& command, std::chrono::seconds timeout = 20s) const {
    const auto signature = sign_by(command, timeout);
    EXPECT_FALSE(signature) << command;
    return signature ? "" : signature.error().text;
  }

  TestFolder folder_;
  PublicKey key_;
};

TEST_F(P256, keys_are_private_and_read_back) {
  struct stat status {};
  ASSERT_EQ(::stat(pem().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  const auto read = read_public_key(folder_ / "keys" / public_key_name);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->key, key_.key);
  EXPECT_EQ(read->signature_type, image::SignatureType::ecdsa_p256);
  EXPECT_FALSE(fs::exists(folder_ / "outside" / p256_key_name));
  EXPECT_FALSE(create_p256_keys(folder_ / "keys", {}, {})) << "overwritten";
  fs::permissions(pem(), fs::perms::group_read, fs::perm_options::add);
  EXPECT_FALSE(sign_p256(folder_ / "keys", message)) << "readable by the group";
}

TEST_F(P256, a_key_of_another_curve_or_off_the_curve_is_refused) {
  const auto other = folder_ / "other.pem";
  for (const std::string group : {"secp256k1", "P-384"}) {
    run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:" + group +
        " | openssl pkey -pubout -out " + other.string());
    EXPECT_FALSE(create_p256_keys(folder_ / "new", other, {})) << group;
  }
  EXPECT_FALSE(fs::exists(folder_ / "new"));
  auto off_the_curve = key_;
  off_the_curve.key.back() ^= 1;
  off_the_curve.id = key_id_of(off_the_curve.key);
  ASSERT_TRUE(write_public_key(folder_ / "off.pub", off_the_curve));
  EXPECT_FALSE(read_public_key(folder_ / "off.pub"));
}

TEST_F(P256, signatures_of_ours_and_of_openssl_hold) {
  const auto ours = sign_p256(folder_ / "keys", message);
  ASSERT_TRUE(ours) << ours.error().text;
  EXPECT_TRUE(key_.verifies(message, *ours));
  // The digest on standard input, DER on standard output.
  const auto der = sign_by(openssl());
  ASSERT_TRUE(der) << der.error().text;
  EXPECT_EQ(der->size(), 64u);
  // r and s, as a token gives them.
  ASSERT_TRUE(write_file(folder_ / "raw", *ours, public_mode));
  EXPECT_EQ(sign_by("cat > /dev/null; cat " + (folder_ / "raw").string()), *ours);
  EXPECT_EQ(sign_by("cat " + (folder_ / "raw").string()), *ours) << "reads nothing";
}

TEST_F(P256, what_a_command_can_do_wrong_is_told_in_one_line) {
  EXPECT_THAT(refusal("exit 3"), HasSubstr("exit code 3"));
  EXPECT_THAT(refusal("no-such-program 2> /dev/null"), HasSubstr("exit code 127"));
  EXPECT_THAT(refusal(openssl() + "; false"), HasSubstr("exit code 1"));
  EXPECT_THAT(refusal("kill -9 $$"), HasSubstr("signal 9"));
  EXPECT_THAT(refusal("true"), HasSubstr("0 bytes"));
  EXPECT_THAT(refusal("head -c 63 /dev/zero"), HasSubstr("63 bytes"));
  EXPECT_THAT(refusal(openssl() + "; echo"), HasSubstr("bytes")) << "trailing data";
  EXPECT_THAT(refusal("head -c 64 /dev/zero"), HasSubstr("does not hold"));
  EXPECT_THAT(refusal("cat /dev/zero"), HasSubstr("too long"));
  EXPECT_THAT(refusal("printf 'another digest, as long, 32 bytes' | head -c 32 | " + openssl()),
              HasSubstr("does not hold"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(refusal("sleep 100", 1s), HasSubstr("not done after 1 s"));
  EXPECT_THAT(refusal("exec >&-; sleep 100", 1s), HasSubstr("not done after 1 s"));
  EXPECT_THAT(refusal("sleep 100 & exit 0", 1s), HasSubstr("not done after 1 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s) << "what runs too long is ended";
}

TEST_F(P256, pack_signs_with_the_folder_or_with_a_command) {
  build_arm_program(folder_.path(), "app",
                    {.source = arm_rich_program, .image_type = 3, .base = image::link_base});
  PackRequest request;
  request.elf = folder_ / "app.elf";
  request.keys = folder_ / "keys";
  request.output_directory = folder_ / "updates";
  const auto check = [&](const PackResult& result) {
    EXPECT_EQ(result.manifest.signature_size, 64u);
    EXPECT_FALSE(result.signature_index);
    const auto file = read_file(result.file, 1 << 20);
    ASSERT_TRUE(file);
    const InspectionKeys keys{{key_}, *read_content_key(folder_ / "keys" / content_key_name)};
    const auto inspection = inspect(*file, result.file.filename().string(), keys);
    ASSERT_TRUE(inspection);
    EXPECT_TRUE(inspection->sound()) << inspection->text();
    EXPECT_EQ(inspection->json()["checks"].back()["passed"], true) << inspection->text();
  };
  const auto with_folder = pack(request);
  ASSERT_TRUE(with_folder) << with_folder.error().text;
  check(*with_folder);

  request.keys = folder_ / "outside";
  EXPECT_FALSE(pack(request)) << "no private key, no command";
  request.sign_command = {openssl(), 20s};
  const auto with_command = pack(request);
  ASSERT_TRUE(with_command) << with_command.error().text;
  check(*with_command);

  request.output_directory = folder_ / "none";
  request.sign_command.command = "head -c 64 /dev/zero";
  EXPECT_FALSE(pack(request));
  EXPECT_TRUE(fs::is_empty(folder_ / "none"));
}

TEST(SignCommand, an_lms_key_signs_the_manifest_itself) {
  const TestKeys keys;
  const auto key = read_public_key(keys.keys() / public_key_name);
  ASSERT_TRUE(key);
  EXPECT_EQ(input_of_sign_command(*key, message), message);
  const auto signature = sign(keys.keys(), message, keys.options);
  ASSERT_TRUE(signature);
  const auto path = keys.folder / "signature";
  ASSERT_TRUE(write_file(path, signature->bytes, public_mode));
  EXPECT_EQ(sign_with_command({.command = "cat " + path.string()}, *key, message),
            signature->bytes);
  const auto cut = sign_with_command({.command = "head -c 64 " + path.string()}, *key, message);
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().text, HasSubstr("64 bytes"));
}

}  // namespace
}  // namespace goldcrest::packer
