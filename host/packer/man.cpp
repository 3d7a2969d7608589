// SPDX-License-Identifier: MIT
#include "host/packer/man.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "core/crypto/crc32.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "core/update/settings.hpp"
#include "host/packer/files.hpp"
#include "host/packer/memory_flash.hpp"
#include "host/packer/sha256.hpp"
#include "host/packer/update_file.hpp"

namespace goldcrest::packer {
namespace {

using image::ImageType;

struct Ingredients {
  ProgramImage boot;
  ProgramImage mta;
  std::vector<std::uint8_t> app_file;
  std::vector<PublicKey> public_keys;
  std::vector<ContentKey> content_keys;
};

Result<Ingredients> read_ingredients(const ManRequest& request) {
  auto boot = read_program_image(request.boot, ImageType::boot);
  if (!boot) return std::unexpected(boot.error());
  auto mta = read_program_image(request.mta, ImageType::mta);
  if (!mta) return std::unexpected(mta.error());
  auto app = read_file(request.app, update_file_limit);
  if (!app) return std::unexpected(app.error());
  std::vector<ContentKey> content_keys;
  std::vector<std::filesystem::path> content_paths{request.keys / content_key_name};
  content_paths.insert(content_paths.end(), request.content_keys.begin(),
                       request.content_keys.end());
  for (const auto& path : content_paths) {
    auto key = read_content_key(path);
    if (!key) return std::unexpected(key.error());
    content_keys.push_back(*key);
  }
  std::vector<PublicKey> public_keys;
  std::vector<std::filesystem::path> key_paths{request.keys / public_key_name};
  key_paths.insert(key_paths.end(), request.also_trust.begin(), request.also_trust.end());
  for (const auto& path : key_paths) {
    auto key = read_public_key(path);
    if (!key) return std::unexpected(key.error());
    public_keys.push_back(std::move(*key));
  }
  for (const auto& key : public_keys) {
    for (const auto& [program, path] : {std::pair(&*boot, request.boot), {&*mta, request.mta}}) {
      if (auto done = check_signature_type(*program, key, path.string()); !done) {
        return std::unexpected(done.error());
      }
    }
  }
  return Ingredients{std::move(*boot), std::move(*mta), std::move(*app), std::move(public_keys),
                     std::move(content_keys)};
}

Result<image::Factory> make_factory(const Ingredients& from) {
  auto factory = factory_with(from.boot.info.product, from.public_keys, from.content_keys);
  if (!factory) return factory;
  factory->boot_size = static_cast<std::uint32_t>(from.boot.bytes.size());
  factory->boot_crc32 = crypto::Crc32::of(from.boot.bytes);
  factory->mta_size = static_cast<std::uint32_t>(from.mta.bytes.size());
  factory->mta_digest = sha256(from.mta.bytes);
  return factory;
}

Result<void> program_factory(MemoryFlash& flash, const image::Factory& factory) {
  std::array<std::uint8_t, image::factory_size> block{};
  if (const auto emitted = image::emit_factory(factory, block); !emitted) {
    return problem(
        fmt::format("no factory block can be made: {}", image::describe(emitted.error())));
  }
  if (!flash.program(image::factory_section.base, block)) {
    return problem("BOOT overlaps the factory block");
  }
  return {};
}

Result<void> check_products(const ManRequest& request, const Ingredients& from,
                            const image::Manifest& app) {
  const auto product = from.boot.info.product;
  if (from.mta.info.product != product || app.product != product) {
    return problem(
        fmt::format("the parts are of different products: {} is for {}, {} for {}, {} for "
                    "{}",
                    request.boot.string(), product.text(), request.mta.string(),
                    from.mta.info.product.text(), request.app.string(), app.product.text()));
  }
  return {};
}

/// An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d. None that the MTA would not take.
Result<std::array<std::uint8_t, 16>> parse_address(const std::string& text) {
  std::array<std::uint8_t, 16> address{};
  if (::inet_pton(AF_INET6, text.c_str(), address.data()) != 1) {
    address[10] = address[11] = 0xFF;
    if (::inet_pton(AF_INET, text.c_str(), address.data() + 12) != 1) {
      return problem(fmt::format("'{}' is neither an IPv4 nor an IPv6 address", text));
    }
  }
  if (address == std::array<std::uint8_t, 16>{} || address[0] == 0xFF) {
    return problem(
        fmt::format("'{}' cannot be a server's address: nobody answers from there", text));
  }
  return address;
}

/// The DATA section as the MTA would leave it after the server's address has been entered.
Result<void> program_settings(MemoryFlash& flash, const std::string& server) {
  if (server.empty()) return {};
  const auto address = parse_address(server);
  if (!address) return std::unexpected(address.error());
  update::Settings settings;
  settings.server_address = *address;
  update::Records records(flash);
  if (!records.open() || !update::save_settings(records, settings)) {
    return problem("the settings could not be written to the DATA section");
  }
  return {};
}

/// The image in flash; the update has been verified.
Result<void> program_parts(MemoryFlash& flash, const Ingredients& from,
                           const image::Factory& factory, const UpdateParts& app) {
  const auto* key = factory.content_key(app.manifest.content_key_id);
  if (key == nullptr) {
    return problem(
        fmt::format("the APP is encrypted with content key {:08x}, which the device "
                    "would not have",
                    app.manifest.content_key_id));
  }
  const auto content = decrypt_payload(app, key->key);
  if (!content) return std::unexpected(content.error());
  if (!flash.program(from.boot.base, from.boot.bytes) ||
      !flash.program(from.mta.base, from.mta.bytes)) {
    return problem("BOOT or MTA does not fit into its section");
  }
  if (auto done = program_factory(flash, factory); !done) return done;
  if (auto done = install(flash, image::Slot::app1, app, *content); !done) return done;
  if (!image::set_state(flash, image::Slot::app1, image::StateGroup::confirmed)) {
    return problem("the state page of APP1 could not be written");
  }
  return {};
}

}  // namespace

Result<void> verify_man_image(base::Bytes bytes) {
  if (bytes.size() != man_extent.size) {
    return problem(
        fmt::format("a MAN image has {} bytes, this file has {}", man_extent.size, bytes.size()));
  }
  MemoryFlash flash;
  if (!flash.program(man_extent.base, bytes)) return problem("the image does not fit the flash");
  const auto factory = image::read_factory(flash);
  if (!factory) {
    return problem(
        fmt::format("the factory block is not valid: {}", image::describe(factory.error())));
  }
  const auto boot = flash.view({image::boot_section.base, factory->boot_size});
  if (crypto::Crc32::of(boot) != factory->boot_crc32) {
    return problem("BOOT is not what the factory block's CRC-32 says");
  }
  const auto mta = flash.view({image::mta_section.base, factory->mta_size});
  if (sha256(mta) != factory->mta_digest) {
    return problem("MTA is not what the factory block's digest says");
  }
  if (const auto app = image::verify(flash, image::Slot::app1, *factory); !app) {
    return problem(fmt::format("APP1 does not verify: {}", image::describe(app.error())));
  }
  const auto status = image::read_status(flash, image::Slot::app1);
  if (!status || !status->installed || status->state() != image::SlotState::confirmed) {
    return problem("APP1 is not marked as installed and confirmed");
  }
  return {};
}

Result<ManResult> make_man_image(const ManRequest& request) {
  const auto from = read_ingredients(request);
  if (!from) return std::unexpected(from.error());
  const auto named = [&](const Problem& reason) {
    return problem(fmt::format("{}: {}", request.app.string(), reason.text));
  };
  const auto app = split_update(from->app_file);
  if (!app) return named(app.error());
  if (auto same = check_products(request, *from, app->manifest); !same) {
    return std::unexpected(same.error());
  }
  const auto factory = make_factory(*from);
  if (!factory) return std::unexpected(factory.error());
  if (auto verified = verify_update(from->app_file, *factory); !verified) {
    return named(verified.error());
  }
  MemoryFlash flash;
  if (auto done = program_settings(flash, request.server); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = program_parts(flash, *from, *factory, *app); !done) {
    return std::unexpected(done.error());
  }
  const auto bytes = flash.view(man_extent);
  if (auto verified = verify_man_image(bytes); !verified) {
    return problem("the MAN image was made but does not verify, so it was not written: " +
                   verified.error().text);
  }

  ManResult result;
  result.name = FileName{FileKind::manufacturing, std::string(from->boot.info.product.text()),
                         app->manifest.version, crypto::Crc32::of(bytes)};
  result.file = request.output_directory / result.name.text();
  std::error_code error;
  std::filesystem::create_directories(folder_of(result.file), error);
  if (auto written = write_file(result.file, bytes, private_mode); !written) {
    return std::unexpected(written.error());
  }
  result.file_size = bytes.size();
  result.boot = from->boot.info.version;
  result.mta = from->mta.info.version;
  result.app = app->manifest.version;
  for (const auto& key : from->public_keys) result.trusted_key_ids.push_back(key.id);
  for (const auto& key : from->content_keys) result.content_key_ids.push_back(key.id);
  return result;
}

}  // namespace goldcrest::packer
