// SPDX-License-Identifier: MIT
#include "host/packer/p256_key.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>
#include <string_view>

#include "core/crypto/ecdsa_p256.hpp"
#include "host/packer/files.hpp"
#include "host/packer/key_folder.hpp"

namespace goldcrest::packer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t pem_limit = 16384;

template <auto Free>
struct End {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, End<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_MD_CTX, End<EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, End<BIO_free_all>>;
using DecodedSignature = std::unique_ptr<ECDSA_SIG, End<ECDSA_SIG_free>>;

/// OpenSSL would ask the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) {
  return 0;
}

/// X ‖ Y of a key of either half; nothing when it is of another kind than P-256.
std::vector<std::uint8_t> point_of(const EVP_PKEY* key) {
  std::array<char, 32> curve{};
  std::array<std::uint8_t, 1 + crypto::p256_public_key_size> point{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr) != 1 ||
      std::string_view(curve.data()) != "prime256v1" ||
      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                      &size) != 1 ||
      size != point.size() || point[0] != POINT_CONVERSION_UNCOMPRESSED) {
    return {};
  }
  return {point.begin() + 1, point.end()};
}

Result<PublicKey> public_key_of(const EVP_PKEY* key, const fs::path& path) {
  auto point = point_of(key);
  if (!crypto::p256_public_key_holds(point)) {
    return problem(fmt::format("{} holds no key of the curve P-256", path.string()));
  }
  const auto id = key_id_of(point);
  return PublicKey{image::SignatureType::ecdsa_p256, id, std::move(point)};
}

Bio memory_of(base::Bytes bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

Result<PublicKey> read_public_pem(const fs::path& path) {
  const auto bytes = read_file(path, pem_limit);
  if (!bytes) return std::unexpected(bytes.error());
  const auto in = memory_of(*bytes);
  const Key key(PEM_read_bio_PUBKEY(in.get(), nullptr, no_password, nullptr));
  if (key == nullptr) return problem(fmt::format("{} is not a public key in PEM", path.string()));
  return public_key_of(key.get(), path);
}

Result<Key> read_private_pem(const fs::path& path) {
  auto bytes = read_private_file(path, pem_limit);
  if (!bytes) return std::unexpected(bytes.error());
  const auto in = memory_of(*bytes);
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (key == nullptr) {
    return problem(
        fmt::format("{} is not a private key in PEM without a password; a key that needs one signs "
                    "with --sign-command",
                    path.string()));
  }
  return key;
}

Result<void> write_private_pem(const fs::path& path, const EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_secmem()));
  char* text = nullptr;
  if (out == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return problem("OpenSSL could not write the private key as PEM");
  }
  const long size = BIO_get_mem_data(out.get(), &text);
  return write_file(
      path,
      base::Bytes(reinterpret_cast<const std::uint8_t*>(text), static_cast<std::size_t>(size)),
      private_mode);
}

Result<PublicKey> make_private_key(const fs::path& path) {
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return problem("OpenSSL could not make a key of the curve P-256");
  if (auto done = write_private_pem(path, key.get()); !done) return std::unexpected(done.error());
  return public_key_of(key.get(), path);
}

}  // namespace

Result<PublicKey> create_p256_keys(const fs::path& directory, const fs::path& public_pem,
                                   const fs::path& content_key) {
  auto folder = NewKeyFolder::create(directory, content_key);
  if (!folder) return std::unexpected(folder.error());
  auto key = public_pem.empty() ? make_private_key(folder->path() / p256_key_name)
                                : read_public_pem(public_pem);
  if (!key) return key;
  if (auto done = write_public_key(folder->path() / public_key_name, *key); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = folder->commit(); !done) return std::unexpected(done.error());
  return key;
}

Result<std::vector<std::uint8_t>> raw_ecdsa_signature(base::Bytes der) {
  const auto* at = der.data();
  const DecodedSignature decoded(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::vector<std::uint8_t> raw(crypto::p256_signature_size);
  constexpr int half = crypto::p256_signature_size / 2;
  if (decoded == nullptr || at != der.data() + der.size() ||
      BN_bn2binpad(ECDSA_SIG_get0_r(decoded.get()), raw.data(), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(decoded.get()), raw.data() + half, half) != half) {
    return problem("it is neither r and s, 64 bytes, nor an ECDSA P-256 signature in DER");
  }
  return raw;
}

Result<std::vector<std::uint8_t>> sign_p256(const fs::path& directory, base::Bytes message) {
  const auto key = read_private_pem(directory / p256_key_name);
  if (!key) return std::unexpected(key.error());
  const KeyContext context(EVP_MD_CTX_new());
  std::vector<std::uint8_t> der(128);
  std::size_t size = der.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) != 1) {
    return problem(
        fmt::format("OpenSSL could not sign with {}", (directory / p256_key_name).string()));
  }
  return raw_ecdsa_signature(base::Bytes(der).first(size));
}

}  // namespace goldcrest::packer
