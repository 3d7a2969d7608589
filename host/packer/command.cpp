// SPDX-License-Identifier: MIT
#include "host/packer/command.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "host/packer/files.hpp"
#include "host/packer/inspect.hpp"
#include "host/packer/key_folder.hpp"
#include "host/packer/man.hpp"
#include "host/packer/p256_key.hpp"
#include "host/packer/pack.hpp"
#include "host/packer/signing_key.hpp"
#include "host/system/printable.hpp"

namespace goldcrest::packer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* key_care =
    "Never copy a key folder, never restore one from a backup: a leaf of the signing key that "
    "signs "
    "two different updates lets others forge updates. Move it, or make a new key.";

void say(const std::string& line) {
  fmt::print(stderr, "goldcrest: {}\n", system::printable(line));
}

void print_json(const Json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

SigningOptions signing_options() {
  return {.notice = say};
}

/// Prints a failure as one line and turns it into the exit code.
template <typename T>
int report(const char* command, const Result<T>& result) {
  if (result) return 0;
  fmt::print(stderr, "goldcrest {}: {}\n", command, system::printable(result.error().text));
  return 1;
}

std::string id_text(std::uint32_t id) {
  return fmt::format("{:08x}", id);
}

/// As id_text() writes it.
std::optional<std::uint32_t> parse_key_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto* begin = text.data();  // NOLINT(bugprone-suspicious-stringview-data-usage)
  const auto* end = begin + text.size();
  const auto [rest, error] = std::from_chars(begin, end, id, 16);
  if (text.size() != 8 || error != std::errc() || rest != end || id == 0) return std::nullopt;
  return id;
}

Json status_json(const KeyStatus& status) {
  Json json;
  json["parameters"] = {status.parameters.lms_name(), status.parameters.lmots_name()};
  json["key_id"] = id_text(status.public_key.id);
  json["signatures"] = status.parameters.leaves();
  json["used"] = status.next_index;
  json["left"] = status.parameters.leaves() - status.next_index;
  json["journal"] = status.journal_index ? Json(*status.journal_index) : Json();
  json["account"] = status.account_index ? Json(*status.account_index) : Json();
  json["usable"] = !status.refusal.has_value();
  if (status.refusal) json["refusal"] = *status.refusal;
  return json;
}

void print_status(const KeyStatus& status) {
  const auto recorded = [](const std::optional<std::uint32_t>& index) {
    return index ? fmt::format("{} used", *index) : std::string("none");
  };
  const std::uint32_t leaves = status.parameters.leaves();
  fmt::print("signing key       {}\n", id_text(status.public_key.id));
  fmt::print("parameters        {}, {}\n", status.parameters.lms_name(),
             status.parameters.lmots_name());
  fmt::print("signatures        {} used, {} left of {} ({:.1f} %)\n", status.next_index,
             leaves - status.next_index, leaves, 100.0 * status.next_index / leaves);
  fmt::print("journal           {}\n", recorded(status.journal_index));
  fmt::print("this account      {}\n", recorded(status.account_index));
  fmt::print("state             {}\n", status.refusal ? "will not sign" : "good");
}

int finish_status(const char* command, const Result<KeyStatus>& status, bool json) {
  if (!status) return report(command, status);
  if (json) {
    print_json(status_json(*status));
  } else {
    print_status(*status);
  }
  for (const auto& line : status->warnings) say("warning: " + line);
  const auto& refusal = status->refusal;
  if (!refusal) return 0;
  fmt::print(stderr, "goldcrest {}: {}\n", command, *refusal);
  return 1;
}

void add_keys_option(CLI::App& command, std::filesystem::path& keys) {
  command.add_option("--keys", keys, "Key folder made by `goldcrest keygen`")
      ->capture_default_str()
      ->type_name("FOLDER");
}

/// Options live as long as the parser that writes into them.
template <typename Options>
CLI::App* add_command(CLI::App& app, const char* name, const char* description, int& exit_code,
                      const std::shared_ptr<Options>& options, int (*run)(const Options&)) {
  auto* command = app.add_subcommand(name, description);
  command->callback([options, run, &exit_code] { exit_code = run(*options); });
  return command;
}

