// SPDX-License-Identifier: MIT
#include "firmware/chip/console.hpp"

#include "firmware/chip/clock.hpp"
#include "firmware/chip/gpio.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/registers/rcc.hpp"
#include "firmware/chip/registers/usart.hpp"
#include "firmware/chip/ring.hpp"
#include "firmware/chip/wake.hpp"

namespace goldcrest::chip {
namespace {

constexpr std::uint32_t baud = 115'200;
constexpr unsigned usart_alternate_function = 7;
constexpr unsigned interrupt_priority = 3;

constinit Ring<char, 1024> output;
constinit Ring<char, 128> input;

void put(char c) {
  while (output.full()) {
    // Interrupts are on wherever the console is used, so the handler makes room.
  }
  *output.next_free() = c;
  output.publish();
  // The handler turns TXEIE off when it finds the buffer empty; both change CR1.
  const InterruptLock lock;
  usart2().cr1.set(usart_cr1::txeie);
}

void put_now(char c) {
  while (!usart2().sr.any(usart_sr::txe)) {
  }
  usart2().dr.write(static_cast<std::uint8_t>(c));
}

}  // namespace

void start_console() {
  enable_gpio();
  rcc().apb1enr.set(rcc_apb1::usart2);
  pins::console_tx.configure(PinMode::alternate, Pull::up, usart_alternate_function);
  pins::console_rx.configure(PinMode::alternate, Pull::up, usart_alternate_function);
  usart2().brr.write((full_speed_hz + baud / 2) / baud);
  usart2().cr1.write(usart_cr1::ue | usart_cr1::te | usart_cr1::re | usart_cr1::rxneie);
  enable_interrupt(Interrupt::usart2, interrupt_priority);
}

void console_write(std::string_view text) {
  for (const char c : text) {
    if (c == '\n') put('\r');
    put(c);
  }
}

std::optional<char> console_read() {
  const char* oldest = input.oldest();
  if (!oldest) return std::nullopt;
  const char c = *oldest;
  input.drop();
  return c;
}

void console_flush() {
  while (!output.empty() || !usart2().sr.any(usart_sr::tc)) {
  }
}

void console_write_now(std::string_view text) {
  const InterruptLock lock;
  if (!usart2().cr1.any(usart_cr1::ue)) return;
  while (const char* c = output.oldest()) {
    put_now(*c);
    output.drop();
  }
  for (const char c : text) {
    if (c == '\n') put_now('\r');
    put_now(c);
  }
  while (!usart2().sr.any(usart_sr::tc)) {
  }
}

extern "C" void usart2_handler() {
  const auto status = usart2().sr.read();
  if ((status & (usart_sr::rxne | usart_sr::ore)) != 0) {
    // Reading DR after SR clears the error flags as well; a damaged character is still a character.
    const auto c = static_cast<char>(usart2().dr.read());
    if ((status & usart_sr::rxne) != 0) {
      if (char* place = input.next_free()) {
        *place = c;
        input.publish();
      }
      request_wake();
    }
  }
  if ((status & usart_sr::txe) != 0 && usart2().cr1.any(usart_cr1::txeie)) {
    if (const char* c = output.oldest()) {
      usart2().dr.write(static_cast<std::uint8_t>(*c));
      output.drop();
    } else {
      usart2().cr1.clear(usart_cr1::txeie);
    }
  }
}

}  // namespace goldcrest::chip
