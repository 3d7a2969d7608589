// SPDX-License-Identifier: MIT
#include "host/oscore/command.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>

#include "core/base/ensure.hpp"
#include "host/oscore/context_file.hpp"
#include "host/packer/hex.hpp"
#include "host/system/run.hpp"

namespace goldcrest::oscore {
namespace {

using Failure = std::unexpected<std::string>;
using Done = std::expected<void, std::string>;
using packer::to_hex;

struct Options {
  std::string file;
  std::string name;
  std::string device;
};

ByteString random_bytes(std::size_t count) {
  ByteString bytes(count);
  base::ensure(RAND_bytes(bytes.data(), static_cast<int>(count)) == 1);
  return bytes;
}

// The lowest number that no context has: a kid travels with every request, so it is short.
ByteString free_device_id(const std::vector<SharedContext>& contexts) {
  for (std::uint32_t number = 1;; ++number) {
    ByteString id;
    for (unsigned shift = 24; shift > 0;) {
      shift -= 8;
      const auto byte = static_cast<std::uint8_t>(number >> shift);
      if (byte != 0 || !id.empty()) id.push_back(byte);
    }
    const bool taken =
        std::ranges::any_of(contexts, [&](const auto& other) { return other.device_id == id; });
    if (!taken) return id;
  }
}

Done add(const Options& options) {
  std::vector<SharedContext> contexts;
  std::error_code error;
  if (std::filesystem::exists(options.file, error)) {
    auto read = read_contexts(options.file);
    if (!read) return Failure(read.error());
    contexts = *std::move(read);
  }
  SharedContext shared;
  shared.name = options.name;
  if (!options.device.empty()) {
    shared.device = parse_eui64(options.device);
    if (!shared.device) return Failure(fmt::format("'{}' is not an EUI-64", options.device));
  }
  shared.device_id = free_device_id(contexts);
  shared.master_secret = random_bytes(16);
  shared.master_salt = random_bytes(8);
  for (const auto& other : contexts) {
    if (other.name == shared.name) {
      return Failure(fmt::format("{} has a context named {} already", options.file, shared.name));
    }
    if (shared.device && other.device == shared.device) {
      return Failure(fmt::format("{} has a context for this device already: {}; remove it first",
                                 options.file, other.name));
    }
  }
  contexts.push_back(shared);
  if (auto written = write_contexts(options.file, contexts); !written) return written;
  fmt::print("{}  device_id {}\n", shared.name, to_hex(shared.device_id));
  return {};
}

Done remove(const Options& options) {
  auto contexts = read_contexts(options.file);
  if (!contexts) return Failure(contexts.error());
  if (std::erase_if(*contexts, [&](const auto& c) { return c.name == options.name; }) == 0) {
    return Failure(fmt::format("{} has no context named {}", options.file, options.name));
  }
  return write_contexts(options.file, *contexts);
}

Done list(const Options& options) {
  const auto contexts = read_contexts(options.file);
  if (!contexts) return Failure(contexts.error());
  for (const auto& shared : *contexts) {
    fmt::print("{}  device_id {}  device {}\n", shared.name, to_hex(shared.device_id),
               shared.device ? to_hex(shared.device->bytes) : "any");
  }
  return {};
}

// The line that the provisioning application takes.
Done provision(const Options& options) {
  const auto contexts = read_contexts(options.file);
  if (!contexts) return Failure(contexts.error());
  const auto found = std::ranges::find(*contexts, options.name, &SharedContext::name);
  if (found == contexts->end()) {
    return Failure(fmt::format("{} has no context named {}", options.file, options.name));
  }
  auto line = provisioning_line(*found);
  if (!line) return Failure(line.error());
  fmt::print("{}\n", *line);
  OPENSSL_cleanse(line->data(), line->size());
  return {};
}

// Lines of Wireshark's table "oscore_contexts": the responses decrypt with the same line.
Done wireshark(const Options& options) {
  const auto contexts = read_contexts(options.file);
  if (!contexts) return Failure(contexts.error());
  for (const auto& shared : *contexts) {
    fmt::print("\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"AES-CCM-16-64-128 (CCM*)\"\n",
               to_hex(shared.device_id), to_hex(shared.server_id), to_hex(shared.master_secret),
               to_hex(shared.master_salt), to_hex(shared.id_context.value_or(ByteString())));
  }
  return {};
}

CLI::App* add_subcommand(CLI::App& parent, const char* name, const char* what,
                         const std::shared_ptr<Options>& options, int& exit_code,
                         const std::function<Done(const Options&)>& run) {
  auto* command = parent.add_subcommand(name, what);
  command->add_option("file", options->file, "the file of contexts, readable by its owner only")
      ->required()
      ->type_name("FILE");
  command->callback([options, &exit_code, run] {
    if (const auto done = run(*options); !done) {
      system::print_error("oscore: " + done.error());
      exit_code = 1;
    }
  });
  return command;
}

}  // namespace

void add_oscore_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "oscore", "Security contexts that devices share with the update server (RFC 8613)");
  auto* adding = add_subcommand(*command, "add", "Make a context with a new random secret", options,
                                exit_code, add);
  adding->add_option("--name", options->name, "what logs call it")->required()->type_name("NAME");
  adding
      ->add_option("--device", options->device,
                   "EUI-64 of the device; without it any device that has the secret may ask")
      ->type_name("EUI64");
  auto* removing =
      add_subcommand(*command, "remove", "Forget a context", options, exit_code, remove);
  removing->add_option("--name", options->name, "which")->required()->type_name("NAME");
  add_subcommand(*command, "list", "Name the contexts; prints no secret", options, exit_code, list);
  auto* provisioning = add_subcommand(*command, "provision",
                                      "Print the line that provisions a device, WITH the secret",
                                      options, exit_code, provision);
  provisioning->add_option("--name", options->name, "which")->required()->type_name("NAME");
  add_subcommand(*command, "wireshark",
                 "Print the lines of Wireshark's table oscore_contexts, WITH the secrets", options,
                 exit_code, wireshark);
  command->require_subcommand(1);
  command->footer("docs/formats/oscore.md");
}

}  // namespace goldcrest::oscore
