// SPDX-License-Identifier: MIT
#include "host/server/command.hpp"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "host/server/serve.hpp"
#include "host/system/run.hpp"

namespace goldcrest::server {

void add_server_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  auto* command = app.add_subcommand(
      "server", "The update server: offers the .fmu files of a folder over CoAP (UDP)");
  command->add_option("folder", options->folder, "folder of .fmu files, watched while serving")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->add_option("--directory", options->folder, "the same, as an option")
      ->type_name("FOLDER");
  command->add_option("--bind", options->bind, "address to listen on; :: is IPv6 and IPv4")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command->add_option("--port", options->port, "UDP port to listen on")
      ->type_name("NUMBER")
      ->capture_default_str();
  command
      ->add_option("--public-key", options->public_keys,
                   "check signatures with this key file (signing.pub); may be repeated")
      ->type_name("FILE");
  command
      ->add_option("--retry-after", options->engine.retry_after_s,
                   "seconds after which devices are told to ask again; 0: as they like")
      ->type_name("SECONDS")
      ->capture_default_str();
  auto* contexts =
      command
          ->add_option("--oscore", options->oscore_contexts,
                       "security contexts of the devices (goldcrest oscore); watched while serving")
          ->type_name("FILE");
  const std::map<std::string, OscorePolicy> policies{{"optional", OscorePolicy::optional},
                                                     {"required", OscorePolicy::required}};
  command
      ->add_option("--oscore-policy", options->oscore_policy,
                   "optional (default): devices without a context are served unprotected; "
                   "required: they are not served")
      // Applied last to first: the transformer's own error would show the values as bytes.
      ->transform(CLI::Transformer(policies, CLI::ignore_case).description(""))
      ->transform(CLI::IsMember({"optional", "required"}, CLI::ignore_case))
      ->needs(contexts);
  command->add_flag("--json", options->json, "log one JSON object a line");
  command->add_flag("--quiet", options->quiet, "do not log requests");
  command->footer("Log on stdout. Stops cleanly on SIGINT and SIGTERM. docs/server.md");
  command->callback([options, &exit_code] {
    if (const auto served = serve(*options); !served) {
      system::print_error("server: " + served.error());
      exit_code = 1;
    }
  });
}

}  // namespace goldcrest::server
