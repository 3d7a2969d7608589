// SPDX-License-Identifier: MIT
#include "core/update/installer.hpp"

#include <algorithm>

#include "core/image/slot.hpp"
#include "core/update/slots.hpp"

namespace goldcrest::update {
namespace {

using image::half_page_size;
using image::page_size;

InstallError from(image::VerifyError error) {
  switch (error) {
    case image::VerifyError::product:
      return InstallError::product;
    case image::VerifyError::unknown_signing_key:
      return InstallError::unknown_signing_key;
    case image::VerifyError::unsupported_signature:
      return InstallError::unsupported_signature;
    case image::VerifyError::signature:
      return InstallError::signature;
    default:
      return InstallError::malformed;
  }
}

}  // namespace

std::string_view describe(InstallError error) {
  switch (error) {
    case InstallError::malformed:
      return "the update's manifest is malformed";
    case InstallError::product:
      return "the update is for another product";
    case InstallError::unknown_signing_key:
      return "the update is signed with a key that this device does not trust";
    case InstallError::unsupported_signature:
      return "the update's signature is of a type that this device does not check";
    case InstallError::signature:
      return "the update's signature does not hold";
    case InstallError::unknown_content_key:
      return "the update is encrypted for a key that this device does not have";
    case InstallError::not_newer:
      return "the update is not newer than the running version";
    case InstallError::minimum_version:
      return "the running version is too old for this update";
    case InstallError::sequence:
      return "the update's security counter is below the running one";
    case InstallError::revoked_signing_key:
      return "the update is signed with a key that has been revoked";
    case InstallError::revoked_keys:
      return "the update does not revoke all keys that have been revoked";
    case InstallError::rejected_before:
      return "this update has been rejected on this device before";
    case InstallError::running_unconfirmed:
      return "the running version is still on trial";
    case InstallError::size:
      return "the update's length is not what its manifest says";
    case InstallError::trailing_data:
      return "there is data behind the end of the update";
    case InstallError::incomplete:
      return "the update is not complete";
    case InstallError::verification:
      return "what was written is not what was signed";
    case InstallError::flash:
      return "the flash could not be written";
    case InstallError::failed_before:
      return "the installation has ended already";
  }
  return "unknown error";
}

Installer::Installer(image::Flash& flash, const image::Factory& factory,
                     const RunningImage& running, std::span<const crypto::Digest> rejected)
    : flash_(flash), factory_(factory), running_(running), rejected_(rejected) {}

void Installer::begin() {
  received_ = 0;
  expected_size_.reset();
  failed_ = false;
  manifest_.reset();
  decryption_.reset();
  relocations_.reset();
  next_relocation_.reset();
  taken_ = 0;
  chunk_size_ = 0;
  cipher_size_ = 0;
  content_holds_ = true;
}

std::uint32_t Installer::total_size() const {
  return manifest_ ? manifest_->file_size() : 0;
}

std::expected<void, InstallError> Installer::write(base::Bytes bytes) {
  if (failed_) return std::unexpected(InstallError::failed_before);
  while (!bytes.empty()) {
    if (const auto consumed = consume(bytes); !consumed) {
      failed_ = true;
      return consumed;
    }
  }
  return {};
}

Installer::Result Installer::consume(base::Bytes& bytes) {
  if (!manifest_) return take_header(bytes);
  if (complete()) return std::unexpected(InstallError::trailing_data);
  return take_payload(bytes);
}

// The signature's size is known, and checked, once the manifest is there.
Installer::Result Installer::take_header(base::Bytes& bytes) {
  std::uint32_t wanted = image::manifest_size;
  if (received_ >= image::manifest_size) {
    const auto manifest = image::parse_manifest(header_);
    if (!manifest) return std::unexpected(InstallError::malformed);
    wanted += manifest->signature_size;
  }
  const auto count = std::min<std::size_t>(wanted - received_, bytes.size());
  std::copy_n(bytes.begin(), count, header_.begin() + received_);
  received_ += static_cast<std::uint32_t>(count);
  bytes = bytes.subspan(count);
  if (received_ == image::manifest_size && !image::parse_manifest(header_)) {
    return std::unexpected(InstallError::malformed);
  }
  if (wanted == image::manifest_size || received_ < wanted) return {};
  return accept_header();
}

Installer::Result Installer::accept_header() {
  const auto authentic = image::verify_manifest(base::Bytes(header_).first(received_), factory_);
  if (!authentic) return std::unexpected(from(authentic.error()));
  const auto& manifest = authentic->manifest();
  if (const auto checked = check_policy(manifest); !checked) return checked;
  if (expected_size_ && *expected_size_ != manifest.file_size()) {
    return std::unexpected(InstallError::size);
  }
  const auto* key = factory_.content_key(manifest.content_key_id);
  if (key == nullptr) return std::unexpected(InstallError::unknown_content_key);
  if (const auto prepared = prepare_slot(); !prepared) return prepared;
  decryption_.emplace(key->key, manifest.iv);
  manifest_ = manifest;
  return manifest.relocation_size == 0 ? start_relocating() : Result{};
}

Installer::Result Installer::check_policy(const image::Manifest& manifest) {
  if (manifest.version <= running_.version()) return std::unexpected(InstallError::not_newer);
  if (running_.version() < manifest.minimum_version) {
    return std::unexpected(InstallError::minimum_version);
  }
  const auto& policy = running_.manifest;
  if (policy.revokes(manifest.signing_key_id)) {
    return std::unexpected(InstallError::revoked_signing_key);
  }
  if (manifest.sequence < policy.sequence) return std::unexpected(InstallError::sequence);
  if (!keeps_to(manifest, policy)) return std::unexpected(InstallError::revoked_keys);
  if (std::ranges::find(rejected_, manifest.digest) != rejected_.end() ||
      rejected_digest(flash_, target()) == manifest.digest) {
    return std::unexpected(InstallError::rejected_before);
  }
  const auto status = image::read_status(flash_, running_.slot);
  if (!status) return std::unexpected(InstallError::flash);
  if (status->state() != image::SlotState::confirmed) {
    return std::unexpected(InstallError::running_unconfirmed);
  }
  return {};
}

// The manifest goes first: were the state page half erased while the slot still verified, an image
// that had been rejected could look like one that had not.
Installer::Result Installer::prepare_slot() {
  if (slot_empty_) return {};
  for (const auto offset : {image::manifest_offset, image::state_offset}) {
    if (!flash_.erase_page(base() + offset)) return std::unexpected(InstallError::flash);
  }
  slot_empty_ = true;
  return {};
}

Installer::Result Installer::take_payload(base::Bytes& bytes) {
  const auto left = total_size() - received_;
  const auto count = std::min<std::size_t>(
      {static_cast<std::size_t>(left), cipher_.size() - cipher_size_, bytes.size()});
  std::copy_n(bytes.begin(), count, cipher_.begin() + cipher_size_);
  received_ += static_cast<std::uint32_t>(count);
  cipher_size_ += static_cast<std::uint32_t>(count);
  bytes = bytes.subspan(count);
  if (cipher_size_ < cipher_.size() && !complete()) return {};
  const auto blocks = base::MutableBytes(cipher_).first(cipher_size_);
  cipher_size_ = 0;
  decryption_->decrypt(blocks);
  return take_plaintext(blocks);
}

Installer::Result Installer::take_plaintext(base::Bytes plaintext) {
  const std::uint32_t table_end = manifest_->relocation_size;
  const std::uint32_t image_end = table_end + manifest_->image_size;
  while (!plaintext.empty()) {
    if (taken_ == image_end) {
      if (std::ranges::any_of(plaintext, [](auto byte) { return byte != 0; })) {
        content_holds_ = false;
      }
      return {};
    }
    const std::uint32_t part_end = taken_ < table_end ? table_end : image_end;
    const auto count = std::min<std::size_t>({plaintext.size(), chunk_.size() - chunk_size_,
                                              static_cast<std::size_t>(part_end - taken_)});
    std::copy_n(plaintext.begin(), count, chunk_.begin() + chunk_size_);
    chunk_size_ += static_cast<std::uint32_t>(count);
    taken_ += static_cast<std::uint32_t>(count);
    plaintext = plaintext.subspan(count);
    if (chunk_size_ == chunk_.size() || taken_ == part_end) {
      if (const auto flushed = flush_chunk(); !flushed) return flushed;
    }
  }
  return {};
}

Installer::Result Installer::flush_chunk() {
  const std::uint32_t table_end = manifest_->relocation_size;
  const std::uint32_t start = taken_ - chunk_size_;
  const auto chunk = base::MutableBytes(chunk_).first(chunk_size_);
  if (start < table_end) {
    const auto table = base() + image::relocation_table_offset(table_end);
    const auto written = program(table + start, chunk);
    chunk_size_ = 0;
    if (!written || taken_ < table_end) return written;
    return start_relocating();
  }
  if (const auto relocated = relocate_chunk(start - table_end); !relocated) return relocated;
  chunk_size_ = 0;
  return program(base() + start - table_end, chunk);
}

Installer::Result Installer::start_relocating() {
  const auto table = base() + image::relocation_table_offset(manifest_->relocation_size);
  relocations_.emplace(flash_, table, manifest_->relocation_size, manifest_->relocation_count,
                       manifest_->image_size);
  return take_next_relocation();
}

// Once a table has turned out to be malformed the rest is written as it comes, see installer.hpp.
Installer::Result Installer::take_next_relocation() {
  const auto next = relocations_->next();
  if (!next && next.error() == image::RelocationError::flash) {
    return std::unexpected(InstallError::flash);
  }
  if (!next) content_holds_ = false;
  next_relocation_ = next.value_or(std::nullopt);
  return {};
}

Installer::Result Installer::relocate_chunk(std::uint32_t image_position) {
  while (next_relocation_ && *next_relocation_ < image_position + chunk_size_) {
    auto* word = chunk_.data() + (*next_relocation_ - image_position);
    base::store_le32(word, base::load_le32(word) + offset_of(target()));
    if (const auto taken = take_next_relocation(); !taken) return taken;
  }
  return {};
}

// Erases a page when its first half is about to be written, but for the manifest's, which
// prepare_slot() has erased; a shorter half page is filled with the erased value.
Installer::Result Installer::program(image::Address address, base::Bytes data) {
  const bool erase = address % page_size == 0 && address != base() + image::manifest_offset;
  if (erase && !flash_.erase_page(address)) return std::unexpected(InstallError::flash);
  std::array<std::uint8_t, half_page_size> half_page{};
  std::ranges::copy(data, half_page.begin());
  if (!flash_.program_half_page(address, half_page)) return std::unexpected(InstallError::flash);
  return {};
}

Installer::Result Installer::write_header() {
  slot_empty_ = false;
  const std::uint32_t size = image::manifest_size + manifest_->signature_size;
  for (std::uint32_t at = 0; at < size; at += half_page_size) {
    const auto half_page = base::Bytes(header_).subspan(at, std::min(half_page_size, size - at));
    if (const auto written = program(base() + image::manifest_offset + at, half_page); !written) {
      return written;
    }
  }
  return {};
}

std::expected<image::VerifiedImage, InstallError> Installer::finish() {
  if (failed_) return std::unexpected(InstallError::failed_before);
  if (!complete()) return std::unexpected(InstallError::incomplete);
  failed_ = true;
  return make_valid();
}

std::expected<image::VerifiedImage, InstallError> Installer::make_valid() {
  if (const auto written = write_header(); !written) return std::unexpected(written.error());
  const auto verified = image::verify(flash_, target(), factory_);
  if (!verified || !content_holds_) return std::unexpected(InstallError::verification);
  if (!image::set_state(flash_, target(), image::StateGroup::installed)) {
    return std::unexpected(InstallError::flash);
  }
  return *verified;
}

}  // namespace goldcrest::update
