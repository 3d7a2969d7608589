// SPDX-License-Identifier: MIT
#include "core/update/installer.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/update/test_device.hpp"

namespace goldcrest::update {
namespace {

using namespace testing;

InstallError refusal(const Buffer& file, Slot running = Slot::app1) {
  auto flash = device();
  if (running == Slot::app2) {
    image::testing::lay_out(flash, Slot::app2, old_image(), SlotState::confirmed);
  }
  const auto before = slot_bytes(flash, running);
  const auto result = install(flash, file, running);
  EXPECT_FALSE(result);
  EXPECT_EQ(slot_bytes(flash, running), before);
  const auto state = image::read_status(flash, other(running))->state();
  EXPECT_TRUE(state == SlotState::empty || running == Slot::app2);
  return result ? InstallError::failed_before : result.error();
}

/// Refused before the flash was touched at all.
InstallError refusal_untouched(const Buffer& header) {
  auto flash = device();
  const auto result = install(flash, header);
  EXPECT_FALSE(result);
  EXPECT_EQ(flash.operations(), 0u);
  return result ? InstallError::failed_before : result.error();
}

TEST(Installer, InstallsIntoEitherSlot) {
  for (const auto running : {Slot::app1, Slot::app2}) {
    auto flash = device();
    image::testing::lay_out(flash, running, old_image(), SlotState::confirmed);
    const auto before = slot_bytes(flash, running);
    const auto verified = install(flash, new_image().file(), running);
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->slot(), other(running));
    EXPECT_EQ(verified->version(), new_version);
    EXPECT_EQ(slot_bytes(flash, running), before);
    EXPECT_EQ(image::read_status(flash, other(running))->state(), SlotState::trial);
    const auto bytes = slot_bytes(flash, other(running));
    const auto expected = image::testing::relocated(new_image(), other(running));
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), bytes.begin()));
  }
}

TEST(Installer, AnyChunkingGivesTheSameFlash) {
  const auto file = new_image().file();
  std::optional<Buffer> expected;
  std::mt19937 random(4);
  for (int round = 0; round < 60; ++round) {
    auto flash = device();
    Installer installer(flash, factory(), *running_image(flash, Slot::app1), {});
    installer.begin();
    base::Bytes rest(file);
    const std::size_t longest = round < 5 ? std::size_t{1} << (3 * round) : 1 + random() % 700;
    while (!rest.empty()) {
      const auto size = round < 5 ? longest : random() % (longest + 1);
      const auto piece = rest.first(std::min(size, rest.size()));
      ASSERT_TRUE(installer.write(piece));
      rest = rest.subspan(piece.size());
      EXPECT_EQ(installer.received(), file.size() - rest.size());
    }
    ASSERT_TRUE(installer.complete());
    ASSERT_TRUE(installer.finish());
    const auto bytes = slot_bytes(flash, Slot::app2);
    if (!expected) expected = bytes;
    EXPECT_EQ(bytes, *expected);
  }
}

TEST(Installer, ImagesOfEverySize) {
  for (const std::uint32_t size : {0x204u, 0x280u, 0x284u, 0x2FCu, 0x300u, 0x304u, 0x1000u}) {
    for (const std::uint32_t relocations : {1u, 5u, 100u}) {
      const auto image = make_image(
          {.version = new_version, .image_size = size, .relocations = relocations, .seed = size});
      auto flash = device();
      EXPECT_TRUE(install(flash, image.file())) << size << ' ' << relocations;
    }
  }
  const auto large =
      make_image({.version = new_version, .image_size = 0x2E000, .relocations = 2000, .seed = 3});
  auto flash = device();
  EXPECT_TRUE(install(flash, large.file()));
}

TEST(Installer, ReportsProgress) {
  auto flash = device();
  const auto file = new_image().file();
  Installer installer(flash, factory(), *running_image(flash, Slot::app1), {});
  installer.begin();
  const auto header = new_image().header().size();
  ASSERT_TRUE(installer.write(base::Bytes(file).first(header - 1)));
  EXPECT_EQ(installer.total_size(), 0u);
  EXPECT_FALSE(installer.manifest());
  EXPECT_EQ(flash.operations(), 0u);
  ASSERT_TRUE(installer.write(base::Bytes(file).subspan(header - 1, 1)));
  EXPECT_EQ(installer.total_size(), file.size());
  EXPECT_EQ(installer.manifest(), new_image().manifest);
  EXPECT_EQ(installer.finish().error(), InstallError::incomplete);
  ASSERT_TRUE(installer.write(base::Bytes(file).subspan(header)));
  EXPECT_TRUE(installer.finish());
  EXPECT_EQ(installer.finish().error(), InstallError::failed_before);
  EXPECT_EQ(installer.write(file).error(), InstallError::failed_before);
}

