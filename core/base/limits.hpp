// SPDX-License-Identifier: MIT
// Every capacity of core, with its unit and its reason. A capacity that is not here does not exist.
#pragma once

#include <cstddef>

namespace goldcrest::limits {

// Radio and 6LoWPAN
inline constexpr std::size_t frame_bytes = 96;          ///< SPIRIT1 FIFO; longest MAC frame
inline constexpr std::size_t datagram_bytes = 1280;     ///< IPv6 minimum MTU; longest datagram
inline constexpr std::size_t reassemblies = 3;          ///< datagrams being reassembled at once
inline constexpr std::size_t router_reassemblies = 16;  ///< the same, border router
inline constexpr std::size_t outgoing_datagrams = 8;    ///< datagrams waiting for the radio, node
inline constexpr std::size_t outgoing_bytes = 2 * datagram_bytes;  ///< and their bytes together
inline constexpr std::size_t router_outgoing_datagrams = 32;       ///< the same, border router
inline constexpr std::size_t router_outgoing_bytes = router_outgoing_datagrams * datagram_bytes;
inline constexpr std::size_t ingress_bytes =
    1500;                                      ///< longest packet from outside; if > 1280, refused
inline constexpr std::size_t neighbours = 12;  ///< link neighbours, node
inline constexpr std::size_t router_neighbours = 64;  ///< link neighbours, border router
inline constexpr std::size_t routes = 24;             ///< downward routes, storing-mode node
inline constexpr std::size_t router_routes = 2048;    ///< downward routes, root

// CoAP
inline constexpr std::size_t coap_block_bytes = 512;    ///< largest block a node asks for
inline constexpr std::size_t coap_message_bytes = 640;  ///< block + header + options
inline constexpr std::size_t coap_request_bytes = 384;  ///< longest request a node sends (an ask)
inline constexpr std::size_t coap_token_bytes = 8;      ///< RFC 7252 section 3
inline constexpr std::size_t coap_exchanges = 2;        ///< outstanding requests of a node

/// Bytes of an update written to flash between two looks at the radio: a half page, 3.2 ms.
inline constexpr std::size_t flash_step_bytes = 128;

// Images
inline constexpr std::size_t product_id_bytes = 32;   ///< with padding; 31 characters and a NUL
inline constexpr std::size_t signature_bytes = 1904;  ///< room beside the manifest in a slot
inline constexpr std::size_t trust_anchors = 4;       ///< public keys in BOOT
inline constexpr std::size_t content_keys = 4;        ///< AES keys in BOOT
inline constexpr std::size_t trial_boots = 3;         ///< starts of an unconfirmed image

// DATA
inline constexpr std::size_t record_bytes = 512;    ///< longest record value
inline constexpr std::size_t rejected_digests = 4;  ///< remembered as never to be fetched again

}  // namespace goldcrest::limits
