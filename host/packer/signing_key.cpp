// SPDX-License-Identifier: MIT
#include "host/packer/signing_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/ensure.hpp"
#include "host/packer/files.hpp"
#include "host/packer/hex.hpp"
#include "host/packer/index_journal.hpp"
#include "host/packer/key_folder.hpp"

namespace goldcrest::packer {
namespace {

namespace fs = std::filesystem;

void tell(const SigningOptions& options, const std::string& line) {
  if (options.notice) options.notice(line);
}

void step(const SigningOptions& options, ReservationStep done) {
  if (options.on_step) options.on_step(done);
}

/// The lock is on the folder itself: a lock file could be deleted under a signer's feet, and
/// signing.key is replaced by each signature.
Result<FileDescriptor> lock_directory(const fs::path& directory, const SigningOptions& options) {
  FileDescriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.valid()) {
    return problem(fmt::format("cannot open the key directory {}: {}; `goldcrest keygen` makes one",
                               directory.string(), system_error_text()));
  }
  if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) {
    tell(options, fmt::format("waiting for another signer to be done with {}", directory.string()));
    int status = 0;
    while ((status = ::flock(file.number(), LOCK_EX)) != 0 && errno == EINTR) {
    }
    if (status == 0) return file;
  }
  return problem(fmt::format("cannot lock the key directory {}: {}; keep keys on a local disk",
                             directory.string(), system_error_text()));
}

Result<fs::path> account_journal_path(const LmsIdentifier& identifier,
                                      const SigningOptions& options) {
  fs::path directory = options.state_directory;
  if (directory.empty()) {
    auto standard = default_state_directory();
    if (!standard) return std::unexpected(standard.error());
    directory = *standard;
  }
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return problem(
        fmt::format("cannot create {}, where the leaves used by this account are "
                    "recorded: {}; set XDG_STATE_HOME to a folder you can write",
                    directory.string(), error.message()));
  }
  return directory / fmt::format("{}.state", to_hex(identifier));
}

/// The stored key with its two journals, locked as long as the object lives.
struct LockedKey {
  FileDescriptor lock;
  StoredSigningKey stored;
  std::optional<IndexJournal> journal;
  std::optional<IndexJournal> account;
  fs::path directory;
  fs::path account_path;

  static Result<LockedKey> open(const fs::path& directory, const SigningOptions& options) {
    auto lock = lock_directory(directory, options);
    if (!lock) return std::unexpected(lock.error());
    auto stored = read_signing_key(directory / signing_key_name);
    if (!stored) return std::unexpected(stored.error());
    const auto identifier = stored->secret.identifier();
    auto account_path = account_journal_path(identifier, options);
    if (!account_path) return std::unexpected(account_path.error());
    auto journal = IndexJournal::open(directory / signing_state_name, identifier);
    if (!journal) return std::unexpected(journal.error());
    auto account = IndexJournal::open(*account_path, identifier);
    if (!account) return std::unexpected(account.error());
    return LockedKey{std::move(*lock),    std::move(*stored), std::move(*journal),
                     std::move(*account), directory,          *account_path};
  }

  const LmsParameters& parameters() const { return stored.secret.parameters(); }

  /// The first index that both journals allow.
  std::uint32_t recorded_index() const {
    return std::max(journal ? journal->next_index() : 0, account ? account->next_index() : 0);
  }

  std::optional<std::string> refusal() const {
    const auto key_path = (directory / signing_key_name).string();
    if (!journal) {
      return fmt::format(
          "{} is missing beside {}: the key directory is not whole, so nobody can say "
          "which leaves have been used; restore nothing from a backup, make a new key",
          signing_state_name, key_path);
    }
    if (stored.next_index < recorded_index()) {
      return fmt::format(
          "{} was rolled back: it would sign with leaf {}, but leaves up to {} have "
          "been used already; an old copy must not sign. If this is the only copy, "
          "`goldcrest key advance --to {}` makes it usable again",
          key_path, stored.next_index, recorded_index() - 1, recorded_index());
    }
    if (stored.next_index >= parameters().leaves()) {
      return fmt::format(
          "{} is exhausted: all {} signatures have been made; make a new key with "
          "`goldcrest keygen`",
          key_path, parameters().leaves());
    }
    if (!account) {
      return fmt::format(
          "this account has not signed with {} before. If it was moved here, and no copy signs "
          "elsewhere, `goldcrest key advance --to {}` takes it over; two copies that sign give "
          "forgeries away",
          directory.string(), stored.next_index);
    }
    return std::nullopt;
  }

