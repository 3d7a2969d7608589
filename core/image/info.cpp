// SPDX-License-Identifier: MIT
#include "core/image/info.hpp"

#include <algorithm>

namespace goldcrest::image {

std::string_view ProductId::text() const {
  const auto* begin = reinterpret_cast<const char*>(stored_.data());
  const auto end = std::find(stored_.begin(), stored_.end(), std::uint8_t{0});
  return {begin, static_cast<std::size_t>(end - stored_.begin())};
}

std::string_view describe(InfoError error) {
  switch (error) {
    case InfoError::flash:
      return "the flash could not be read";
    case InfoError::magic:
      return "there is no Info record";
    case InfoError::record_version:
      return "the Info record is of an unknown version";
    case InfoError::type:
      return "the Info record names no known image type";
    case InfoError::version:
      return "the Info record has no version";
    case InfoError::product:
      return "the product id of the Info record is malformed";
    case InfoError::reserved:
      return "a reserved field of the Info record is not zero";
  }
  return "unknown error";
}

std::expected<Info, InfoError> parse_info(base::Bytes bytes) {
  base::ByteReader reader(bytes);
  const auto magic = reader.be32();
  const auto record_version = reader.u8();
  const auto type = reader.u8();
  const auto reserved = reader.le16();
  const auto version = base::Version::from_packed(reader.le32());
  const auto product = ProductId::from_stored(reader.bytes(limits::product_id_bytes));
  const auto reserved_too = reader.le32();
  if (!reader.ok() || magic != 0x47494E46) return std::unexpected(InfoError::magic);
  if (record_version != 1) return std::unexpected(InfoError::record_version);
  if (type < 1 || type > 3) return std::unexpected(InfoError::type);
  if (version.empty()) return std::unexpected(InfoError::version);
  if (!product) return std::unexpected(InfoError::product);
  if (reserved != 0 || reserved_too != 0) return std::unexpected(InfoError::reserved);
  return Info{static_cast<ImageType>(type), version, *product};
}

std::expected<Info, InfoError> read_info(Flash& flash, Address base) {
  std::array<std::uint8_t, info_size> bytes;
  if (!flash.read(base + info_offset, bytes)) return std::unexpected(InfoError::flash);
  return parse_info(bytes);
}

}  // namespace goldcrest::image
