// SPDX-License-Identifier: MIT
#include "host/packer/key_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ensure.hpp"
#include "core/crypto/ecdsa_p256.hpp"
#include "core/crypto/lms.hpp"
#include "host/packer/files.hpp"
#include "host/packer/hex.hpp"
#include "host/packer/sha256.hpp"

namespace goldcrest::packer {
namespace {

using Json = nlohmann::json;

constexpr std::size_t key_file_limit = 4096;
constexpr std::array<std::uint8_t, 8> tree_magic{'G', 'L', 'M', 'S', 'T', 'R', 'E', '1'};
constexpr std::size_t tree_header_bytes = tree_magic.size() + 4 + 4 + 16;

/// One of our JSON files, opened by the value of its `format` member.
class KeyFile {
 public:
  static Result<KeyFile> read(const std::filesystem::path& path, std::string_view format) {
    return parse(path, format, read_file(path, key_file_limit));
  }
  static Result<KeyFile> read_private(const std::filesystem::path& path, std::string_view format) {
    return parse(path, format, read_private_file(path, key_file_limit));
  }
  std::optional<std::string> text(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  }
  std::optional<std::uint32_t> number(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !found->is_number_unsigned()) return std::nullopt;
    const auto value = found->get<std::uint64_t>();
    if (value > 0xFFFFFFFFu) return std::nullopt;
    return static_cast<std::uint32_t>(value);
  }
  std::optional<std::vector<std::uint8_t>> bytes(const char* name, std::size_t size) const {
    auto hex = text(name);
    if (!hex) return std::nullopt;
    auto decoded = from_hex(*hex);
    OPENSSL_cleanse(hex->data(), hex->size());
    if (!decoded || decoded->size() != size) return std::nullopt;
    return decoded;
  }
  std::optional<std::uint32_t> id() const {
    const auto decoded = bytes("id", 4);
    if (!decoded) return std::nullopt;
    return base::load_be32(decoded->data());
  }
  std::unexpected<Problem> damaged(std::string_view what) const {
    return problem(fmt::format("{} is damaged: {}", path_.string(), what));
  }

 private:
  static Result<KeyFile> parse(const std::filesystem::path& path, std::string_view format,
                               Result<std::vector<std::uint8_t>> bytes) {
    if (!bytes) return std::unexpected(bytes.error());
    Json json = Json::parse(bytes->begin(), bytes->end(), nullptr, false);
    OPENSSL_cleanse(bytes->data(), bytes->size());
    KeyFile file(path, std::move(json));
    if (!file.json_.is_object() || file.text("format") != format || file.number("version") != 1) {
      return problem(fmt::format("{} is not a {} file of version 1", path.string(), format));
    }
    return file;
  }

  KeyFile(std::filesystem::path path, Json json) : path_(std::move(path)), json_(std::move(json)) {}

  std::filesystem::path path_;
  Json json_;
};

Result<void> write_json(const std::filesystem::path& path, const nlohmann::ordered_json& json,
                        mode_t mode) {
  std::string text = json.dump(2) + "\n";
  const auto written = write_file(
      path, base::Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), mode);
  OPENSSL_cleanse(text.data(), text.size());
  return written;
}

std::string id_text(std::uint32_t id) {
  return fmt::format("{:08x}", id);
}

Result<PublicKey> lms_key_of(const KeyFile& file) {
  const auto lms_type = file.number("lms_type");
  const auto lmots_type = file.number("lmots_type");
  if (!lms_type || !lmots_type) return file.damaged("lms_type or lmots_type is missing");
  const auto parameters = LmsParameters::from_types(*lms_type, *lmots_type);
  if (!parameters) return file.damaged(parameters.error().text);
  const auto key = file.bytes("public_key", parameters->public_key_bytes());
  if (!key) return file.damaged("public_key has not the size its parameter set asks for");
  if (base::load_be32(key->data()) != *lms_type ||
      base::load_be32(key->data() + 4) != *lmots_type) {
    return file.damaged("public_key is of another parameter set than the file says");
  }
  return PublicKey{image::SignatureType::lms, key_id_of(*key), *key};
}

Result<PublicKey> p256_key_of(const KeyFile& file) {
  const auto key = file.bytes("public_key", crypto::p256_public_key_size);
  if (!key) return file.damaged("public_key has not 64 bytes");
  if (!crypto::p256_public_key_holds(*key)) {
    return file.damaged("public_key is not a point of the curve P-256");
  }
  return PublicKey{image::SignatureType::ecdsa_p256, key_id_of(*key), *key};
}

}  // namespace

const char* name_of(image::SignatureType type) {
  return type == image::SignatureType::lms ? "LMS" : "ECDSA P-256";
}

std::size_t PublicKey::signature_bytes() const {
  if (signature_type == image::SignatureType::ecdsa_p256) return crypto::p256_signature_size;
  base::ensure(key.size() > 8);
  const auto parameters =
      LmsParameters::from_types(base::load_be32(key.data()), base::load_be32(key.data() + 4));
  base::ensure(parameters.has_value());
  return parameters->signature_bytes();
}

bool PublicKey::verifies(base::Bytes message, base::Bytes signature) const {
  return signature_type == image::SignatureType::ecdsa_p256
             ? crypto::ecdsa_p256_verify(key, message, signature).has_value()
             : crypto::lms_verify(key, message, signature).has_value();
}

std::uint32_t key_id_of(base::Bytes public_key) {
  return base::load_be32(sha256(public_key).data());
}

