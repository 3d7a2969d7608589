// SPDX-License-Identifier: MIT
#include "host/server/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/packer/file_name.hpp"
#include "host/packer/hex.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::server {

namespace coap = wire::coap;

namespace {

// Text of strangers, made harmless for a terminal and for JSON: printable ASCII only.
std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) result += c >= ' ' && c < 0x7F ? c : '?';
  return result;
}

std::string url_of(const coap::Message& request) {
  std::string url;
  char separator = '?';
  for (const auto& option : request.options) {
    if (option.number == coap::option::uri_path) {
      url += "/" + printable(coap::text_of(option.value));
    } else if (option.number == coap::option::uri_query) {
      url += separator + printable(coap::text_of(option.value));
      separator = '&';
    }
  }
  return url.empty() ? "/" : url;
}

std::string value_of(const coap::Option& option) {
  if (option.number == coap::option::block1 || option.number == coap::option::block2) {
    if (const auto block = coap::Block::parse(option.value)) {
      return fmt::format("{}/{}/{}", block->number, block->more ? 1 : 0, block->size());
    }
  }
  const bool is_uint =
      option.number == coap::option::content_format || option.number == coap::option::accept ||
      option.number == coap::option::size1 || option.number == coap::option::size2 ||
      option.number == coap::option::uri_port || option.number == coap::option::observe;
  if (const auto value = coap::parse_uint(option.value); is_uint && value) {
    return std::to_string(*value);
  }
  if (option.number == coap::option::uri_host) return printable(coap::text_of(option.value));
  return packer::to_hex(option.value);
}

std::string name_of(const coap::Option& option) {
  const auto name = coap::option_name(option.number);
  return name.empty() ? fmt::format("option-{}", option.number) : std::string(name);
}

template <typename Use>
void for_each_option(const coap::Message& request, Use use) {
  for (const auto& option : request.options) {
    const bool in_url =
        option.number == coap::option::uri_path || option.number == coap::option::uri_query;
    if (!in_url) use(name_of(option), value_of(option));
  }
}

std::string method_of(coap::Code code) {
  const auto name = coap::describe(code);
  return name == "unknown"
             ? fmt::format("{}.{:02}", coap::code_class(code), coap::code_detail(code))
             : std::string(name);
}

std::string code_text(coap::Code code) {
  return fmt::format("{}.{:02}", coap::code_class(code), coap::code_detail(code));
}

std::string eui64_text(const wire::Eui64& eui64) {
  return packer::to_hex(eui64.bytes);
}

std::string device_text(const RequestRecord& record) {
  if (const auto& classic = record.classic) {
    return fmt::format(" product={} type={} version={} offset={}", classic->product,
                       classic->image_type, packer::version_text(classic->version),
                       classic->offset);
  }
  if (const auto& ask = record.ask) {
    return fmt::format(" product={} type={} version={} device={} last={}", ask->product,
                       ask->image_type, packer::version_text(ask->running), eui64_text(ask->device),
                       wire::describe(ask->last_result));
  }
  return {};
}

}  // namespace

std::string to_text(const RequestRecord& record) {
  auto line = fmt::format("{} {} {}", system::format(record.from), method_of(record.request.code),
                          url_of(record.request));
  for_each_option(record.request, [&](const std::string& name, const std::string& value) {
    line += fmt::format(" {}={}", name, value);
  });
  if (!record.context.empty()) line += fmt::format(" context={}", printable(record.context));
  line += device_text(record);
  line += record.response ? fmt::format(" -> {} {}", code_text(*record.response),
                                        coap::describe(*record.response))
                          : std::string(record.withheld ? " -> nothing" : " -> RST");
  if (record.update != nullptr) line += " " + record.update->name;
  if (record.length > 0) {
    line += fmt::format(" bytes [{}, {})", record.offset, record.offset + record.length);
  }
  if (record.update != nullptr) line += fmt::format(" of {}", record.update->bytes.size());
  if (!record.reason.empty()) line += fmt::format(" ({})", record.reason);
  return line;
}

nlohmann::ordered_json to_json(const RequestRecord& record) {
  nlohmann::ordered_json json;
  json["from"] = system::format(record.from);
  json["method"] = method_of(record.request.code);
  json["url"] = url_of(record.request);
  auto& options = json["options"] = nlohmann::ordered_json::object();
  for_each_option(record.request, [&](const std::string& name, const std::string& value) {
    options[name] = value;
  });
  if (!record.context.empty()) json["context"] = printable(record.context);
  json["response"] = record.response   ? code_text(*record.response)
                     : record.withheld ? "nothing"
                                       : "RST";
  if (const auto& classic = record.classic) {
    json["protocol"] = "classic";
    json["product"] = classic->product;
    json["type"] = classic->image_type;
    json["version"] = packer::version_text(classic->version);
    json["request_offset"] = classic->offset;
  }
  if (const auto& ask = record.ask) {
    json["protocol"] = "current";
    json["product"] = ask->product;
    json["type"] = ask->image_type;
    json["version"] = packer::version_text(ask->running);
    json["device"] = eui64_text(ask->device);
    json["last_result"] = wire::describe(ask->last_result);
    auto& slots = json["slots"] = nlohmann::ordered_json::array();
    for (const auto& slot : ask->slots) slots.push_back(packer::version_text(slot));
    auto& rejected = json["rejected"] = nlohmann::ordered_json::array();
    for (const auto& digest : ask->rejected) rejected.push_back(packer::to_hex(digest));
  }
  if (record.update != nullptr) {
    json["file"] = record.update->name;
    json["size"] = record.update->bytes.size();
  }
  if (record.length > 0) {
    json["offset"] = record.offset;
    json["length"] = record.length;
  }
  if (!record.reason.empty()) json["reason"] = record.reason;
  return json;
}

std::string to_text(const Update& update) {
  return fmt::format("{}  version {}  {} bytes  /{}", update.name,
                     packer::version_text(update.manifest.version), update.bytes.size(),
                     update.path);
}

nlohmann::ordered_json to_json(const Update& update) {
  return {{"file", update.name},
          {"product", update.product},
          {"version", packer::version_text(update.manifest.version)},
          {"size", update.bytes.size()},
          {"url", "/" + update.path},
          {"etag", packer::to_hex(base::Bytes(update.etag.data(), update.etag.size()))}};
}

}  // namespace goldcrest::server
