// SPDX-License-Identifier: MIT
// The real sink of an update: update::Installer, with its errors told in the terms of the update
// protocol.
#pragma once

#include "core/role/update_client.hpp"
#include "core/update/installer.hpp"

namespace goldcrest::role {

/// What the server is told, and what the console prints, of an installer's error.
Refusal refusal_for(update::InstallError error);

class InstallerSink final : public UpdateSink {
 public:
  /// `installer` must outlive the sink.
  explicit InstallerSink(update::Installer& installer) : installer_(installer) {}

  void begin() override { installer_.begin(); }
  void expect_size(std::uint32_t size) override { installer_.expect_size(size); }
  std::expected<void, Refusal> write(base::Bytes bytes) override;
  std::expected<void, Refusal> finish() override;
  std::uint32_t total_size() const override { return installer_.total_size(); }
  base::Version version() const override;

 private:
  update::Installer& installer_;
};

}  // namespace goldcrest::role