TEST(Installer, AManifestThatComesAgainErasesNothing) {
  auto flash = device();
  const auto file = new_image().file();
  const auto header = base::Bytes(file).first(new_image().header().size());
  Installer installer(flash, factory(), *running_image(flash, Slot::app1), {});
  for (int time = 0; time < 3; ++time) {
    installer.begin();
    ASSERT_TRUE(installer.write(header));
    EXPECT_EQ(flash.operations(), 2u);
  }
  // What has been written is erased for the next one.
  ASSERT_TRUE(installer.write(base::Bytes(file).subspan(header.size())));
  ASSERT_TRUE(installer.finish());
  flash.reset_operations();
  installer.begin();
  ASSERT_TRUE(installer.write(header));
  EXPECT_EQ(flash.operations(), 2u);
  ASSERT_TRUE(installer.write(base::Bytes(file).subspan(header.size())));
  EXPECT_TRUE(installer.finish());
}

TEST(Installer, ALengthThatTheManifestDoesNotSayIsRefusedBeforeAnythingIsErased) {
  auto flash = device();
  const auto file = new_image().file();
  const auto length = static_cast<std::uint32_t>(file.size());
  Installer installer(flash, factory(), *running_image(flash, Slot::app1), {});
  for (const auto declared : {0u, length - 16, length - 1, length + 1, length + 16, UINT32_MAX}) {
    installer.begin();
    installer.expect_size(declared);
    const auto written = installer.write(file);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), InstallError::size);
  }
  EXPECT_EQ(flash.operations(), 0u);
  installer.begin();
  installer.expect_size(length);
  EXPECT_TRUE(installer.write(file));
  EXPECT_TRUE(installer.finish());
  // What one sender has declared is forgotten with his file.
  installer.begin();
  installer.expect_size(1);
  installer.begin();
  EXPECT_TRUE(installer.write(file));
}

TEST(Installer, PolicyIsCheckedBeforeAnythingIsErased) {
  const auto with = [](const image::testing::Options& options) {
    return make_image(options).file();
  };
  EXPECT_EQ(refusal_untouched(with({.version = old_version})), InstallError::not_newer);
  EXPECT_EQ(refusal_untouched(with({.version = {1, 0, 30}})), InstallError::not_newer);
  EXPECT_EQ(refusal_untouched(with({.version = new_version, .minimum_version = {1, 0, 32}})),
            InstallError::minimum_version);
  EXPECT_EQ(refusal_untouched(with({.version = new_version, .sequence = 0})),
            InstallError::sequence);
  auto image = new_image();
  image.manifest.content_key_id = 9;
  image.sign();
  EXPECT_EQ(refusal_untouched(image.file()), InstallError::unknown_content_key);
  image = new_image();
  image.manifest.signing_key_id = 9;
  image.sign();
  EXPECT_EQ(refusal_untouched(image.file()), InstallError::unknown_signing_key);
  image = new_image();
  image.manifest.signature_type = image::SignatureType::ecdsa_p256;
  image.signature.resize(64);
  image.manifest.signature_size = 64;
  EXPECT_EQ(refusal_untouched(image.file()), InstallError::unknown_signing_key);
  image = new_image();
  image.manifest.product = *image::ProductId::from_text("OTHER");
  image.sign();
  EXPECT_EQ(refusal_untouched(image.file()), InstallError::product);
  EXPECT_EQ(refusal_untouched(Buffer(200, 0x47)), InstallError::malformed);
  EXPECT_EQ(refusal_untouched({}), InstallError::incomplete);
}

TEST(Installer, RefusesWhatWasRejectedBefore) {
  const std::array<crypto::Digest, 1> rejected{new_image().manifest.digest};
  auto flash = device();
  EXPECT_EQ(install(flash, new_image().file(), Slot::app1, 256, rejected).error(),
            InstallError::rejected_before);
  EXPECT_EQ(flash.operations(), 0u);
  image::testing::lay_out(flash, Slot::app2, new_image(), SlotState::rejected);
  EXPECT_EQ(install(flash, new_image().file()).error(), InstallError::rejected_before);
  const auto newer = make_image({.version = {1, 2, 0}, .sequence = 3, .seed = 9});
  EXPECT_TRUE(install(flash, newer.file()));
}

TEST(Installer, KeepsTheFallbackOfAnImageOnTrial) {
  auto flash = device();
  image::testing::lay_out(flash, Slot::app1, old_image(), SlotState::trial);
  flash.reset_operations();
  EXPECT_EQ(install(flash, new_image().file()).error(), InstallError::running_unconfirmed);
  EXPECT_EQ(flash.operations(), 0u);
}

TEST(Installer, EveryChangedByteIsRefused) {
  const auto file = new_image().file();
  const auto header = new_image().header().size();
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto changed = file;
    changed[i] ^= 0x08;
    if (i < header) {
      refusal_untouched(changed);
    } else {
      refusal(changed);
    }
  }
}

