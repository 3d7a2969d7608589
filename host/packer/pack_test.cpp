// SPDX-License-Identifier: MIT
#include "host/packer/pack.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <random>

#include "core/crypto/crc32.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "core/update/installer.hpp"
#include "core/update/settings.hpp"
#include "host/packer/files.hpp"
#include "host/packer/hex.hpp"
#include "host/packer/inspect.hpp"
#include "host/packer/key_folder.hpp"
#include "host/packer/man.hpp"
#include "host/packer/test_arm_program.hpp"
#include "host/packer/test_folder.hpp"

namespace goldcrest::packer {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// BOOT, MTA and APP of one product, built once for all tests here; a key of height 5 and an
/// update.
class Packed : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    programs_ = new TestFolder;
    build("app", 3, image::link_base);
    build("boot", 1, image::boot_section.base);
    build("mta", 2, image::mta_section.base);
  }
  static void TearDownTestSuite() { delete programs_; }

  static void build(const std::string& name, int type, std::uint32_t base) {
    build_arm_program(programs_->path(), name,
                      {.source = arm_rich_program, .image_type = type, .base = base});
  }
  static fs::path elf(const std::string& name) { return *programs_ / (name + ".elf"); }

  PackRequest request() const {
    PackRequest request;
    request.elf = elf("app");
    request.keys = test_.keys();
    request.output_directory = test_.folder / "updates";
    request.update.minimum_version = {0, 9, 0};
    request.update.sequence = 7;
    request.signing = test_.options;
    return request;
  }
  PackResult packed() const {
    auto result = pack(request());
    EXPECT_TRUE(result) << result.error().text;
    return std::move(*result);
  }
  static std::vector<std::uint8_t> content_of(const fs::path& path) {
    const auto bytes = read_file(path, 1 << 20);
    EXPECT_TRUE(bytes) << bytes.error().text;
    return *bytes;
  }
  InspectionKeys keys() const {
    return {{*read_public_key(test_.keys() / public_key_name)},
            *read_content_key(test_.keys() / content_key_name)};
  }
  image::Factory factory() const {
    const auto inspection_keys = keys();
    return *factory_with(*image::ProductId::from_text("TEST-PRODUCT"), inspection_keys.public_keys,
                         std::span(&*inspection_keys.content_key, 1));
  }
  ManRequest man_request(const fs::path& app) const {
    return {.boot = elf("boot"),
            .mta = elf("mta"),
            .app = app,
            .keys = test_.keys(),
            .also_trust = {},
            .content_keys = {},
            .output_directory = test_.folder / "man",
            .server = {}};
  }

  static TestFolder* programs_;
  TestKeys test_;
};

TestFolder* Packed::programs_ = nullptr;

TEST_F(Packed, the_update_says_what_was_asked_for_and_verifies) {
  const auto result = packed();
  EXPECT_EQ(result.file.filename().string(), result.name.text());
  const auto file = content_of(result.file);
  EXPECT_EQ(crypto::Crc32::of(file), result.name.crc32);
  EXPECT_EQ(result.name.product, "TEST-PRODUCT");
  EXPECT_EQ(result.name.version, (base::Version{1, 0, 1}));
  const auto parts = split_update(file);
  ASSERT_TRUE(parts) << parts.error().text;
  EXPECT_EQ(parts->manifest.minimum_version, (base::Version{0, 9, 0}));
  EXPECT_EQ(parts->manifest.sequence, 7u);
  EXPECT_EQ(parts->manifest.signature_size, 1380u);
  const auto verified = verify_update(file, factory());
  EXPECT_TRUE(verified) << verified.error().text;
}

TEST_F(Packed, the_installer_of_the_device_takes_it_and_man_leaves_the_slot_the_same) {
  const auto result = packed();
  const auto file = content_of(result.file);
  const auto trusted = factory();
  MemoryFlash by_device;
  ASSERT_TRUE(image::set_state(by_device, image::Slot::app2, image::StateGroup::installed));
  ASSERT_TRUE(image::set_state(by_device, image::Slot::app2, image::StateGroup::confirmed));
  auto running = result.manifest;
  running.version = {0, 9, 0};
  running.sequence = 0;
  update::Installer installer(by_device, trusted, {image::Slot::app2, running}, {});
  installer.begin();
  base::Bytes rest = file;
  while (!rest.empty()) {
    const auto count = std::min<std::size_t>(rest.size(), 256);
    const auto taken = installer.write(rest.first(count));
    ASSERT_TRUE(taken) << update::describe(taken.error());
    rest = rest.subspan(count);
  }
  const auto finished = installer.finish();
  ASSERT_TRUE(finished) << update::describe(finished.error());
  ASSERT_TRUE(image::set_state(by_device, image::Slot::app1, image::StateGroup::confirmed));

  const auto man = make_man_image(man_request(result.file));
  ASSERT_TRUE(man) << man.error().text;
  const auto image = content_of(man->file);
  const auto slot = base::Bytes(image).last(image::app1_section.size);
  EXPECT_TRUE(std::ranges::equal(slot, by_device.view(image::app1_section)));
}

