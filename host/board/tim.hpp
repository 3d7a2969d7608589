// SPDX-License-Identifier: MIT
// General-purpose and basic timers, RM0038 chapters "General-purpose timers (TIM2 to TIM5)",
// "General-purpose timers (TIM9/TIM10/TIM11)" and "Basic timers (TIM6 and TIM7)".
//
//   TIM2 0x40000000 IRQ 28   TIM3 0x40000400 IRQ 29   TIM4 0x40000800 IRQ 30   16 bit, 4 channels
//   TIM5 0x40000C00 IRQ 46   32 bit, 4 channels       TIM6 0x40001000 IRQ 43   TIM7 0x40001400 IRQ
//   44 TIM9 0x40010800 IRQ 25   2 channels     TIM10 0x40010C00 IRQ 26, TIM11 0x40011000 IRQ 27   1
//
// The counter is worked out when somebody looks; an event is planned only for what somebody
// notices: an enabled interrupt, a DMA request, an output on a pin, another timer. A counter runs
// from the internal clock, from one of the chip's oscillators (by option register or external
// trigger), from edges of pins, or from another timer.
//
// tim.cpp has counting and events, tim_access.cpp the registers, tim_slave.cpp inputs, triggers and
// captures, tim_wiring.cpp which pins, triggers and DMA channels there are. Not modelled, traced:
// clearing OCxREF from outside, the routing interface, touch sensing and the RTC's wake-up as
// inputs; input filters take no time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "host/board/dma_request.hpp"
#include "host/board/pins.hpp"
#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"
#include "host/board/tim_channel.hpp"
#include "host/board/tim_counter.hpp"

namespace goldcrest::board {

enum class TimerKind : std::uint8_t { general, two_channels, one_channel, basic };

/// A pin that a channel or the external trigger may be on.
struct TimerPin {
  static constexpr unsigned external_trigger = 4;

  unsigned input = 0;  ///< 0–3: channel 1–4, or external_trigger
  Pin pin;
};

/// What the option register puts at a timer's first input.
enum class TimerInput : std::uint8_t { pin, lse, lsi, msi, hse_rtc, rtc_wake_up };

struct TimerConfig {
  std::string_view name;
  unsigned irq = 0;
  ClockGate gate{};
  TimerKind kind = TimerKind::general;
  unsigned channels = 0;
  bool wide = false;                        ///< 32 bits
  std::uint32_t option_bits = 0;            ///< of the option register
  std::array<TimerInput, 4> first_input{};  ///< by OR.TI1_RMP
  unsigned alternate_function = 0;          ///< of all its pins
  std::span<const TimerPin> pins{};         ///< must outlive the timer
  DmaLine dma_update{};
  DmaLine dma_trigger{};
  std::array<DmaLine, 4> dma_channels{};
};

class Timer final : public RegisterBlock, public ClockListener {
 public:
  /// What of a timer another one may listen to: its trigger output, or its channel 1.
  enum class Output : std::uint8_t { trigger, channel };
  static constexpr unsigned external_trigger = 4;

  Timer(Chip& chip, Rcc& rcc, Pins& pins, const TimerConfig& config);

  /// `output` of `master` is this timer's internal trigger 0–3, or its external trigger (4), while
  /// the option register's bits of `option_mask` are `option_value`.
  void connect(unsigned input, Timer& master, Output output, std::uint32_t option_mask = 0,
               std::uint32_t option_value = 0);
  /// A pin that may be one of this timer's has changed.
  void pin_changed();
  const TimerConfig& config() const { return config_; }

  void clocks_changed() override;
  void reset(bool power_on) override;
  Picoseconds next_event() const override { return due_at_; }
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  struct Link {
    unsigned input;
    Timer* master;
    Output output;
    std::uint32_t option_mask;
    std::uint32_t option_value;
  };
  /// Keeps what a timer sets off from coming back to it while it is at work: timers can be wired in
  /// circles.
  class Work {
   public:
    explicit Work(bool& flag) : flag_(flag) { flag_ = true; }
    ~Work() { flag_ = false; }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    bool& flag_;
  };
  enum class Request : std::uint8_t { update, channel1, channel2, channel3, channel4, trigger };