  std::vector<std::string> warnings() const {
    std::vector<std::string> lines;
    const std::uint32_t leaves = parameters().leaves();
    if (std::uint64_t{stored.next_index} * 10 >= std::uint64_t{leaves} * 9) {
      lines.push_back(fmt::format("{} of {} signatures of {} are used up; plan for a new key",
                                  stored.next_index, leaves, directory.string()));
    }
    return lines;
  }

  /// Moves the stored index to `next_index` and both journals with it, each synced.
  Result<void> store_index(std::uint32_t next_index, const SigningOptions& options) {
    stored.next_index = next_index;
    if (auto done = write_signing_key(directory / signing_key_name, stored); !done) return done;
    step(options, ReservationStep::key_written);
    const auto& identifier = stored.secret.identifier();
    if (auto done = record(journal, directory / signing_state_name, identifier); !done) return done;
    step(options, ReservationStep::journal_written);
    if (auto done = record(account, account_path, identifier); !done) return done;
    step(options, ReservationStep::record_written);
    return {};
  }

  Result<void> record(std::optional<IndexJournal>& in, const fs::path& path,
                      const LmsIdentifier& identifier) {
    if (in) return in->append(stored.next_index);
    auto created = IndexJournal::create(path, identifier, stored.next_index);
    if (!created) return std::unexpected(created.error());
    in.emplace(std::move(*created));
    return {};
  }
};

/// The tree, from its cache when that holds for leaf `q`, else computed anew and cached again.
Result<LmsTree> tree_for(const LockedKey& key, const PublicKey& public_key, std::uint32_t q,
                         const SigningOptions& options) {
  const auto& secret = key.stored.secret;
  const base::Bytes root = base::Bytes(public_key.key).subspan(24);
  const auto path = key.directory / signing_tree_name;
  if (auto cached = read_tree(path, secret); cached && cached->path_holds(secret, q, root)) {
    return cached;
  }
  tell(options, fmt::format("{} is missing or damaged; computing the tree again", path.string()));
  auto tree = LmsTree::build(secret);
  if (!std::ranges::equal(lms_public_key(secret, tree), public_key.key)) {
    return problem(fmt::format("{} does not belong to {} in {}", public_key_name, signing_key_name,
                               key.directory.string()));
  }
  if (auto written = write_tree(path, secret, tree); !written) {
    tell(options, fmt::format("{} (going on without it)", written.error().text));
  }
  return tree;
}

KeyStatus status_of(const LockedKey& key, const PublicKey& public_key) {
  KeyStatus status;
  status.parameters = key.parameters();
  status.public_key = public_key;
  status.next_index = key.stored.next_index;
  if (key.journal) status.journal_index = key.journal->next_index();
  if (key.account) status.account_index = key.account->next_index();
  status.warnings = key.warnings();
  status.refusal = key.refusal();
  return status;
}

/// A high tree takes a while, so a line a tenth says how far it is.
LmsTree build_with_notices(const LmsSecret& secret, const SigningOptions& options) {
  constexpr std::uint32_t worth_a_line = 100000;
  const std::uint32_t leaves = secret.parameters().leaves();
  std::uint32_t tenths_told = 0;
  return LmsTree::build(secret, [&](std::uint32_t done) {
    const auto tenths = static_cast<std::uint32_t>(std::uint64_t{done} * 10 / leaves);
    if (leaves < worth_a_line || tenths == tenths_told) return;
    tenths_told = tenths;
    tell(options, fmt::format("computing the tree: {} %", tenths * 10));
  });
}

Result<LmsSecret> random_secret(const LmsParameters& parameters) {
  LmsIdentifier identifier{};
  std::array<std::uint8_t, 32> seed{};
  if (auto done = fill_random(identifier); !done) return std::unexpected(done.error());
  if (auto done = fill_random(seed); !done) return std::unexpected(done.error());
  LmsSecret secret(parameters, identifier, base::Bytes(seed).first(parameters.n));
  OPENSSL_cleanse(seed.data(), seed.size());
  return secret;
}

}  // namespace

