// SPDX-License-Identifier: MIT
#include "host/oscore/context_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/ensure.hpp"
#include "core/update/secure_context.hpp"
#include "host/packer/files.hpp"
#include "host/packer/hex.hpp"

namespace goldcrest::oscore {
namespace {

using Json = nlohmann::json;
using Failure = std::unexpected<std::string>;

constexpr std::string_view format_name = "goldcrest oscore contexts";
constexpr std::size_t file_limit = 64u << 20u;
constexpr std::size_t name_limit = 64;
// As update::SecureContext has room for.
constexpr std::size_t secret_limit = 32;
constexpr std::size_t salt_limit = 16;

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// One object of the array, with the sticky-failure style of the byte readers: the first thing that
// is wrong is kept in problem().
class Entry {
 public:
  explicit Entry(const Json& json) : json_(json) {}

  const std::string& problem() const { return problem_; }

  std::string name() {
    const auto found = json_.find("name");
    if (found == json_.end() || !found->is_string()) return fail("has no name"), std::string();
    auto name = found->get<std::string>();
    if (name.empty() || name.size() > name_limit || !printable(name)) {
      return fail("has a name that is empty, longer than 64 characters or not plain ASCII"),
             std::string();
    }
    return name;
  }
  std::optional<ByteString> bytes(const char* member, std::size_t least, std::size_t most) {
    const auto found = json_.find(member);
    if (found == json_.end()) return std::nullopt;
    auto text = found->is_string() ? found->get<std::string>() : std::string("?");
    auto decoded = packer::from_hex(text);
    OPENSSL_cleanse(text.data(), text.size());
    if (!decoded || decoded->size() < least || decoded->size() > most) {
      fail(fmt::format("has a {} that is not {} to {} bytes in hexadecimal", member, least, most));
      return std::nullopt;
    }
    return decoded;
  }
  ByteString required(const char* member, std::size_t least, std::size_t most) {
    auto value = bytes(member, least, most);
    if (!value) fail(fmt::format("has no {}", member));
    return value.value_or(ByteString());
  }
  std::optional<wire::Eui64> device() {
    const auto found = json_.find("device");
    if (found == json_.end()) return std::nullopt;
    auto eui64 = parse_eui64(found->is_string() ? found->get<std::string>() : std::string());
    if (!eui64) fail("has a device that is no EUI-64");
    return eui64;
  }

 private:
  void fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  const Json& json_;
  std::string problem_;
};

std::expected<SharedContext, std::string> parse_entry(const Json& json) {
  if (!json.is_object()) return Failure("is no object");
  Entry entry(json);
  SharedContext shared;
  shared.name = entry.name();
  shared.device = entry.device();
  shared.device_id = entry.required("device_id", 1, identifier_bytes);
  shared.server_id = entry.required("server_id", 0, identifier_bytes);
  shared.master_secret = entry.required("master_secret", shortest_master_secret, secret_limit);
  shared.master_salt = entry.bytes("master_salt", 0, salt_limit).value_or(ByteString());
  shared.id_context = entry.bytes("id_context", 0, id_context_bytes);
  if (!entry.problem().empty()) return Failure(entry.problem());
  if (shared.device_id == shared.server_id) {
    return Failure("has the same device_id and server_id");
  }
  return shared;
}

std::expected<void, std::string> check_unique(const std::vector<SharedContext>& contexts) {
  std::set<std::string> names;
  std::set<wire::Eui64> devices;
  std::set<std::pair<ByteString, std::optional<ByteString>>> kids;
  for (const auto& shared : contexts) {
    if (!names.insert(shared.name).second) {
      return Failure(fmt::format("two contexts have the name {}", shared.name));
    }
    if (shared.device && !devices.insert(*shared.device).second) {
      return Failure(fmt::format("{} is for a device that has a context already", shared.name));
    }
    if (!kids.insert({shared.device_id, shared.id_context}).second) {
      return Failure(fmt::format("{} has the device_id of another context", shared.name));
    }
  }
  return {};
}

Context derive(const SharedContext& shared, const ByteString& sender, const ByteString& recipient) {
  const auto context = Context::derive({.master_secret = shared.master_secret,
                                        .master_salt = shared.master_salt,
                                        .sender_id = sender,
                                        .recipient_id = recipient,
                                        .id_context = shared.id_context});
  base::ensure(context.has_value());
  return *context;
}

}  // namespace

std::expected<std::string, std::string> provisioning_line(const SharedContext& shared) {
  if (shared.id_context) {
    return std::unexpected(
        fmt::format("{} has an id_context, which devices have no room for", shared.name));
  }
  update::SecureContext context;
  const bool fits = context.device_id.append(shared.device_id) &&
                    context.server_id.append(shared.server_id) &&
                    context.master_secret.append(shared.master_secret) &&
                    context.master_salt.append(shared.master_salt);
  base::ensure(fits);
  std::array<char, update::secure_context_text_characters> text;
  std::string line(update::emit_secure_context_text(context, text));
  OPENSSL_cleanse(text.data(), text.size());
  return line;
}

std::optional<wire::Eui64> parse_eui64(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ':' && c != '-') digits += c;
  }
  const auto bytes = packer::from_hex(digits);
  wire::Eui64 eui64;
  if (!bytes || bytes->size() != eui64.bytes.size()) return std::nullopt;
  std::ranges::copy(*bytes, eui64.bytes.begin());
  return eui64;
}