// keygen, key status, key advance

struct KeyOptions {
  std::filesystem::path keys = "keys";
  std::string type = "lms";
  std::filesystem::path public_key;
  std::uint32_t height = 15;
  std::uint32_t to = 0;
  std::filesystem::path content_key;
  bool json = false;
};

int show_p256_key(const PublicKey& key, bool json) {
  if (json) {
    print_json({{"type", "P-256"}, {"key_id", id_text(key.id)}});
  } else {
    fmt::print("signing key       {}\n", id_text(key.id));
    fmt::print("type              {}: signs as often as you like\n", name_of(key.signature_type));
  }
  return 0;
}

int run_p256_keygen(const KeyOptions& options) {
  const auto key = create_p256_keys(options.keys, options.public_key, options.content_key);
  if (!key) return report("keygen", key);
  say(fmt::format("made {}", options.keys.string()));
  say(options.public_key.empty()
          ? "Whoever has signing.pem can sign: keep it, and its backup, where nobody else comes."
          : "The private key is not in it: sign with `goldcrest pack --sign-command`.");
  return show_p256_key(*key, options.json);
}

int run_keygen(const KeyOptions& options) {
  if (options.type == "p256") return run_p256_keygen(options);
  if (!options.public_key.empty()) {
    return report("keygen", Result<void>(problem("--public-key goes with --type p256 only")));
  }
  const auto start = std::chrono::steady_clock::now();
  auto signing = signing_options();
  signing.content_key = options.content_key;
  const auto status = create_keys(options.keys, options.height, signing);
  if (!status) return report("keygen", status);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  say(fmt::format("made {} with {} signatures in {:.1f} s", options.keys.string(),
                  status->parameters.leaves(), time.count()));
  say(key_care);
  return finish_status("keygen", status, options.json);
}

int run_key_status(const KeyOptions& options) {
  const auto key = read_public_key(options.keys / public_key_name);
  if (key && key->signature_type == image::SignatureType::ecdsa_p256) {
    return show_p256_key(*key, options.json);
  }
  return finish_status("key status", key_status(options.keys, signing_options()), options.json);
}

int run_key_advance(const KeyOptions& options) {
  return finish_status("key advance", advance_key(options.keys, options.to, signing_options()),
                       options.json);
}

int run_content_key(const KeyOptions& options) {
  const auto key = create_content_key(options.content_key);
  if (!key) return report("key content", key);
  if (options.json) {
    print_json({{"file", options.content_key.string()}, {"content_key_id", id_text(key->id)}});
  } else {
    fmt::print("content key       {}\n", id_text(key->id));
  }
  return 0;
}

