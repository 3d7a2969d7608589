// SPDX-License-Identifier: MIT
// Records the levels of all pins of the LQFP64 package over time: as a VCD file (IEEE 1364 chapter
// "Value change dump files"), which waveform viewers read, or as text, a line a change:
//
//     0.001250031 PA5 1 LED
//
// Times are board time, exact to the instruction block that caused the change. Bits on serial lines
// (USART, SPI) are not played out on the pins; `--trace serial` and `--trace radio` have them.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "host/board/board.hpp"

namespace goldcrest::board {

class PinRecorder {
 public:
  enum class Format : std::uint8_t { vcd, text };

  /// Writes the header with all levels as they are now, and from then on every change, to `output`.
  /// Board and output must outlive the recorder; one recorder a board.
  PinRecorder(Board& board, std::ostream& output, Format format);
  ~PinRecorder();
  PinRecorder(const PinRecorder&) = delete;
  PinRecorder& operator=(const PinRecorder&) = delete;

  /// Marks the end of the recording, so that viewers show the last levels as long as they lasted.
  void finish();

 private:
  void header();
  void change(const PinChange& change);
  void stamp(std::int64_t time_ns);

  Board& board_;
  std::ostream& output_;
  Format format_;
  std::int64_t stamped_ns_ = -1;
};

}  // namespace goldcrest::board
