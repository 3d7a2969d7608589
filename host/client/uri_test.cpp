// SPDX-License-Identifier: MIT
#include "host/client/uri.hpp"

#include <gtest/gtest.h>

namespace goldcrest::client {
namespace {

TEST(CoapUri, TakesUrisApart) {
  const auto plain = parse_coap_uri("coap://[2001:db8::1]/updates/f63d0305");
  ASSERT_TRUE(plain) << plain.error();
  EXPECT_EQ(plain->host, "2001:db8::1");
  EXPECT_EQ(plain->port, 5683);
  EXPECT_EQ(plain->path, "updates/f63d0305");
  EXPECT_FALSE(plain->host_is_name);
  const auto full = parse_coap_uri("coap://example.org:61616/a%20b/?x=1&y");
  ASSERT_TRUE(full) << full.error();
  EXPECT_EQ(full->host, "example.org");
  EXPECT_TRUE(full->host_is_name);
  EXPECT_EQ(full->port, 61616);
  EXPECT_EQ(full->path, "a b/");
  EXPECT_EQ(full->query, "x=1&y");
  const auto bare = parse_coap_uri("coap://192.168.1.1");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->path, "");
  EXPECT_FALSE(bare->host_is_name);
}

TEST(CoapUri, SaysWhatIsWrong) {
  for (const auto* text :
       {"", "http://x/", "coap:/x", "coap://", "coap:///x", "coap://[::1", "coap://[nonsense]/",
        "coap://x:0/", "coap://x:65536/", "coap://x:12a/", "coap://[::1]x/", "coap://x/%zz",
        "coap://x/%2", "coap://x/a%2Fb", "coap://x/?a%26b", "coap://x/#f"}) {
    const auto uri = parse_coap_uri(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_EQ(uri.error().find('\n'), std::string::npos);
  }
  EXPECT_FALSE(parse_coap_uri("coap://x/" + std::string(256, 'a')));
  EXPECT_TRUE(parse_coap_uri("coap://x/" + std::string(255, 'a')));
}

}  // namespace
}  // namespace goldcrest::client
