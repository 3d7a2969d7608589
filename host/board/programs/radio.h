// SPDX-License-Identifier: MIT
// A driver for the SPIRIT1 on the radio shield as its data sheet (DocID022758) describes the chip:
// SPI1 in mode 0 at 8 MHz, chip select PB6, shutdown PA10, GPIO3 of the radio at PC7. For the
// radio_….c programs, which are written against it.
#pragma once

#include "chip.h"

#define GPIOA_BSRR REG(0x40020018)
#define GPIOB_MODER REG(0x40020400)
#define GPIOB_BSRR REG(0x40020418)
#define GPIOB_AFRL REG(0x40020420)
#define GPIOC_MODER REG(0x40020800)
#define GPIOC_IDR REG(0x40020810)
#define SPI1_CR1 REG(0x40013000)
#define SPI1_SR REG(0x40013008)
#define SPI1_DR REG8(0x4001300C)

enum {
  GPIO3_CONF = 0x02,
  SYNT3 = 0x08,
  CHSPACE = 0x0C,
  MOD1 = 0x1A,
  RSSI_TH = 0x22,
  PCKTCTRL4 = 0x30,
  PCKTCTRL3 = 0x31,
  PCKTCTRL2 = 0x32,
  PCKTCTRL1 = 0x33,
  PCKTLEN1 = 0x34,
  SYNC4 = 0x36,
  QI = 0x3A,
  FIFO_CONFIG3_RXAFTHR = 0x3E,
  FIFO_CONFIG0_TXAETHR = 0x41,
  CONTROL0_MASK = 0x42,
  CONTROL0_FIELD = 0x46,
  SOURCE_MASK = 0x4A,
  SOURCE_ADDR = 0x4B,
  BROADCAST = 0x4C,
  MULTICAST = 0x4D,
  OWN_ADDR = 0x4E,
  PCKT_FLT_OPTIONS = 0x4F,
  PROTOCOL2 = 0x50,
  PROTOCOL1 = 0x51,
  PROTOCOL0 = 0x52,
  TIMERS5 = 0x53,
  TIMERS4 = 0x54,
  TX_CTRL_FIELD3 = 0x68,
  CALIBR_IN1 = 0x6E,
  CALIBR_IN0 = 0x6F,
  IRQ_MASK3 = 0x90,
  SYNTH_CONFIG1 = 0x9E,
  VCO_CONFIG = 0xA1,
  MC_STATE0 = 0xC1,
  LINK_QUALIF1 = 0xC6,
  RSSI_LEVEL = 0xC8,
  RX_PCKT_LEN1 = 0xC9,
  RX_ADDR_FIELD1 = 0xD2,
  CALIBR_OUT0 = 0xE5,
  TX_FIFO_STATUS = 0xE6,
  RX_FIFO_STATUS = 0xE7,
  IRQ_STATUS3 = 0xFA,
  RADIO_FIFO = 0xFF
};

enum {
  STROBE_TX = 0x60,
  STROBE_RX = 0x61,
  STROBE_READY = 0x62,
  STROBE_STANDBY = 0x63,
  STROBE_LOCKRX = 0x65,
  STROBE_LOCKTX = 0x66,
  STROBE_SABORT = 0x67,
  STROBE_SRES = 0x70,
  STROBE_FLUSHRX = 0x71,
  STROBE_FLUSHTX = 0x72
};

enum {
  STATE_READY = 0x03,
  STATE_LOCK = 0x0F,
  STATE_LOCK_FAILED = 0x13,
  STATE_RX = 0x33,
  STATE_STANDBY = 0x40,
  STATE_TX = 0x5F
};

#define IRQ_RX_DATA_READY (1u << 0)
#define IRQ_RX_DATA_DISC (1u << 1)
#define IRQ_TX_DATA_SENT (1u << 2)
#define IRQ_CRC_ERROR (1u << 4)
#define IRQ_TX_FIFO_ERROR (1u << 5)
#define IRQ_RX_FIFO_ERROR (1u << 6)
#define IRQ_TX_FIFO_ALMOST_EMPTY (1u << 8)
#define IRQ_RX_FIFO_ALMOST_FULL (1u << 9)
#define IRQ_VALID_SYNC (1u << 13)
#define IRQ_RX_TIMEOUT (1u << 29)

static inline uint8_t spi_byte(uint8_t out) {
  while ((SPI1_SR & 2) == 0) {
  }
  SPI1_DR = out;
  while ((SPI1_SR & 1) == 0) {
  }
  return SPI1_DR;
}

/// MC_STATE, which every transaction answers with.
static volatile uint16_t radio_status;

static inline void radio_begin(uint8_t header, uint8_t address) {
  GPIOB_BSRR = 1u << 22;
  const uint8_t high = spi_byte(header);
  radio_status = (uint16_t)(high << 8 | spi_byte(address));
}