Result<fs::path> default_state_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return fs::path(state) / "goldcrest";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == 0) {
    const auto* account = ::getpwuid(::getuid());
    home = account != nullptr ? account->pw_dir : nullptr;
  }
  if (home == nullptr || *home == 0) {
    return problem(
        "neither XDG_STATE_HOME nor HOME is set: there is no place to record the leaves "
        "that this account has used; set XDG_STATE_HOME to a folder that lasts");
  }
  return fs::path(home) / ".local/state/goldcrest";
}

Result<KeyStatus> create_keys(const fs::path& directory, std::uint32_t height,
                              const SigningOptions& options) {
  if (height > 20) return problem("the highest tree whose signatures fit a device's slot is 20");
  const auto parameters = LmsParameters::make(24, height, 4);
  if (!parameters) return std::unexpected(parameters.error());
  auto staged = NewKeyFolder::create(directory, options.content_key);
  if (!staged) return std::unexpected(staged.error());
  const auto secret = random_secret(*parameters);
  if (!secret) return std::unexpected(secret.error());
  const auto account_path = account_journal_path(secret->identifier(), options);
  if (!account_path) return std::unexpected(account_path.error());

  const auto tree = build_with_notices(*secret, options);
  const auto key = lms_public_key(*secret, tree);
  const PublicKey public_key{image::SignatureType::lms, key_id_of(key), key};
  const fs::path& folder = staged->path();
  if (auto done = write_tree(folder / signing_tree_name, *secret, tree); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = write_public_key(folder / public_key_name, public_key); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = write_signing_key(folder / signing_key_name, {*secret, 0}); !done) {
    return std::unexpected(done.error());
  }
  for (const auto& path : {folder / signing_state_name, *account_path}) {
    auto journal = IndexJournal::create(path, secret->identifier(), 0);
    if (!journal) return std::unexpected(journal.error());
  }
  if (auto done = staged->commit(); !done) return std::unexpected(done.error());
  return key_status(staged->final_path(), options);
}

Result<Signature> sign(const fs::path& directory, base::Bytes message,
                       const SigningOptions& options) {
  auto key = LockedKey::open(directory, options);
  if (!key) return std::unexpected(key.error());
  if (const auto refusal = key->refusal()) return problem(*refusal);
  const auto public_key = read_public_key(directory / public_key_name);
  if (!public_key) return std::unexpected(public_key.error());

  Signature signature;
  signature.index = key->stored.next_index;
  const auto tree = tree_for(*key, *public_key, signature.index, options);
  if (!tree) return std::unexpected(tree.error());
  std::vector<std::uint8_t> randomizer(key->parameters().n);
  if (auto done = fill_random(randomizer); !done) return std::unexpected(done.error());
  step(options, ReservationStep::checked);
  if (auto done = key->store_index(signature.index + 1, options); !done) {
    return std::unexpected(done.error());
  }
  signature.warnings = key->warnings();
  signature.remaining = key->parameters().leaves() - key->stored.next_index;
  signature.bytes = lms_sign(key->stored.secret, *tree, signature.index, randomizer, message);
  return signature;
}

Result<KeyStatus> key_status(const fs::path& directory, const SigningOptions& options) {
  const auto key = LockedKey::open(directory, options);
  if (!key) return std::unexpected(key.error());
  const auto public_key = read_public_key(directory / public_key_name);
  if (!public_key) return std::unexpected(public_key.error());
  return status_of(*key, *public_key);
}

Result<KeyStatus> advance_key(const fs::path& directory, std::uint32_t next_index,
                              const SigningOptions& options) {
  auto key = LockedKey::open(directory, options);
  if (!key) return std::unexpected(key.error());
  const auto public_key = read_public_key(directory / public_key_name);
  if (!public_key) return std::unexpected(public_key.error());
  const std::uint32_t lowest = std::max(key->stored.next_index, key->recorded_index());
  if (next_index < lowest || next_index > key->parameters().leaves()) {
    return problem(
        fmt::format("the next leaf of {} can be set to {} at least and {} at most, not {}",
                    directory.string(), lowest, key->parameters().leaves(), next_index));
  }
  if (auto done = key->store_index(next_index, options); !done) {
    return std::unexpected(done.error());
  }
  return status_of(*key, *public_key);
}

}  // namespace goldcrest::packer