TEST_F(Packed, nothing_of_the_program_shows_in_the_file) {
  const auto result = packed();
  const auto file = content_of(result.file);
  const auto plain = objcopy(elf("app"));
  ASSERT_GT(plain.size(), 0x200u);
  for (std::size_t at = 0; at + 16 <= plain.size(); at += 4) {
    // Product id and version stand in the manifest, which is not secret.
    if (at + 16 > image::info_offset && at < image::info_offset + image::info_size) continue;
    const auto piece = std::span(plain).subspan(at, 16);
    if (std::ranges::count(piece, piece[0]) > 12) continue;  // padding proves nothing
    EXPECT_TRUE(std::ranges::search(file, piece).empty()) << at;
  }
}

TEST_F(Packed, the_same_program_twice_gives_two_ciphertexts) {
  const auto first_result = packed();
  const auto second_result = packed();
  EXPECT_TRUE(first_result.warnings.empty());
  ASSERT_EQ(second_result.warnings.size(), 1u);
  EXPECT_THAT(second_result.warnings[0], HasSubstr(first_result.file.string()));
  const auto first = content_of(first_result.file);
  const auto second = content_of(second_result.file);
  const auto one = split_update(first);
  const auto two = split_update(second);
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->manifest.iv, two->manifest.iv);
  EXPECT_EQ(one->manifest.digest, two->manifest.digest);
  EXPECT_FALSE(std::ranges::equal(one->payload, two->payload));
}

TEST_F(Packed, openssl_decrypts_it_to_table_and_image) {
  const auto file = content_of(packed().file);
  const auto parts = split_update(file);
  ASSERT_TRUE(parts);
  const auto key = keys().content_key;
  std::vector<std::uint8_t> plain(parts->payload.size() + 16);
  auto* context = EVP_CIPHER_CTX_new();
  int size = 0;
  ASSERT_EQ(EVP_DecryptInit_ex(context, EVP_aes_128_cbc(), nullptr, key->key.data(),
                               parts->manifest.iv.data()),
            1);
  EVP_CIPHER_CTX_set_padding(context, 0);
  ASSERT_EQ(EVP_DecryptUpdate(context, plain.data(), &size, parts->payload.data(),
                              static_cast<int>(parts->payload.size())),
            1);
  EVP_CIPHER_CTX_free(context);
  const auto canonical = objcopy(elf("app"));
  const auto image = std::span(plain).subspan(parts->manifest.relocation_size, canonical.size());
  EXPECT_TRUE(std::ranges::equal(image, canonical));
}

TEST_F(Packed, one_changed_byte_anywhere_is_refused) {
  const auto good = content_of(packed().file);
  const auto trusted = factory();
  const std::size_t header = image::manifest_size;
  std::mt19937 random(7);
  std::size_t tried = 0;
  const auto expect_refused = [&](std::size_t at) {
    auto bad = good;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1u << random() % 8));
    EXPECT_FALSE(verify_update(bad, trusted)) << at;
    ++tried;
  };
  for (std::size_t at = 0; at < header; ++at) expect_refused(at);
  for (std::size_t i = 0; i < 1000; ++i) expect_refused(header + random() % (good.size() - header));
  EXPECT_EQ(tried, 1144u);
  for (const std::size_t size : {0u, 1u, 143u, 144u, 1524u}) {
    EXPECT_FALSE(verify_update(base::Bytes(good).first(size), trusted)) << size;
  }
  EXPECT_FALSE(verify_update(base::Bytes(good).first(good.size() - 1), trusted));
  auto longer = good;
  longer.push_back(0);
  EXPECT_FALSE(verify_update(longer, trusted));
}

TEST_F(Packed, a_failure_before_signing_spends_no_leaf_and_leaves_no_file) {
  auto wrong = request();
  wrong.elf = elf("mta");
  EXPECT_FALSE(pack(wrong));
  wrong = request();
  wrong.update.minimum_version = {1, 0, 2};
  EXPECT_FALSE(pack(wrong));
  wrong = request();
  wrong.output_directory = elf("app") / "below-a-file";
  EXPECT_FALSE(pack(wrong));
  EXPECT_EQ(key_status(test_.keys(), test_.options)->next_index, 0u);
  EXPECT_FALSE(fs::exists(test_.folder / "updates"));
}