void add_key_commands(CLI::App& app, int& exit_code) {
  const auto made = std::make_shared<KeyOptions>();
  auto* keygen = add_command(app, "keygen", "Make a signing key and a content key", exit_code, made,
                             run_keygen);
  keygen->footer(key_care);
  add_keys_option(*keygen, made->keys);
  keygen
      ->add_option("--type", made->type,
                   "lms: hash-based and stateful; p256: ECDSA, for firmware that is built for it")
      ->check(CLI::IsMember({"lms", "p256"}))
      ->capture_default_str();
  keygen
      ->add_option(
          "--public-key", made->public_key,
          "With --type p256: the public key (PEM) of a private one that is elsewhere, such "
          "as in an HSM; the folder then holds no private key")
      ->type_name("FILE");
  keygen
      ->add_option("--height", made->height,
                   "An LMS signing key makes 2^height signatures; 5 and 10 are for tests")
      ->check(CLI::IsMember({5, 10, 15, 20}))
      ->capture_default_str();
  keygen
      ->add_option("--content-key", made->content_key,
                   "For a spare key: take over this content.key, which the product's devices have, "
                   "instead of making a new one")
      ->type_name("FILE");
  keygen->add_flag("--json", made->json, "Print the result as JSON");

  auto* key = app.add_subcommand("key", "Look after a signing key");
  // Not by require_subcommand(): that would hide a misspelt command.
  key->final_callback([key] {
    if (key->get_subcommands().empty()) throw CLI::RequiredError("A subcommand of key");
  });
  const auto shown = std::make_shared<KeyOptions>();
  auto* status = add_command(*key, "status",
                             "How many signatures are used, and whether the key is "
                             "in a state to sign",
                             exit_code, shown, run_key_status);
  status->footer(key_care);
  add_keys_option(*status, shown->keys);
  status->add_flag("--json", shown->json, "Print the result as JSON");

  const auto moved = std::make_shared<KeyOptions>();
  auto* advance = add_command(*key, "advance",
                              "Give up all signatures below a number, for a key "
                              "that is refused as rolled back",
                              exit_code, moved, run_key_advance);
  advance->footer(
      "Only safe when no leaf from this number on has ever signed, on this machine or any other. "
      "When in doubt make a new key.");
  add_keys_option(*advance, moved->keys);
  advance->add_option("--to", moved->to, "The first leaf that may still sign")->required();
  advance->add_flag("--json", moved->json, "Print the result as JSON");

  const auto content = std::make_shared<KeyOptions>();
  auto* further = add_command(*key, "content",
                              "Make a further content key, such as one for a single device: for "
                              "`man --content-key` and `pack --content-key`",
                              exit_code, content, run_content_key);
  further->add_option("file", content->content_key, "New file, readable by its owner only")
      ->required()
      ->type_name("FILE");
  further->add_flag("--json", content->json, "Print the result as JSON");
}

// pack

struct PackOptions {
  std::filesystem::path elf;
  std::filesystem::path keys = "keys";
  std::filesystem::path output_directory = "updates";
  std::string minimum_version = "0.0.0";
  std::uint32_t sequence = 0;
  std::filesystem::path content_key;
  std::vector<std::string> revoke;
  std::string sign_command;
  std::uint32_t sign_timeout_s = 60;
  bool despite_conflict = false;
  bool json = false;
};

Json pack_json(const PackResult& result) {
  Json json;
  json["file"] = result.file.string();
  json["product"] = result.name.product;
  json["version"] = version_text(result.name.version);
  json["minimum_version"] = version_text(result.manifest.minimum_version);
  json["sequence"] = result.manifest.sequence;
  json["revoked_keys"] = Json::array();
  for (const auto key : result.manifest.revoked_keys) {
    if (key != 0) json["revoked_keys"].push_back(id_text(key));
  }
  json["file_size"] = result.file_size;
  json["image_size"] = result.manifest.image_size;
  json["relocation_count"] = result.manifest.relocation_count;
  json["crc32"] = fmt::format("0x{:08X}", result.name.crc32);
  json["signing_key_id"] = id_text(result.manifest.signing_key_id);
  json["signature_type"] = name_of(result.manifest.signature_type);
  json["signature_index"] = result.signature_index ? Json(*result.signature_index) : Json();
  json["signatures_left"] = result.signatures_left ? Json(*result.signatures_left) : Json();
  return json;
}

int run_pack(const PackOptions& options) {
  PackRequest request;
  request.elf = options.elf;
  request.keys = options.keys;
  request.output_directory = options.output_directory;
  request.update.minimum_version = parse_version(options.minimum_version).value_or(base::Version{});
  request.update.sequence = options.sequence;
  for (const auto& text : options.revoke) {
    request.update.revoked_keys.push_back(parse_key_id(text).value_or(0));
  }
  request.signing = signing_options();
  request.content_key = options.content_key;
  request.sign_command = {options.sign_command, std::chrono::seconds(options.sign_timeout_s)};
  request.despite_conflict = options.despite_conflict;
  const auto result = pack(request);
  if (!result) return report("pack", result);
  for (const auto& line : result->warnings) say("warning: " + line);
  if (options.json) {
    print_json(pack_json(*result));
  } else {
    fmt::print("{}\n", result->file.string());
    const auto index = result->signature_index;
    const auto leaf =
        index ? fmt::format(" {} ({} left)", *index, result->signatures_left.value_or(0))
              : std::string();
    say(fmt::format("{} {}: image {} bytes, {} relocations, file {} bytes, {} signature{}",
                    result->name.product, version_text(result->name.version),
                    result->manifest.image_size, result->manifest.relocation_count,
                    result->file_size, name_of(result->manifest.signature_type), leaf));
  }
  return 0;
}

