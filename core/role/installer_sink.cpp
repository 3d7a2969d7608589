// SPDX-License-Identifier: MIT
#include "core/role/installer_sink.hpp"

namespace goldcrest::role {

using update::InstallError;
using wire::UpdateResult;

namespace {

UpdateResult result_for(InstallError error) {
  switch (error) {
    case InstallError::product:
      return UpdateResult::refused_product;
    case InstallError::unknown_signing_key:
    case InstallError::unsupported_signature:
    case InstallError::signature:
    case InstallError::unknown_content_key:
      return UpdateResult::refused_signature;
    case InstallError::not_newer:
    case InstallError::minimum_version:
    case InstallError::running_unconfirmed:
      return UpdateResult::refused_version;
    case InstallError::sequence:
    case InstallError::revoked_signing_key:
    case InstallError::revoked_keys:
      return UpdateResult::refused_policy;
    case InstallError::rejected_before:
      return UpdateResult::refused_rejected;
    case InstallError::verification:
      return UpdateResult::refused_digest;
    case InstallError::flash:
      return UpdateResult::flash_error;
    case InstallError::malformed:
    case InstallError::size:
    case InstallError::trailing_data:
    case InstallError::incomplete:
    case InstallError::failed_before:
      return UpdateResult::refused_format;
  }
  return UpdateResult::refused_format;
}

}  // namespace

Refusal refusal_for(InstallError error) {
  return {result_for(error), describe(error)};
}

std::expected<void, Refusal> InstallerSink::write(base::Bytes bytes) {
  if (const auto written = installer_.write(bytes); !written) {
    return std::unexpected(refusal_for(written.error()));
  }
  return {};
}

std::expected<void, Refusal> InstallerSink::finish() {
  if (const auto image = installer_.finish(); !image) {
    return std::unexpected(refusal_for(image.error()));
  }
  return {};
}

base::Version InstallerSink::version() const {
  return installer_.manifest() ? installer_.manifest()->version : base::Version{};
}

}  // namespace goldcrest::role
