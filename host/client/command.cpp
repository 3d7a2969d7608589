// SPDX-License-Identifier: MIT
#include "host/client/command.hpp"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "host/client/get.hpp"
#include "host/system/run.hpp"

namespace goldcrest::client {

void add_get_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GetOptions>();
  auto* command = app.add_subcommand("get", "Fetch a CoAP resource, in blocks where need be");
  command->add_option("uri", options->uri, "coap://HOST[:PORT]/PATH[?QUERY]")
      ->required()
      ->type_name("URI");
  command
      ->add_option("-o,--output", options->output,
                   "file to write, whole or not at all; without it: stdout")
      ->type_name("FILE");
  command->add_option("--block-size", options->block_size, "largest block to ask for, in bytes")
      ->check(CLI::IsMember({16, 32, 64, 128, 256, 512, 1024}))
      ->capture_default_str();
  command->add_option("--timeout", options->timeout_s, "seconds without progress before giving up")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400).description(""))
      ->capture_default_str();
  const std::map<std::string, wire::coap::Code> methods{{"GET", wire::coap::Code::get},
                                                        {"FETCH", wire::coap::Code::fetch}};
  // Applied last to first: the transformer's own error would show the codes as bytes.
  command->add_option("--method", options->method, "GET or FETCH")
      ->transform(CLI::Transformer(methods, CLI::ignore_case).description(""))
      ->transform(CLI::IsMember({"GET", "FETCH"}, CLI::ignore_case));
  command->add_option("--payload", options->payload_file, "file sent as the request's payload")
      ->type_name("FILE");
  command
      ->add_option("--content-format", options->content_format,
                   "of the payload, by number (60: CBOR)")
      ->type_name("NUMBER");
  command->add_option("--accept", options->accept, "content format wanted, by number")
      ->type_name("NUMBER");
  auto* contexts =
      command
          ->add_option("--oscore", options->oscore_contexts,
                       "speak OSCORE as the device of a context in this file (goldcrest oscore)")
          ->type_name("FILE");
  command
      ->add_option("--oscore-context", options->oscore_context,
                   "name of the context; without it the only one there is")
      ->type_name("NAME")
      ->needs(contexts);
  command->add_flag("--quiet", options->quiet, "no progress on stderr");
  command->callback([options, &exit_code] {
    if (const auto done = get(*options); !done) {
      system::print_error("get: " + done.error());
      exit_code = 1;
    }
  });
}

}  // namespace goldcrest::client