TEST_F(Packed, revoked_keys_are_signed_in_their_one_form) {
  auto revoking = request();
  revoking.update.revoked_keys = {5, 0xFFFFFFFE, 5};
  const auto result = pack(revoking);
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(result->manifest.revoked_keys, (image::RevokedKeys{0xFFFFFFFE, 5, 0}));
  const auto inspection = inspect(content_of(result->file), "", keys());
  ASSERT_TRUE(inspection);
  EXPECT_EQ(inspection->json()["revoked_keys"], (nlohmann::json{"fffffffe", "00000005"}));

  const auto own = read_public_key(test_.keys() / public_key_name)->id;
  for (const auto& keys : std::vector<std::vector<std::uint32_t>>{{own}, {0}, {1, 2, 3, 4}}) {
    revoking.update.revoked_keys = keys;
    EXPECT_FALSE(pack(revoking)) << keys[0];
  }
  EXPECT_EQ(key_status(test_.keys(), test_.options)->next_index, 1u)
      << "no leaf was spent on these";
}

TEST_F(Packed, a_release_that_devices_would_refuse_is_not_made_unless_it_is_meant) {
  const auto result = packed();
  auto older = result.manifest;
  older.version = {1, 0, 0};
  ASSERT_TRUE(older.version < result.manifest.version);
  EXPECT_FALSE(policy_conflict(older, result.manifest));
  EXPECT_FALSE(policy_conflict(result.manifest, result.manifest));
  const auto conflict = [&] { return policy_conflict(result.manifest, older).value_or(""); };
  ++older.sequence;
  EXPECT_THAT(conflict(),
              HasSubstr("devices that run 1.0.0 will refuse 1.0.1: its security counter"));
  --older.sequence;
  older.revoked_keys = {1, 0, 0};
  EXPECT_THAT(conflict(), HasSubstr("does not revoke"));
  older.revoked_keys = {result.manifest.signing_key_id, 0, 0};
  EXPECT_THAT(conflict(), HasSubstr("is revoked"));

  // The same by pack: the older release lies in the folder where the new one goes.
  older.signing_key_id ^= 1;
  auto bytes = content_of(result.file);
  const auto manifest = image::emit_manifest(older);
  std::ranges::copy(manifest, bytes.begin());
  const FileName name{FileKind::update, "TEST-PRODUCT", older.version, crypto::Crc32::of(bytes)};
  ASSERT_TRUE(write_file(test_.folder / "updates" / name.text(), bytes, public_mode));
  const auto used = key_status(test_.keys(), test_.options)->next_index;
  auto again_request = request();
  const auto refused = pack(again_request);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("will refuse 1.0.1"));
  EXPECT_EQ(key_status(test_.keys(), test_.options)->next_index, used) << "no leaf was spent";
  again_request.despite_conflict = true;
  const auto again = pack(again_request);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_THAT(again->warnings, testing::Contains(HasSubstr("will refuse 1.0.1")));
}

TEST_F(Packed, inspect_shows_and_checks_an_update) {
  const auto result = packed();
  const auto file = content_of(result.file);
  const auto name = result.file.filename().string();
  const auto full = inspect(file, name, keys());
  ASSERT_TRUE(full) << full.error().text;
  EXPECT_TRUE(full->sound()) << full->text();
  const auto json = full->json();
  EXPECT_EQ(json["product"], "TEST-PRODUCT");
  EXPECT_EQ(json["version"], "1.0.1");
  EXPECT_EQ(json["signature_leaf"], 0);
  EXPECT_EQ(json["signature_parameters"], "LMS_SHA256_M24_H5 LMOTS_SHA256_N24_W4");
  for (const auto& check : json["checks"]) EXPECT_EQ(check["passed"], true) << check;

  const auto without = inspect(file, name, {});
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->sound());
  EXPECT_THAT(without->text(), HasSubstr("no public key given"));

  const auto renamed = inspect(file, "TEST-PRODUCT_1_0_2_APP_0x00000000.fmu", {});
  ASSERT_TRUE(renamed);
  EXPECT_FALSE(renamed->sound());
}

