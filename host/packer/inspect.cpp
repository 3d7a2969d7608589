// SPDX-License-Identifier: MIT
#include "host/packer/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/crypto/crc32.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "host/packer/file_name.hpp"
#include "host/packer/hex.hpp"
#include "host/packer/man.hpp"
#include "host/packer/memory_flash.hpp"
#include "host/packer/sha256.hpp"
#include "host/packer/update_file.hpp"
#include "host/system/printable.hpp"

namespace goldcrest::packer {
namespace {

using Json = nlohmann::ordered_json;

std::string id_text(std::uint32_t id) {
  return fmt::format("{:08x}", id);
}

bool starts_with(base::Bytes file, std::string_view magic, std::size_t offset = 0) {
  return file.size() >= offset + magic.size() &&
         std::equal(magic.begin(), magic.end(), file.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

Check passed(std::string name) {
  return {std::move(name), CheckState::passed, {}};
}
Check failed(std::string name, std::string why) {
  return {std::move(name), CheckState::failed, std::move(why)};
}
Check not_made(std::string name, std::string why) {
  return {std::move(name), CheckState::not_made, std::move(why)};
}
Check check_of(std::string name, const Result<void>& result) {
  return result ? passed(std::move(name)) : failed(std::move(name), result.error().text);
}

Check check_name(std::string_view text, FileKind kind, std::string_view product,
                 base::Version version, std::uint32_t crc32) {
  const auto name = FileName::parse(text);
  if (!name) return not_made("file name", "not of the form that servers look for");
  if (name->crc32 != crc32) {
    return failed("file name", fmt::format("it says CRC-32 0x{:08X}, the file has 0x{:08X}",
                                           name->crc32, crc32));
  }
  if (name->kind != kind || name->product != product || name->version != version) {
    return failed("file name",
                  fmt::format("it says {} {}, the file is {} {}", name->product,
                              version_text(name->version), product, version_text(version)));
  }
  return passed("file name");
}

void add_manifest(Json& fields, const image::Manifest& manifest) {
  fields["product"] = std::string(manifest.product.text());
  fields["version"] = version_text(manifest.version);
  fields["minimum_version"] = version_text(manifest.minimum_version);
  fields["sequence"] = manifest.sequence;
  fields["image_size"] = manifest.image_size;
  fields["relocation_count"] = manifest.relocation_count;
  fields["relocation_size"] = manifest.relocation_size;
  fields["payload_size"] = manifest.payload_size();
  fields["signature_size"] = manifest.signature_size;
  fields["signing_key_id"] = id_text(manifest.signing_key_id);
  fields["revoked_keys"] = Json::array();
  for (const auto key : manifest.revoked_keys) {
    if (key != 0) fields["revoked_keys"].push_back(id_text(key));
  }
  fields["content_key_id"] = id_text(manifest.content_key_id);
  fields["digest"] = to_hex(manifest.digest);
}

/// What can be told of a signature without a key: its parameter set and the leaf that made it.
void add_signature(Json& fields, const image::Manifest& manifest, base::Bytes signature) {
  if (manifest.signature_type == image::SignatureType::ecdsa_p256) {
    fields["signature_type"] = "ECDSA P-256 with SHA-256";
    return;
  }
  fields["signature_type"] = "LMS";
  base::ByteReader reader(signature);
  const std::uint32_t leaf = reader.be32();
  const std::uint32_t lmots_type = reader.be32();
  for (std::uint32_t lms_type = 5; lms_type <= 14; ++lms_type) {
    const auto parameters = LmsParameters::from_types(lms_type, lmots_type);
    if (!parameters || parameters->signature_bytes() != signature.size()) continue;
    fields["signature_parameters"] = parameters->lms_name() + " " + parameters->lmots_name();
    fields["signature_leaf"] = leaf;
  }
}

Result<image::Factory> factory_of(const image::ProductId& product, const InspectionKeys& keys) {
  const std::span<const ContentKey> content =
      keys.content_key ? std::span(&*keys.content_key, 1) : std::span<const ContentKey>();
  return factory_with(product, keys.public_keys, content);
}

Check check_update_signature(const UpdateParts& parts, const image::Factory& factory) {
  const char* name = "signature";
  if (factory.trust_anchors.empty()) return not_made(name, "no public key given");
  const auto verified = image::verify_manifest(parts.signed_part, factory);
  if (verified) return passed(name);
  if (verified.error() == image::VerifyError::unknown_signing_key) {
    return failed(name, fmt::format("made with key {:08x}, which is not among the given ones",
                                    parts.manifest.signing_key_id));
  }
  return failed(name, std::string(image::describe(verified.error())));
}

/// Decrypts and compares with the digest; says nothing about who signed it.
Result<void> check_content(const UpdateParts& parts, const ContentKey& key) {
  if (key.id != parts.manifest.content_key_id) {
    return problem(fmt::format("encrypted with content key {:08x}, the given one is {:08x}",
                               parts.manifest.content_key_id, key.id));
  }
  const auto content = decrypt_payload(parts, key.key);
  if (!content) return std::unexpected(content.error());
  const auto table = base::Bytes(*content).first(parts.manifest.relocation_size);
  const auto image = base::Bytes(*content).subspan(parts.manifest.relocation_size);
  if (Sha256().update(image).update(table).finish() != parts.manifest.digest) {
    return problem("the digest of the decrypted image is not the one in the manifest");
  }
  return {};
}

Result<Inspection> inspect_update(base::Bytes file, std::string_view file_name,
                                  const InspectionKeys& keys) {
  const auto parts = split_update(file);
  if (!parts) return std::unexpected(parts.error());
  const auto& manifest = parts->manifest;
  const auto factory = factory_of(manifest.product, keys);
  if (!factory) return std::unexpected(factory.error());
  const std::uint32_t crc32 = crypto::Crc32::of(file);

  Inspection inspection;
  inspection.fields["kind"] = "update file";
  inspection.fields["file_size"] = file.size();
  inspection.fields["crc32"] = fmt::format("0x{:08X}", crc32);
  add_manifest(inspection.fields, manifest);
  add_signature(inspection.fields, manifest, parts->signed_part.subspan(image::manifest_size));

  auto& checks = inspection.checks;
  checks.push_back(passed("structure"));
  checks.push_back(
      check_name(file_name, FileKind::update, manifest.product.text(), manifest.version, crc32));
  checks.push_back(check_update_signature(*parts, *factory));
  checks.push_back(keys.content_key ? check_of("content", check_content(*parts, *keys.content_key))
                                    : not_made("content", "no content key given"));
  const bool all_keys =
      checks[2].state == CheckState::passed && checks[3].state == CheckState::passed;
  checks.push_back(all_keys ? check_of("installable", verify_update(file, *factory))
                            : not_made("installable", "needs signature and content to be checked"));
  return inspection;
}

Json program_fields(image::Flash& flash, image::Address base) {
  const auto info = image::read_info(flash, base);
  if (!info) return {{"problem", std::string(image::describe(info.error()))}};
  return {{"product", std::string(info->product.text())}, {"version", version_text(info->version)}};
}

const char* state_text(image::SlotState state) {
  switch (state) {
    case image::SlotState::empty:
      return "empty";
    case image::SlotState::trial:
      return "trial";
    case image::SlotState::confirmed:
      return "confirmed";
    case image::SlotState::rejected:
      break;
  }
  return "rejected";
}

Json app_fields(image::Flash& flash) {
  Json fields;
  const auto status = image::read_status(flash, image::Slot::app1);
  fields["state"] = status ? state_text(status->state()) : "unreadable";
  if (const auto manifest = image::read_manifest(flash, image::Slot::app1)) {
    add_manifest(fields, *manifest);
  } else {
    fields["problem"] = std::string(image::describe(manifest.error()));
  }
  return fields;
}

Json factory_fields(const image::Factory& factory) {
  Json fields;
  fields["product"] = std::string(factory.product.text());
  fields["boot_size"] = factory.boot_size;
  fields["mta_size"] = factory.mta_size;
  for (const auto& anchor : factory.trust_anchors) {
    fields["trusted_keys"].push_back(id_text(anchor.key_id));
    fields["trusted_key_types"].push_back(name_of(anchor.type));
  }
  for (const auto& key : factory.content_keys) {
    fields["content_keys"].push_back(id_text(key.key_id));
  }
  return fields;
}

void check_man_keys(std::vector<Check>& checks, const image::Factory& factory,
                    const InspectionKeys& keys) {
  for (const auto& key : keys.public_keys) {
    const auto* anchor = factory.trust_anchor(key.id);
    const bool same = anchor != nullptr && std::ranges::equal(anchor->key(), key.key);
    const auto name = fmt::format("trusts key {:08x}", key.id);
    checks.push_back(same ? passed(name) : failed(name, "its public key is not in the image"));
  }
  if (keys.content_key) {
    const auto* key = factory.content_key(keys.content_key->id);
    const auto name = fmt::format("holds content key {:08x}", keys.content_key->id);
    checks.push_back(key != nullptr && key->key == keys.content_key->key
                         ? passed(name)
                         : failed(name, "it is not in the image"));
  }
}

Result<Inspection> inspect_man(base::Bytes file, std::string_view file_name,
                               const InspectionKeys& keys) {
  if (file.size() != man_extent.size) {
    return problem(fmt::format("it begins like a MAN image, which has {} bytes, but has {}",
                               man_extent.size, file.size()));
  }
  MemoryFlash flash;
  if (!flash.program(man_extent.base, file)) return problem("it does not fit the flash");
  const std::uint32_t crc32 = crypto::Crc32::of(file);
  Inspection inspection;
  auto& fields = inspection.fields;
  fields["kind"] = "MAN image";
  fields["file_size"] = file.size();
  fields["crc32"] = fmt::format("0x{:08X}", crc32);
  fields["boot"] = program_fields(flash, image::boot_section.base);
  fields["mta"] = program_fields(flash, image::mta_section.base);
  fields["app1"] = app_fields(flash);

  inspection.checks.push_back(check_of("bootable", verify_man_image(file)));
  if (const auto manifest = image::read_manifest(flash, image::Slot::app1)) {
    inspection.checks.push_back(check_name(file_name, FileKind::manufacturing,
                                           manifest->product.text(), manifest->version, crc32));
  }
  if (const auto factory = image::read_factory(flash)) {
    fields["factory"] = factory_fields(*factory);
    check_man_keys(inspection.checks, *factory, keys);
  }
  return inspection;
}

void append_text(std::string& text, const Json& fields, const std::string& indent) {
  for (const auto& [key, value] : fields.items()) {
    std::string label = key;
    std::ranges::replace(label, '_', ' ');
    if (value.is_object()) {
      text += fmt::format("{}{}:\n", indent, label);
      append_text(text, value, indent + "  ");
      continue;
    }
    std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_array()) {
      shown.clear();
      for (const auto& item : value) {
        shown += (shown.empty() ? "" : ", ") +
                 (item.is_string() ? item.get<std::string>() : item.dump());
      }
    }
    const int width = std::max(1, 24 - static_cast<int>(indent.size()));
    text += fmt::format("{}{:<{}}{}\n", indent, label, width, system::printable(shown));
  }
}

const char* state_name(CheckState state) {
  switch (state) {
    case CheckState::passed:
      return "passed";
    case CheckState::failed:
      return "FAILED";
    case CheckState::not_made:
      break;
  }
  return "not checked";
}

}  // namespace

bool Inspection::sound() const {
  return std::ranges::none_of(checks, [](const Check& c) { return c.state == CheckState::failed; });
}

nlohmann::ordered_json Inspection::json() const {
  Json all = fields;
  for (const auto& check : checks) {
    Json entry{{"name", check.name}};
    entry["passed"] =
        check.state == CheckState::not_made ? Json() : Json(check.state == CheckState::passed);
    if (!check.detail.empty()) entry["detail"] = check.detail;
    all["checks"].push_back(entry);
  }
  all["sound"] = sound();
  return all;
}

std::string Inspection::text() const {
  std::string text;
  append_text(text, fields, "");
  text += "checks:\n";
  for (const auto& check : checks) {
    text += fmt::format("  {:<28}{}{}{}\n", check.name, state_name(check.state),
                        check.detail.empty() ? "" : ": ", check.detail);
  }
  return text;
}

Result<Inspection> inspect(base::Bytes file, std::string_view file_name,
                           const InspectionKeys& keys) {
  if (starts_with(file, "GFMU")) return inspect_update(file, file_name, keys);
  if (starts_with(file, "GINF", image::info_offset) ||
      starts_with(file, "GFAC", image::factory_section.base - image::flash_section.base)) {
    return inspect_man(file, file_name, keys);
  }
  if (starts_with(file,
                  "\x7F"
                  "ELF")) {
    return problem("it is an ELF file; make an update of it with `goldcrest pack` first");
  }
  return problem("it is neither an update file nor a MAN image");
}

}  // namespace goldcrest::packer
