// SPDX-License-Identifier: MIT
// Installs an update file, as it arrives, into the slot that is not running.
//
// Order, and what a power cut leaves:
//   1. manifest and signature are gathered in RAM and checked; the flash is not touched
//   2. the target's manifest page is erased, then its state page: the slot is now empty for good.
//      Begun again, it still is, and neither is erased a second time: flash wears
//   3. relocation table, then the image, decrypted and relocated, each page erased just ahead
//   4. manifest and signature; then everything is read back from flash and verified
//   5. the word `installed`, last of all
// The update must keep to all that the running, confirmed image lays down (policy.hpp), and BOOT
// lets none run that does not keep to a confirmed image in the other slot: so what is erased never
// holds the only copy of the device's policy.
// Whatever is wrong with the encrypted part shows after its last byte, and always in the same way:
// it is not authenticated before, and an attacker who changes it must not learn from the place or
// kind of a refusal how his blocks decrypt. A cut before 2 leaves the target as it was, a cut until
// 5 an empty slot; the running slot is never written. After a cut or an error the file is installed
// again from its start.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/version.hpp"
#include "core/crypto/aes_cbc.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/factory.hpp"
#include "core/image/flash.hpp"
#include "core/image/manifest.hpp"
#include "core/image/relocations.hpp"
#include "core/image/verify.hpp"

namespace goldcrest::update {

/// The application that runs the installer; make it with running_image() of slots.hpp.
struct RunningImage {
  image::Slot slot;
  image::Manifest manifest;

  base::Version version() const { return manifest.version; }
};

enum class InstallError : std::uint8_t {
  malformed,              ///< the manifest breaks a rule of its format
  product,                ///< made for another product
  unknown_signing_key,    ///< signed with a key that this device does not trust
  unsupported_signature,  ///< a signature type that this device does not check
  signature,              ///< the signature does not hold
  unknown_content_key,    ///< encrypted for a key that this device does not have
  not_newer,              ///< its version is not above the running one
  minimum_version,        ///< the running version is below the lowest it may replace
  sequence,               ///< its security counter is below the running one
  revoked_signing_key,    ///< signed with a key that the running image revokes
  revoked_keys,           ///< does not revoke what the running image does
  rejected_before,        ///< this very image has been rejected on this device
  running_unconfirmed,    ///< the running image is on trial; its fallback must not be erased
  size,                   ///< the file's declared length is not what the manifest says
  trailing_data,          ///< the file goes on after its end
  incomplete,             ///< finish() before the whole file had come
  verification,           ///< the content, as decrypted or read back from flash, was not signed
  flash,                  ///< flash could not be erased, written or read
  failed_before,          ///< called again after an error or the end, without begin()
};

/// One line for people: what is wrong with the update.
std::string_view describe(InstallError error);

class Installer {
 public:
  /// The target is the slot that does not run. All references must outlive the installer.
  Installer(image::Flash& flash, const image::Factory& factory, const RunningImage& running,
            std::span<const crypto::Digest> rejected);

  /// Forgets everything and expects a file from its first byte.
  void begin();

  /// The length of the whole file as whoever sends it declares it, if he does; before the first
  /// byte. A manifest that says otherwise is refused before anything is erased.
  void expect_size(std::uint32_t size) { expected_size_ = size; }

  /// Takes the next bytes of the file, any number. The first error is final until begin(); before
  /// manifest and signature have been accepted, the flash is only read.
  [[nodiscard]] std::expected<void, InstallError> write(base::Bytes bytes);

  /// To be called once the whole file has been written: verifies, then makes the slot valid.
  [[nodiscard]] std::expected<image::VerifiedImage, InstallError> finish();

  /// Length of the whole file; 0 until the manifest has been accepted.
  std::uint32_t total_size() const;
  /// Bytes taken so far: where a download goes on.
  std::uint32_t received() const { return received_; }
  bool complete() const { return total_size() != 0 && received_ == total_size(); }
  /// Present once it has been accepted.
  const std::optional<image::Manifest>& manifest() const { return manifest_; }
  image::Slot target() const { return other(running_.slot); }

 private:
  using Result = std::expected<void, InstallError>;

  Result consume(base::Bytes& bytes);
  Result take_header(base::Bytes& bytes);
  Result accept_header();
  Result check_policy(const image::Manifest& manifest);
  Result prepare_slot();
  Result take_payload(base::Bytes& bytes);
  Result take_plaintext(base::Bytes plaintext);
  Result flush_chunk();
  Result start_relocating();
  Result take_next_relocation();
  Result relocate_chunk(std::uint32_t image_position);
  Result program(image::Address address, base::Bytes data);
  Result write_header();
  std::expected<image::VerifiedImage, InstallError> make_valid();
  image::Address base() const { return section_of(target()).base; }

  image::Flash& flash_;
  const image::Factory& factory_;
  RunningImage running_;
  std::span<const crypto::Digest> rejected_;

  std::uint32_t received_ = 0;
  std::optional<std::uint32_t> expected_size_;
  bool failed_ = false;
  bool slot_empty_ = false;  // manifest and state page have been erased, and not written since
  std::optional<image::Manifest> manifest_;
  std::optional<crypto::AesCbcDecryption> decryption_;
  std::optional<image::FlashRelocations> relocations_;
  std::optional<std::uint32_t> next_relocation_;
  std::uint32_t taken_ = 0;  // plaintext bytes written or in chunk_
  std::uint32_t chunk_size_ = 0;
  std::uint32_t cipher_size_ = 0;
  bool content_holds_ = true;  ///< relocation table and padding, as far as they have come
  std::array<std::uint8_t, image::half_page_size> chunk_{};
  std::array<std::uint8_t, 2 * crypto::aes_block_size> cipher_{};
  std::array<std::uint8_t, image::manifest_and_signature_size_max> header_{};
};

}  // namespace goldcrest::update