Result<PublicKey> read_public_key(const std::filesystem::path& path) {
  const auto file = KeyFile::read(path, "goldcrest public key");
  if (!file) return std::unexpected(file.error());
  const auto type = file->text("type");
  if (type != "LMS" && type != "P-256") return file->damaged("its type is neither LMS nor P-256");
  auto key = type == "LMS" ? lms_key_of(*file) : p256_key_of(*file);
  if (!key) return std::unexpected(key.error());
  if (file->id() != key->id) return file->damaged("id does not belong to public_key");
  return key;
}

Result<ContentKey> read_content_key(const std::filesystem::path& path) {
  const auto file = KeyFile::read_private(path, "goldcrest content key");
  if (!file) return std::unexpected(file.error());
  ContentKey content;
  auto key = file->bytes("key", content.key.size());
  const auto id = file->id();
  if (!key || !id) return file->damaged("id or key is missing or has the wrong size");
  content.id = *id;
  std::ranges::copy(*key, content.key.begin());
  OPENSSL_cleanse(key->data(), key->size());
  return content;
}

Result<StoredSigningKey> read_signing_key(const std::filesystem::path& path) {
  const auto file = KeyFile::read_private(path, "goldcrest signing key");
  if (!file) return std::unexpected(file.error());
  const auto lms_type = file->number("lms_type");
  const auto lmots_type = file->number("lmots_type");
  const auto next_index = file->number("next_index");
  if (!lms_type || !lmots_type || !next_index) {
    return file->damaged("lms_type, lmots_type or next_index is missing");
  }
  const auto parameters = LmsParameters::from_types(*lms_type, *lmots_type);
  if (!parameters) return file->damaged(parameters.error().text);
  if (*next_index > parameters->leaves()) {
    return file->damaged("next_index lies beyond the last leaf of the tree");
  }
  LmsIdentifier identifier{};
  const auto identifier_bytes = file->bytes("I", identifier.size());
  auto seed = file->bytes("seed", parameters->n);
  if (!identifier_bytes || !seed)
    return file->damaged("I or seed is missing or has the wrong size");
  std::ranges::copy(*identifier_bytes, identifier.begin());
  StoredSigningKey key{LmsSecret(*parameters, identifier, *seed), *next_index};
  OPENSSL_cleanse(seed->data(), seed->size());
  return key;
}

Result<void> write_public_key(const std::filesystem::path& path, const PublicKey& key) {
  nlohmann::ordered_json json{{"format", "goldcrest public key"}, {"version", 1}};
  const bool lms = key.signature_type == image::SignatureType::lms;
  json["type"] = lms ? "LMS" : "P-256";
  json["id"] = id_text(key.id);
  if (lms) {
    base::ensure(key.key.size() > 8);
    json["lms_type"] = base::load_be32(key.key.data());
    json["lmots_type"] = base::load_be32(key.key.data() + 4);
  }
  json["public_key"] = to_hex(key.key);
  return write_json(path, json, public_mode);
}

Result<void> write_content_key(const std::filesystem::path& path, const ContentKey& key) {
  return write_json(path,
                    {{"format", "goldcrest content key"},
                     {"version", 1},
                     {"id", id_text(key.id)},
                     {"key", to_hex(key.key)}},
                    private_mode);
}

Result<void> write_signing_key(const std::filesystem::path& path, const StoredSigningKey& key) {
  const auto& parameters = key.secret.parameters();
  return write_json(path,
                    {{"format", "goldcrest signing key"},
                     {"version", 1},
                     {"warning", "never copy this file: two copies would sign twice with one leaf"},
                     {"lms_type", parameters.lms_type},
                     {"lmots_type", parameters.lmots_type},
                     {"I", to_hex(key.secret.identifier())},
                     {"seed", to_hex(key.secret.seed())},
                     {"next_index", key.next_index}},
                    private_mode);
}

Result<LmsTree> read_tree(const std::filesystem::path& path, const LmsSecret& secret) {
  const auto& parameters = secret.parameters();
  const std::size_t size = tree_header_bytes + std::size_t{2} * parameters.leaves() * parameters.n;
  auto bytes = read_file(path, size);
  if (!bytes) return std::unexpected(bytes.error());
  base::ByteReader reader(*bytes);
  const bool ours =
      std::ranges::equal(reader.bytes(tree_magic.size()), tree_magic) &&
      reader.be32() == parameters.lms_type && reader.be32() == parameters.lmots_type &&
      std::ranges::equal(reader.bytes(secret.identifier().size()), secret.identifier());
  if (!ours) return problem(fmt::format("{} is not the tree of this key", path.string()));
  const auto nodes = reader.rest();
  return LmsTree::from_nodes(parameters, {nodes.begin(), nodes.end()});
}

Result<void> write_tree(const std::filesystem::path& path, const LmsSecret& secret,
                        const LmsTree& tree) {
  std::vector<std::uint8_t> bytes(tree_header_bytes + tree.nodes().size());
  base::ByteWriter writer(bytes);
  writer.bytes(tree_magic);
  writer.be32(secret.parameters().lms_type);
  writer.be32(secret.parameters().lmots_type);
  writer.bytes(secret.identifier());
  writer.bytes(tree.nodes());
  base::ensure(writer.ok() && writer.remaining() == 0);
  return write_file(path, bytes, public_mode);
}

}  // namespace goldcrest::packer