static inline void radio_end(void) {
  while ((SPI1_SR & 1u << 7) != 0) {
  }
  GPIOB_BSRR = 1u << 6;
}

static inline void radio_write(uint8_t address, const uint8_t* bytes, uint32_t count) {
  radio_begin(0x00, address);
  for (uint32_t i = 0; i < count; ++i) spi_byte(bytes[i]);
  radio_end();
}

static inline void radio_read(uint8_t address, uint8_t* bytes, uint32_t count) {
  radio_begin(0x01, address);
  for (uint32_t i = 0; i < count; ++i) bytes[i] = spi_byte(0);
  radio_end();
}

static inline void radio_set(uint8_t address, uint8_t value) {
  radio_write(address, &value, 1);
}

static inline uint8_t radio_get(uint8_t address) {
  uint8_t value;
  radio_read(address, &value, 1);
  return value;
}

static inline void radio_strobe(uint8_t command) {
  radio_begin(0x80, command);
  radio_end();
}

static inline uint8_t radio_state(void) {
  return radio_get(MC_STATE0) >> 1;
}

/// Polls MC_STATE until it is `state`; what it is after too many tries.
static inline uint8_t radio_wait(uint8_t state) {
  uint8_t seen = 0;
  for (uint32_t tries = 0; tries < 20000; ++tries) {
    seen = radio_state();
    if (seen == state || seen == STATE_LOCK_FAILED) break;
  }
  return seen;
}

/// Reading IRQ_STATUS clears it.
static inline uint32_t radio_irqs(void) {
  uint8_t bytes[4];
  radio_read(IRQ_STATUS3, bytes, 4);
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void radio_irq_mask(uint32_t mask) {
  const uint8_t bytes[4] = {(uint8_t)(mask >> 24), (uint8_t)(mask >> 16), (uint8_t)(mask >> 8),
                            (uint8_t)mask};
  radio_write(IRQ_MASK3, bytes, 4);
}

static inline void radio_length(uint32_t length) {
  const uint8_t bytes[2] = {(uint8_t)(length >> 8), (uint8_t)length};
  radio_write(PCKTLEN1, bytes, 2);
}

static inline uint32_t radio_received_length(void) {
  uint8_t bytes[2];
  radio_read(RX_PCKT_LEN1, bytes, 2);
  return (uint32_t)bytes[0] << 8 | bytes[1];
}

/// PC7 is GPIO3, and that nIRQ.
static inline int radio_irq_pending(void) {
  return (GPIOC_IDR & 1u << 7) == 0;
}

/// True with the jumper on PA0: this board sends.
static inline int is_sender(void) {
  return (GPIOA_IDR & 1) != 0;
}

/// Pins, SPI and the radio out of SHUTDOWN: READY.
static inline void radio_power_up(void) {
  RCC_AHBENR |= 7;
  RCC_APB2ENR |= 1u << 12 | 1u;
  GPIOA_AFRL = (GPIOA_AFRL & 0x00FFFFFFu) | 0x55000000u;
  GPIOB_AFRL = (GPIOB_AFRL & ~0xF000u) | 0x5000u;
  GPIOB_BSRR = 1u << 6;
  GPIOB_MODER = (GPIOB_MODER & ~0x30C0u) | 0x1080u;
  GPIOA_MODER = (GPIOA_MODER & ~0xF000u) | 0xA000u;
  SPI1_CR1 = 1u << 9 | 1u << 8 | 1u << 6 | 1u << 3 | 1u << 2;
  GPIOA_BSRR = 1u << 26;  // SDN low
  GPIOA_MODER = (GPIOA_MODER & ~(3u << 20)) | 1u << 20;
  radio_wait(STATE_READY);
}

/// 868.0 MHz from a 50 MHz crystal, 38.4 kbit/s, GFSK, BASIC packets of variable length with CRC-8
/// and whitening, sync word 0x88888888, automatic filtering on CRC, RX without timeout.
static inline void radio_profile(void) {
  static const uint8_t synthesizer[4] = {0xE6, 0x82, 0x8F, 0x59};
  static const uint8_t modem[2] = {147, 0x1A};
  static const uint8_t packets[4] = {0x00, 0x07, 0x1F, 0x30};
  radio_strobe(STROBE_SRES);
  radio_wait(STATE_READY);
  radio_write(SYNT3, synthesizer, 4);
  radio_write(MOD1, modem, 2);
  radio_write(PCKTCTRL4, packets, 4);
  radio_set(PCKT_FLT_OPTIONS, 0x41);
  radio_set(PROTOCOL1, 0x01);
  radio_set(GPIO3_CONF, 0x02);
  radio_irqs();
}