  // tim.cpp and tim_access.cpp: counting, events, registers
  std::uint32_t mask() const { return config_.wide ? 0xFFFF'FFFFu : 0xFFFFu; }
  std::uint32_t read_plain(std::uint32_t offset);
  bool write_plain(std::uint32_t offset, std::uint32_t value);
  void write_control(std::uint32_t value);
  void write_event(std::uint32_t value);
  void write_capture_modes(unsigned first, std::uint32_t value);
  void write_capture_enables(std::uint32_t value);
  std::uint32_t capture_modes(unsigned first) const;
  std::uint32_t capture_enables() const;
  std::uint32_t read_compare(unsigned channel);
  std::uint32_t burst_register();
  void burst_done();
  void settle();
  void synchronise(Picoseconds now);
  void count_to(Picoseconds now);
  void run(std::uint64_t clocks);
  void skip_runs(std::uint64_t runs);
  void take(std::uint64_t ticks);
  void turn();
  void matched(unsigned channel);
  void update_event(bool by_counter);
  void restart(Picoseconds at);
  bool running() const;
  bool quiet() const;
  bool settled() const;
  bool watches_update() const;
  bool watches_channel(unsigned channel) const;
  std::uint64_t ticks_to_stop() const;
  std::uint64_t watched_ticks() const;
  void plan();
  void update_outputs();
  void update_interrupt();
  void request(Request which);
  void clear_requests(std::uint32_t disabled);
  const DmaLine& line(Request which) const;
  void note_unmodelled(std::uint32_t offset, std::uint32_t value);

  // tim_slave.cpp: clock sources, triggers, inputs, captures
  unsigned slave_mode() const { return slave_mode_ & 7u; }
  unsigned trigger_selection() const { return slave_mode_ >> 4 & 7u; }
  unsigned master_mode() const { return control2_ >> 4 & 7u; }
  std::uint32_t external_trigger_hz() const;
  TimerInput first_input() const { return config_.first_input[option_ & 3u]; }
  std::uint32_t first_input_hz() const;
  std::uint32_t captured_hz() const;
  std::uint32_t counter_hz() const;
  bool clock_is_internal() const;
  void choose_clock();
  void rebase(Picoseconds at);
  void inputs_changed();
  void refresh_inputs();
  bool input_level(unsigned input) const;
  void set_input(unsigned input, bool level);
  void input_edge(unsigned input, bool rising);
  void external_trigger_edge(bool rising);
  void trigger_edge(bool rising);
  void encoder_edge(unsigned input, bool rising);
  void external_clock();
  void channel_edges(TimerChannel::Selection selection, unsigned input, bool rising);
  void capture(unsigned channel);
  void plan_input_captures();
  void catch_up_captures(Picoseconds now);
  bool uses_inputs() const;
  bool follows(const Link& link) const;
  bool followed(Output output) const { return followed_[static_cast<unsigned>(output)]; }
  void note_followers();
  void tell_masters();
  void send(Output output, bool level, bool pulse);
  void receive(const Timer& master, Output output, bool level, bool pulse, Picoseconds at);
  void send_levels();

  Rcc& rcc_;
  Pins& pins_;
  TimerConfig config_;
  std::vector<Link> masters_;
  std::vector<Timer*> followers_;
  bool busy_ = false;

  std::uint32_t control1_ = 0;  ///< CR1 but for DIR, which the counter has
  std::uint32_t control2_ = 0;
  std::uint32_t slave_mode_ = 0;
  std::uint32_t interrupts_ = 0;
  std::uint32_t status_ = 0;
  std::uint32_t option_ = 0;
  std::uint32_t dma_control_ = 0;
  std::uint32_t burst_ = 0;  ///< accesses through DMAR in this burst
  Request burst_request_ = Request::update;
  TimerCounter counter_;
  std::array<TimerChannel, 4> channels_{};
  std::array<bool, 5> inputs_{};          ///< levels of TI1–4 and of the external trigger
  std::array<bool, 2> followed_{};        ///< somebody listens, by Output
  std::array<bool, 2> sent_{};            ///< levels that followers have been told, by Output
  std::array<std::uint8_t, 4> driven_{};  ///< pins of a channel: 0 not driven, 1 low, 2 high
  bool trigger_level_ = false;
  std::uint32_t trigger_edges_ = 0;  ///< of the external trigger, since its prescaler gave one

  // The counter's clock has given `taken_` clocks since `epoch_`; 0 Hz: it comes as edges.
  std::uint32_t clock_hz_ = 0;
  Picoseconds epoch_ = 0;
  std::uint64_t taken_ = 0;
  Picoseconds event_at_ = 0;           ///< when what is being worked out happens
  std::uint32_t input_hz_ = 0;         ///< of an oscillator at TI1, for captures
  std::uint64_t next_input_edge_ = 0;  ///< counted from the world's origin
  Picoseconds due_at_ = no_event;
};

}  // namespace goldcrest::board
