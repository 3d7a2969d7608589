// SPDX-License-Identifier: MIT
#include "host/packer/pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/crypto/crc32.hpp"
#include "host/packer/files.hpp"
#include "host/packer/p256_key.hpp"

namespace goldcrest::packer {
namespace {

Result<void> make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return problem(fmt::format("cannot create {}: {}", directory.string(), error.message()));
  }
  return {};
}

/// Finds out whether a file of `size` bytes can be written there, and leaves nothing behind.
Result<void> try_to_write(const std::filesystem::path& directory, std::size_t size) {
  const auto trial =
      StagedFile::create(directory / "trial", std::vector<std::uint8_t>(size), public_mode);
  if (!trial) return std::unexpected(trial.error());
  return {};
}

struct OtherRelease {
  std::filesystem::path path;
  FileName name;
};

/// In a folder, of one product.
std::vector<OtherRelease> releases_of(std::string_view product,
                                      const std::filesystem::path& folder) {
  std::vector<OtherRelease> releases;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    auto name = FileName::parse(entry.path().filename().string());
    if (!name || name->kind != FileKind::update || name->product != product) continue;
    releases.push_back({entry.path(), std::move(*name)});
  }
  return releases;
}

/// What one release lays down, the next ones must keep to.
std::vector<std::string> conflicts_of(const image::Manifest& manifest,
                                      const std::filesystem::path& folder) {
  std::vector<std::string> conflicts;
  for (const auto& release : releases_of(manifest.product.text(), folder)) {
    const auto file = read_file(release.path, update_file_limit);
    if (!file) continue;
    const auto other = image::parse_manifest(*file);
    if (!other) continue;
    if (const auto conflict = policy_conflict(manifest, *other)) {
      conflicts.push_back(fmt::format("{} ({})", *conflict, release.path.string()));
    }
  }
  return conflicts;
}

/// A server that finds two files of one version cannot know which is meant.
void warn_of_twins(const std::filesystem::path& path, const FileName& name,
                   std::vector<std::string>& warnings) {
  for (const auto& other : releases_of(name.product, folder_of(path))) {
    if (other.name.version != name.version || other.name.crc32 == name.crc32) continue;
    warnings.push_back(fmt::format("{} is an update of the same version {}; remove one of the two",
                                   other.path.string(), version_text(name.version)));
  }
}

struct MadeSignature {
  std::vector<std::uint8_t> bytes;
  std::optional<std::uint32_t> index;
  std::optional<std::uint32_t> left;
  std::vector<std::string> warnings;
};

Result<MadeSignature> without_state(Result<std::vector<std::uint8_t>> signature) {
  if (!signature) return std::unexpected(signature.error());
  return MadeSignature{std::move(*signature), std::nullopt, std::nullopt, {}};
}

Result<MadeSignature> make_signature(const PackRequest& request, const PublicKey& key,
                                     base::Bytes message) {
  if (!request.sign_command.command.empty()) {
    return without_state(sign_with_command(request.sign_command, key, message));
  }
  if (key.signature_type == image::SignatureType::ecdsa_p256) {
    return without_state(sign_p256(request.keys, message));
  }
  auto made = sign(request.keys, message, request.signing);
  if (!made) return std::unexpected(made.error());
  return MadeSignature{std::move(made->bytes), made->index, made->remaining,
                       std::move(made->warnings)};
}

}  // namespace

Result<PackResult> pack(const PackRequest& request) {
  const auto program = read_program_image(request.elf, image::ImageType::app);
  if (!program) return std::unexpected(program.error());
  const auto public_key = read_public_key(request.keys / public_key_name);
  if (!public_key) return std::unexpected(public_key.error());
  if (auto done = check_signature_type(*program, *public_key, request.elf.string()); !done) {
    return std::unexpected(done.error());
  }
  const auto content_key = read_content_key(
      request.content_key.empty() ? request.keys / content_key_name : request.content_key);
  if (!content_key) return std::unexpected(content_key.error());
  if (request.update.minimum_version > program->info.version) {
    return problem(
        fmt::format("{}: the minimum version {} is above the version {} of the APP itself",
                    request.elf.string(), version_text(request.update.minimum_version),
                    version_text(program->info.version)));
  }
  const auto factory =
      factory_with(program->info.product, std::span(&*public_key, 1), std::span(&*content_key, 1));
  if (!factory) return std::unexpected(factory.error());
  const auto update = prepare_update(*program, request.update, *public_key, *content_key);
  if (!update) return problem(request.elf.string() + ": " + update.error().text);
  const auto conflicts = conflicts_of(update->manifest, request.output_directory);
  if (!conflicts.empty() && !request.despite_conflict) {
    return problem(conflicts.front() + "; --despite-conflict packs it all the same");
  }
  if (auto done = make_directory(request.output_directory); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = try_to_write(request.output_directory, update->manifest.file_size()); !done) {
    return std::unexpected(done.error());
  }

  auto signature = make_signature(request, *public_key, update->manifest_bytes);
  if (!signature) return std::unexpected(signature.error());
  const auto file = assemble_update(*update, signature->bytes);
  if (const auto verified = verify_update(file, *factory); !verified) {
    return problem(
        fmt::format("{}: the update was made but does not verify, so it was not written: {}",
                    request.elf.string(), verified.error().text));
  }

  FileName name{FileKind::update, std::string(program->info.product.text()), program->info.version,
                crypto::Crc32::of(file)};
  const auto path = request.output_directory / name.text();
  if (auto written = write_file(path, file, public_mode); !written) {
    return std::unexpected(written.error());
  }
  std::ranges::copy(conflicts, std::back_inserter(signature->warnings));
  warn_of_twins(path, name, signature->warnings);
  return PackResult{path,
                    std::move(name),
                    file.size(),
                    update->manifest,
                    signature->index,
                    signature->left,
                    std::move(signature->warnings)};
}

}  // namespace goldcrest::packer