TEST_F(Packed, inspect_names_what_was_tampered_with) {
  const auto good = content_of(packed().file);
  const auto failed_check = [&](std::size_t at) {
    auto bad = good;
    bad[at] ^= 1;
    const auto inspection = inspect(bad, "x.fmu", keys());
    if (!inspection) return std::string("structure");
    for (const auto& check : inspection->checks) {
      if (check.state == CheckState::failed) return check.name;
    }
    return std::string("none");
  };
  EXPECT_EQ(failed_check(1), "structure");
  EXPECT_EQ(failed_check(48), "signature");
  EXPECT_EQ(failed_check(400), "signature");
  EXPECT_EQ(failed_check(good.size() - 40), "content");
}

TEST_F(Packed, inspect_with_another_key_says_so) {
  const auto file = content_of(packed().file);
  const TestKeys other;
  const InspectionKeys wrong{{*read_public_key(other.keys() / public_key_name)},
                             *read_content_key(other.keys() / content_key_name)};
  const auto inspection = inspect(file, "x.fmu", wrong);
  ASSERT_TRUE(inspection);
  EXPECT_FALSE(inspection->sound());
  EXPECT_THAT(inspection->text(), AllOf(HasSubstr("made with key"), HasSubstr("encrypted with")));
}

TEST_F(Packed, man_makes_an_image_that_boot_accepts) {
  const auto update = packed();
  const auto man = make_man_image(man_request(update.file));
  ASSERT_TRUE(man) << man.error().text;
  EXPECT_THAT(man->file.filename().string(), HasSubstr("TEST-PRODUCT_1_0_1_MAN_0x"));
  struct stat status {};
  ASSERT_EQ(::stat(man->file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  const auto bytes = content_of(man->file);
  EXPECT_EQ(bytes.size(), 0x40000u);
  EXPECT_EQ(crypto::Crc32::of(bytes), man->name.crc32);
  EXPECT_TRUE(verify_man_image(bytes));

  const auto inspection = inspect(bytes, man->file.filename().string(), keys());
  ASSERT_TRUE(inspection) << inspection.error().text;
  EXPECT_TRUE(inspection->sound()) << inspection->text();
  EXPECT_EQ(inspection->json()["app1"]["state"], "confirmed");
  const auto key = keys().content_key;
  EXPECT_THAT(inspection->text(), Not(HasSubstr(to_hex(key->key))));
  EXPECT_THAT(inspection->json().dump(), Not(HasSubstr(to_hex(key->key))));
}

TEST_F(Packed, man_trusts_further_keys) {
  const TestKeys spare;
  auto request = man_request(packed().file);
  request.also_trust = {spare.keys() / public_key_name};
  const auto man = make_man_image(request);
  ASSERT_TRUE(man) << man.error().text;
  EXPECT_EQ(man->trusted_key_ids.size(), 2u);
  const InspectionKeys spare_key{{*read_public_key(spare.keys() / public_key_name)}, {}};
  EXPECT_TRUE(inspect(content_of(man->file), "x.bin", spare_key)->sound());
  request.also_trust.push_back(test_.keys() / public_key_name);
  EXPECT_FALSE(make_man_image(request)) << "the same key twice";
}

TEST_F(Packed, a_spare_key_takes_over_the_content_key) {
  const auto folder = test_.keys().parent_path() / "spare";
  auto options = test_.options;
  options.content_key = test_.keys() / content_key_name;
  const auto spare = create_keys(folder, 5, options);
  ASSERT_TRUE(spare) << spare.error().text;
  const auto first = read_content_key(test_.keys() / content_key_name);
  const auto second = read_content_key(folder / content_key_name);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(first->key, second->key);
  options.content_key = folder / "none";
  EXPECT_FALSE(create_keys(test_.keys().parent_path() / "other", 5, options));
}

TEST_F(Packed, man_provisions_the_server) {
  auto request = man_request(packed().file);
  for (const auto& [text, tail] : {std::pair("192.0.2.33", 33), std::pair("aaaa::7", 7)}) {
    request.server = text;
    const auto man = make_man_image(request);
    ASSERT_TRUE(man) << man.error().text;
    MemoryFlash flash;
    ASSERT_TRUE(flash.program(man_extent.base, content_of(man->file)));
    update::Records records(flash);
    ASSERT_TRUE(records.open());
    const auto settings = update::load_settings(records);
    ASSERT_TRUE(settings && settings->server_address);
    EXPECT_EQ(settings->server_address->at(15), tail);
    EXPECT_EQ(settings->server_address->at(10), tail == 33 ? 0xFF : 0);
  }
  request.server = "example.org";
  EXPECT_FALSE(make_man_image(request));
}

TEST_F(Packed, man_refuses_what_does_not_belong_together) {
  const auto update = packed();
  auto wrong = man_request(update.file);
  std::swap(wrong.boot, wrong.mta);
  EXPECT_FALSE(make_man_image(wrong));
  wrong = man_request(elf("app"));
  EXPECT_FALSE(make_man_image(wrong));
  const TestKeys other;
  wrong = man_request(update.file);
  wrong.keys = other.keys();
  EXPECT_FALSE(make_man_image(wrong));
  build_arm_program(test_.folder.path(), "alien",
                    {.source = arm_rich_program,
                     .image_type = 2,
                     .product = "ANOTHER",
                     .base = image::mta_section.base});
  wrong = man_request(update.file);
  wrong.mta = test_.folder / "alien.elf";
  const auto refused = make_man_image(wrong);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("different products"));
  EXPECT_FALSE(fs::exists(test_.folder / "man"));
}

TEST_F(Packed, a_device_may_have_a_content_key_of_its_own) {
  const auto own = test_.folder / "device-0042.key";
  const auto made = create_content_key(own);
  ASSERT_TRUE(made) << made.error().text;
  struct stat status {};
  ASSERT_EQ(::stat(own.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  EXPECT_THAT(create_content_key(own).error().text, HasSubstr("never overwritten"));

  const auto for_all = packed();
  auto man = man_request(for_all.file);
  man.content_keys = {own};
  const auto image = make_man_image(man);
  ASSERT_TRUE(image) << image.error().text;
  EXPECT_EQ(image->content_key_ids, (std::vector<std::uint32_t>{keys().content_key->id, made->id}));

  // What its factory block holds opens both the product's updates and its own.
  MemoryFlash flash;
  ASSERT_TRUE(flash.program(man_extent.base, content_of(image->file)));
  const auto device = image::read_factory(flash);
  ASSERT_TRUE(device);
  auto to_it = request();
  to_it.content_key = own;
  const auto for_it = pack(to_it);
  ASSERT_TRUE(for_it) << for_it.error().text;
  EXPECT_EQ(for_it->manifest.content_key_id, made->id);
  for (const auto& update : {for_all.file, for_it->file}) {
    const auto verified = verify_update(content_of(update), *device);
    EXPECT_TRUE(verified) << verified.error().text;
  }
  // Another device of the product cannot read what was made for this one.
  EXPECT_FALSE(verify_update(content_of(for_it->file), factory()));
  EXPECT_THAT(make_man_image(man_request(for_it->file)).error().text,
              HasSubstr(fmt::format("{:08x}", made->id)));

  fs::permissions(own, fs::perms::group_read, fs::perm_options::add);
  EXPECT_THAT(pack(to_it).error().text, HasSubstr(own.string()));
  EXPECT_FALSE(make_man_image(man));
}

TEST_F(Packed, a_man_image_has_room_for_four_content_keys) {
  auto man = man_request(packed().file);
  for (const char* name : {"1", "2", "3"}) {
    man.content_keys.push_back(test_.folder / name);
    ASSERT_TRUE(create_content_key(man.content_keys.back()));
  }
  EXPECT_TRUE(make_man_image(man));
  man.content_keys.push_back(test_.folder / "4");
  ASSERT_TRUE(create_content_key(man.content_keys.back()));
  EXPECT_THAT(make_man_image(man).error().text, HasSubstr("room for 4 content keys"));
  man.content_keys = {test_.folder / "1", test_.folder / "1"};
  EXPECT_FALSE(make_man_image(man)) << "one id twice";
}

TEST_F(Packed, a_changed_man_image_is_noticed) {
  const auto man = make_man_image(man_request(packed().file));
  ASSERT_TRUE(man);
  const auto good = content_of(man->file);
  for (const std::size_t at : {0x10u, 0x150u, 0x3C00u, 0x3C60u, 0x3FFFu, 0x6010u, 0x10010u,
                               0x3F050u, 0x3F200u, 0x3F800u, 0x3F810u}) {
    auto bad = good;
    bad[at] ^= 0x20;
    const bool state_word = at >= 0x3F800;
    if (state_word) std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at), 16, 0);
    EXPECT_FALSE(verify_man_image(bad)) << std::hex << at;
  }
}

TEST(Inspect, random_bytes_are_refused_in_one_line) {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint8_t> bytes(random() % 700);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (round % 2 == 0 && bytes.size() > 4)
      std::ranges::copy(std::string_view("GFMU"), bytes.begin());
    const auto inspection = inspect(bytes, "x", {});
    ASSERT_FALSE(inspection);
    EXPECT_THAT(inspection.error().text, Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace goldcrest::packer