void add_pack_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PackOptions>();
  auto* command = add_command(app, "pack",
                              "Make a signed and encrypted update (.fmu) from an APP's "
                              "ELF file",
                              exit_code, options, run_pack);
  command->footer(
      fmt::format("The APP must be linked with -Wl,--emit-relocs. Prints the name of the "
                  "file. Each run spends one signature of an LMS key.\n{}",
                  key_care));
  command->add_option("elf", options->elf, "The linked APP")->required()->type_name("ELF");
  add_keys_option(*command, options->keys);
  command->add_option("--output-dir", options->output_directory, "Where the update goes")
      ->capture_default_str()
      ->type_name("FOLDER");
  command
      ->add_option("--minimum-version", options->minimum_version,
                   "Lowest running version that devices may replace with this")
      ->check([](const std::string& text) {
        return parse_version(text) ? std::string() : "'" + text + "' is not of the form 1.0.31";
      })
      ->capture_default_str();
  command
      ->add_option("--sequence", options->sequence,
                   "Security counter: once a device has confirmed this release, it never goes "
                   "back to one with a lower counter")
      ->capture_default_str();
  command
      ->add_option("--content-key", options->content_key,
                   "Encrypt with this content key instead of the folder's: only devices that have "
                   "it can read the update")
      ->type_name("FILE");
  command
      ->add_option("--revoke", options->revoke,
                   "Key id, as in `key status`: once a device has confirmed this release, it takes "
                   "nothing that this key has signed. Three at most; later releases must revoke "
                   "the same keys")
      ->check([](const std::string& text) {
        return parse_key_id(text) ? std::string()
                                  : "'" + text + "' is not a key id of 8 hex digits";
      })
      ->type_name("KEYID");
  command->add_flag("--despite-conflict", options->despite_conflict,
                    "Also if devices that run another release of the output folder would refuse "
                    "this one, because of its counter, its key or what it does not revoke");
  command
      ->add_option(
          "--sign-command", options->sign_command,
          "Sign with this shell command, such as an HSM's, instead of a key in the folder: "
          "it gets the SHA-256 to sign (32 bytes; for LMS the manifest, 144 bytes) on its "
          "standard input and gives the signature on its standard output")
      ->type_name("COMMAND");
  command->add_option("--sign-timeout", options->sign_timeout_s, "Seconds that it may take")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print the result as JSON");
}

// man

struct ManOptions {
  ManRequest request{.boot = {},
                     .mta = {},
                     .app = {},
                     .keys = "keys",
                     .also_trust = {},
                     .content_keys = {},
                     .output_directory = ".",
                     .server = {}};
  bool json = false;
};

Json man_json(const ManResult& result) {
  Json json;
  json["file"] = result.file.string();
  json["product"] = result.name.product;
  json["boot"] = version_text(result.boot);
  json["mta"] = version_text(result.mta);
  json["app"] = version_text(result.app);
  json["file_size"] = result.file_size;
  json["crc32"] = fmt::format("0x{:08X}", result.name.crc32);
  for (const auto id : result.trusted_key_ids) json["trusted_keys"].push_back(id_text(id));
  for (const auto id : result.content_key_ids) json["content_keys"].push_back(id_text(id));
  return json;
}

int run_man(const ManOptions& options) {
  const auto result = make_man_image(options.request);
  if (!result) return report("man", result);
  if (options.json) {
    print_json(man_json(*result));
  } else {
    fmt::print("{}\n", result->file.string());
    say(fmt::format("{}: BOOT {}, MTA {}, APP {}", result->name.product, version_text(result->boot),
                    version_text(result->mta), version_text(result->app)));
  }
  say("the file contains the content key in the clear; only its owner can read it (mode 0600): "
      "give "
      "it to nobody but the factory");
  return 0;
}