Context device_end(const SharedContext& shared) {
  return derive(shared, shared.device_id, shared.server_id);
}

Context server_end(const SharedContext& shared) {
  return derive(shared, shared.server_id, shared.device_id);
}

std::expected<std::vector<SharedContext>, std::string> parse_contexts(base::Bytes json,
                                                                      const std::string& where) {
  const auto document = Json::parse(json.begin(), json.end(), nullptr, false);
  const bool ours = document.is_object() && document.value("format", Json()) == format_name &&
                    document.value("version", Json()) == 1;
  const auto list = ours ? document.value("contexts", Json()) : Json();
  if (!list.is_array()) {
    return Failure(fmt::format("{} is not a {} file of version 1", where, format_name));
  }
  std::vector<SharedContext> contexts;
  for (const auto& item : list) {
    auto shared = parse_entry(item);
    if (!shared) {
      return Failure(fmt::format("{}: context {} {}", where, contexts.size() + 1, shared.error()));
    }
    contexts.push_back(*std::move(shared));
  }
  if (const auto unique = check_unique(contexts); !unique) {
    return Failure(fmt::format("{}: {}", where, unique.error()));
  }
  return contexts;
}

std::expected<std::vector<SharedContext>, std::string> read_contexts(
    const std::filesystem::path& path) {
  auto bytes = packer::read_private_file(path, file_limit);
  if (!bytes) return Failure(bytes.error().text);
  auto contexts = parse_contexts(*bytes, path.string());
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return contexts;
}

std::expected<void, std::string> write_contexts(const std::filesystem::path& path,
                                                const std::vector<SharedContext>& contexts) {
  nlohmann::ordered_json document{{"format", format_name}, {"version", 1}};
  auto& list = document["contexts"] = nlohmann::ordered_json::array();
  for (const auto& shared : contexts) {
    nlohmann::ordered_json item{{"name", shared.name}};
    if (shared.device) item["device"] = packer::to_hex(shared.device->bytes);
    item["device_id"] = packer::to_hex(shared.device_id);
    item["server_id"] = packer::to_hex(shared.server_id);
    item["master_secret"] = packer::to_hex(shared.master_secret);
    if (!shared.master_salt.empty()) item["master_salt"] = packer::to_hex(shared.master_salt);
    if (shared.id_context) item["id_context"] = packer::to_hex(*shared.id_context);
    list.push_back(std::move(item));
  }
  auto text = document.dump(2) + "\n";
  const base::Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const auto written = packer::write_file(path, bytes, packer::private_mode);
  OPENSSL_cleanse(text.data(), text.size());
  if (!written) return Failure(written.error().text);
  return {};
}

}  // namespace goldcrest::oscore
