// SPDX-License-Identifier: MIT
#include "firmware/provision/line_editor.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "firmware/text/test_output.hpp"

namespace goldcrest::provision {
namespace {

class LineEditorTest : public testing::Test {
 protected:
  /// What the last character did.
  LineEditor::Event type(std::string_view text) {
    auto event = LineEditor::Event::none;
    for (const char c : text) event = editor_.type(c);
    return event;
  }

  text::CapturedOutput output_;
  LineEditor editor_{output_};
};

TEST_F(LineEditorTest, EchoesAndTakesALine) {
  editor_.begin(LineEditor::Echo::plain);
  EXPECT_EQ(type("a b~\r"), LineEditor::Event::line);
  EXPECT_EQ(editor_.line(), "a b~");
  EXPECT_EQ(output_.take(), "a b~\n");
}

TEST_F(LineEditorTest, EveryKindOfLineEndCountsOnce) {
  int lines = 0;
  for (const char c : std::string_view("1\r2\n3\r\n\n")) {
    if (editor_.type(c) == LineEditor::Event::line) {
      ++lines;
      editor_.begin(LineEditor::Echo::plain);
    }
  }
  EXPECT_EQ(lines, 4);  // "1", "2", "3" and an empty one
}

TEST_F(LineEditorTest, BackspaceAndDelete) {
  editor_.begin(LineEditor::Echo::plain);
  type(
      "\b\x7F"
      "ab\bc\x7F"
      "d");
  EXPECT_EQ(editor_.line(), "ad");
  EXPECT_EQ(output_.take(), "ab\b \bc\b \bd");
  type("\x15xyz");
  EXPECT_EQ(editor_.line(), "xyz");
}

TEST_F(LineEditorTest, SecretsAreEchoedAsStarsAndWiped) {
  editor_.begin(LineEditor::Echo::stars);
  type("secret\b");
  EXPECT_EQ(output_.take(), "******\b \b");
  editor_.wipe();
  EXPECT_EQ(editor_.line(), "");
}

TEST_F(LineEditorTest, EscapeAndControlCCancel) {
  EXPECT_EQ(type("ab\x1B"), LineEditor::Event::cancelled);
  EXPECT_EQ(type("ab\x03"), LineEditor::Event::cancelled);
}

TEST_F(LineEditorTest, TooLongRingsTheBell) {
  editor_.begin(LineEditor::Echo::plain);
  type(std::string(LineEditor::longest, 'x'));
  output_.take();
  EXPECT_EQ(type("y"), LineEditor::Event::full);
  EXPECT_EQ(output_.take(), "\a");
  EXPECT_EQ(editor_.line(), std::string(LineEditor::longest, 'x'));
}

TEST_F(LineEditorTest, AnythingMayComeIn) {
  std::mt19937 random(1);
  editor_.begin(LineEditor::Echo::plain);
  for (int i = 0; i < 100'000; ++i) {
    (void)editor_.type(static_cast<char>(random() & 0xFF));
    ASSERT_LE(editor_.line().size(), LineEditor::longest);
    for (const char c : editor_.line()) ASSERT_TRUE(c >= ' ' && c <= '~');
  }
}

}  // namespace
}  // namespace goldcrest::provision