void add_man_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ManOptions>();
  auto* command = add_command(app, "man",
                              "Make the image that a factory programs once: BOOT, MTA "
                              "and APP with the keys",
                              exit_code, options, run_man);
  auto& request = options->request;
  command->add_option("--boot", request.boot, "The linked BOOT")->required()->type_name("ELF");
  command->add_option("--mta", request.mta, "The linked MTA")->required()->type_name("ELF");
  command->add_option("--app", request.app, "An update made by `goldcrest pack`")
      ->required()
      ->type_name("FMU");
  add_keys_option(*command, request.keys);
  command
      ->add_option("--also-trust", request.also_trust,
                   "Public keys (signing.pub) of further signing keys, for the day the first is "
                   "used up: BOOT and what it trusts can never be changed")
      ->type_name("FILE");
  command
      ->add_option("--content-key", request.content_keys,
                   "Further content keys, such as one of this device's own (`goldcrest key "
                   "content`); four in all")
      ->type_name("FILE");
  command->add_option("--output-dir", request.output_directory, "Where the image goes")
      ->capture_default_str()
      ->type_name("FOLDER");
  command
      ->add_option("--server", request.server,
                   "Provision the update server's address (IPv4 or IPv6); else the MTA asks for it")
      ->type_name("ADDRESS");
  command->add_flag("--json", options->json, "Print the result as JSON");
}

// inspect

struct InspectOptions {
  std::filesystem::path file;
  std::filesystem::path keys;
  std::vector<std::filesystem::path> public_keys;
  std::filesystem::path content_key;
  bool json = false;
};

Result<InspectionKeys> read_keys(const InspectOptions& options) {
  InspectionKeys keys;
  auto paths = options.public_keys;
  if (!options.keys.empty()) {
    paths.push_back(options.keys / public_key_name);
  }
  if (!options.keys.empty() || !options.content_key.empty()) {
    auto content_key = read_content_key(
        options.content_key.empty() ? options.keys / content_key_name : options.content_key);
    if (!content_key) return std::unexpected(content_key.error());
    keys.content_key = *content_key;
  }
  for (const auto& path : paths) {
    auto key = read_public_key(path);
    if (!key) return std::unexpected(key.error());
    keys.public_keys.push_back(std::move(*key));
  }
  return keys;
}

int run_inspect(const InspectOptions& options) {
  const auto keys = read_keys(options);
  if (!keys) return report("inspect", keys);
  const auto bytes = read_file(options.file, inspected_file_limit);
  if (!bytes) return report("inspect", bytes);
  const auto inspection = inspect(*bytes, options.file.filename().string(), *keys);
  if (!inspection) {
    fmt::print(stderr, "goldcrest inspect: {}: {}\n", system::printable(options.file.string()),
               inspection.error().text);
    return 1;
  }
  if (options.json) {
    print_json(inspection->json());
  } else {
    fmt::print("{}", inspection->text());
  }
  if (inspection->sound()) return 0;
  fmt::print(stderr, "goldcrest inspect: {}: a check failed; do not use this file\n",
             system::printable(options.file.string()));
  return 1;
}

void add_inspect_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<InspectOptions>();
  auto* command = add_command(app, "inspect",
                              "Show what is in an update or a MAN image, and check "
                              "it with the keys at hand",
                              exit_code, options, run_inspect);
  command->add_option("file", options->file, "Update (.fmu) or MAN image (.bin)")->required();
  command
      ->add_option("--keys", options->keys,
                   "Key folder: check the signature, decrypt and check the content")
      ->type_name("FOLDER");
  command
      ->add_option("--public-key", options->public_keys,
                   "Public key (signing.pub): check the signature")
      ->type_name("FILE");
  command
      ->add_option("--content-key", options->content_key,
                   "Content key to decrypt with, instead of the folder's")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print the result as JSON");
}

}  // namespace

void add_packer_commands(CLI::App& app, int& exit_code) {
  add_key_commands(app, exit_code);
  add_pack_command(app, exit_code);
  add_man_command(app, exit_code);
  add_inspect_command(app, exit_code);
}

}  // namespace goldcrest::packer