TEST(Installer, TruncatedExtendedReorderedSubstitutedDataIsRefused) {
  const auto file = new_image().file();
  const auto header = static_cast<std::ptrdiff_t>(new_image().header().size());
  for (const std::ptrdiff_t cut : {std::ptrdiff_t{1}, std::ptrdiff_t{16}, std::ptrdiff_t{500}}) {
    EXPECT_EQ(refusal(Buffer(file.begin(), file.end() - cut)), InstallError::incomplete);
  }
  auto extended = file;
  extended.resize(file.size() + 16);
  EXPECT_EQ(refusal(extended), InstallError::trailing_data);
  extended = file;
  extended.push_back(0);
  EXPECT_EQ(refusal(extended), InstallError::trailing_data);

  auto reordered = file;
  std::swap_ranges(reordered.begin() + header + 256, reordered.begin() + header + 512,
                   reordered.begin() + header + 512);
  EXPECT_EQ(refusal(reordered), InstallError::verification);
  auto replayed = file;
  std::copy_n(file.begin() + header + 512, 256, replayed.begin() + header + 768);
  EXPECT_EQ(refusal(replayed), InstallError::verification);

  // The payload of another authentic file, of the same sizes, behind this manifest.
  const auto sibling = make_image(
      {.version = new_version, .sequence = 2, .image_size = 1304, .relocations = 30, .seed = 22});
  const auto other_file = sibling.file();
  if (other_file.size() == file.size()) {
    auto substituted = file;
    std::copy(other_file.begin() + header, other_file.end(), substituted.begin() + header);
    refusal(substituted);
  }

  EXPECT_EQ(refusal_untouched([&] {
              auto changed = file;
              changed[96] ^= 1;
              return changed;
            }()),
            InstallError::signature);
}

TEST(Installer, PaddingMustBeZero) {
  auto image = new_image();
  ASSERT_LT(image.manifest.relocation_size + image.manifest.image_size,
            image.manifest.payload_size());
  auto plaintext = image.plaintext();
  plaintext.back() = 1;
  auto file = image.header();
  const auto payload = image::testing::encrypt(plaintext, image.manifest.iv);
  file.insert(file.end(), payload.begin(), payload.end());
  EXPECT_EQ(refusal(file), InstallError::verification);
}

TEST(Installer, NonCanonicalTableIsRefusedThoughSigned) {
  auto image = new_image();
  image.table.back() = 0xFF;
  image.table[image.table.size() - 2] = 0xFF;
  image.seal();
  EXPECT_EQ(refusal(image.file()), InstallError::verification);
}

// AES-CBC is malleable: what an attacker makes of the payload must not be told apart by the place
// or the kind of the refusal, or a device would decrypt for him.
TEST(Installer, TellsNothingOfHowAChangedPayloadDecrypts) {
  const auto image =
      make_image({.version = new_version, .image_size = 4000, .relocations = 300, .seed = 31});
  const auto file = image.file();
  const std::size_t header = file.size() - image.manifest.payload_size();
  for (std::size_t at = header; at < file.size(); at += 61) {
    auto flash = device();
    auto changed = file;
    changed[at] ^= 0x80;
    Installer installer(flash, factory(), *running_image(flash, Slot::app1), {});
    installer.begin();
    ASSERT_TRUE(installer.write(changed)) << at;
    ASSERT_EQ(installer.finish().error(), InstallError::verification) << at;
    EXPECT_EQ(image::read_status(flash, Slot::app2)->state(), SlotState::empty);
  }
}

TEST(Installer, ImageThatContradictsItsManifestIsRefusedThoughSigned) {
  auto image = new_image();
  image.manifest.version = {2, 0, 0};
  image.sign();
  EXPECT_EQ(refusal(image.file()), InstallError::verification);
}

TEST(Installer, BeginsAnewAfterAnError) {
  auto flash = device();
  const auto file = new_image().file();
  Installer installer(flash, factory(), *running_image(flash, Slot::app1), {});
  for (int round = 0; round < 3; ++round) {
    installer.begin();
    auto bad = file;
    bad[bad.size() - 40] ^= 1;
    ASSERT_TRUE(installer.write(bad));
    EXPECT_EQ(installer.finish().error(), InstallError::verification);
    EXPECT_EQ(image::read_status(flash, Slot::app2)->state(), SlotState::empty);
  }
  installer.begin();
  EXPECT_EQ(installer.received(), 0u);
  EXPECT_EQ(installer.total_size(), 0u);
  ASSERT_TRUE(installer.write(file));
  EXPECT_TRUE(installer.finish());
}

TEST(Installer, FlashErrorsAreReported) {
  auto flash = device();
  flash.protect(image::app2_section);
  EXPECT_EQ(install(flash, new_image().file()).error(), InstallError::flash);
}

TEST(Installer, EveryErrorHasItsLine) {
  for (auto error = InstallError::malformed; error <= InstallError::failed_before;
       error = static_cast<InstallError>(static_cast<int>(error) + 1)) {
    EXPECT_NE(describe(error), "unknown error");
    EXPECT_LT(describe(error).size(), 75u);
  }
}

TEST(Installer, RandomFilesBehindAGoodManifestAreRefused) {
  std::mt19937 random(12);
  const auto header = new_image().header();
  for (int round = 0; round < 100; ++round) {
    auto file = header;
    file.resize(header.size() + random() % 2000);
    for (std::size_t i = header.size(); i < file.size(); ++i) {
      file[i] = static_cast<std::uint8_t>(random());
    }
    refusal(file);
  }
}

}  // namespace
}  // namespace goldcrest::update
