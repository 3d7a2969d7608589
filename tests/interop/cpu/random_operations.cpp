// SPDX-License-Identifier: MIT
#include "tests/interop/cpu/random_operations.hpp"

#include "tests/interop/cpu/random_code.hpp"

namespace goldcrest::tests {
namespace {

constexpr std::uint32_t none = 15;  ///< as a register number in an encoding

}  // namespace

std::uint32_t RandomOperations::any_destination() {
  for (;;) {
    const std::uint32_t number = any();
    if ((protected_ >> number & 1u) == 0) return number;
  }
}

std::uint32_t RandomOperations::any_low_destination() {
  for (;;) {
    const std::uint32_t number = any_low();
    if ((protected_ >> number & 1u) == 0) return number;
  }
}

void RandomOperations::random_value(std::uint32_t number) {
  const std::uint32_t value = random_.one_of(
      {0u, 1u, 2u, 0xFFu, 0x7FFFu, 0x8000u, 0xFFFFu, 0x7FFFFFFFu, 0x80000000u, 0x80000001u,
       0xFFFFFFFFu, 0xFFFFFFFEu, 0xAAAAAAAAu, random_.bits(6), 1u << random_.bits(5),
       random_.next(), random_.next(), random_.next(), random_.next()});
  code_.load_constant(number, value);
}

void RandomOperations::random_flags() {
  const std::uint32_t number = any_destination();
  code_.move_half(0xF2C0, number, random_.bits(5) << 11);
  code_.wide(0xF380 | number, 0x8800);  // msr apsr_nzcvq
}

void RandomOperations::compute() {
  if (random_.one_in(20)) {
    literal();
  } else if (random_.one_in(16)) {
    // Shifts by an immediate, 0 included: MOVS, LSLS, LSRS, ASRS.
    code_.narrow(random_.below(3) << 11 | random_.bits(5) << 6 | any_low() << 3 |
                 any_low_destination());
  } else {
    compute_in_if_then();
  }
}

void RandomOperations::compute_in_if_then() {
  switch (random_.below(14)) {
    case 0:
    case 1:
      arithmetic_narrow();
      break;
    case 2:
      high_registers();
      break;
    case 3:
    case 4:
      immediate();
      break;
    case 5:
    case 6:
      shifted_register();
      break;
    case 7:
      plain_immediate();
      break;
    case 8:
      shift_by_register();
      break;
    case 9:
      extend_or_reverse();
      break;
    case 10:
      saturate();
      break;
    case 11:
      bit_field();
      break;
    case 12:
      random_.one_in(2) ? multiply() : long_multiply();
      break;
    default:
      random_.one_in(4) ? special_register() : multiply();
      break;
  }
}

void RandomOperations::compute_narrow() {
  random_.one_in(4) ? high_registers() : arithmetic_narrow();
}

void RandomOperations::arithmetic_narrow() {
  switch (random_.below(5)) {
    case 0:  // ADD, SUB of registers or a small immediate
      code_.narrow(0x1800 | random_.bits(2) << 9 | random_.bits(3) << 6 | any_low() << 3 |
                   any_low_destination());
      break;
    case 1:  // MOV, CMP, ADD, SUB with 8 bits
      code_.narrow(0x2000 | random_.bits(2) << 11 | any_low_destination() << 8 | random_.bits(8));
      break;
    case 2:  // AND EOR LSL LSR ASR ADC SBC ROR TST RSB CMP CMN ORR MUL BIC MVN
      code_.narrow(0x4000 | random_.bits(4) << 6 | any_low() << 3 | any_low_destination());
      break;
    case 3:  // SXTH SXTB UXTH UXTB
      code_.narrow(0xB200 | random_.bits(2) << 6 | any_low() << 3 | any_low_destination());
      break;
    default:  // REV REV16 REVSH
      code_.narrow(0xBA00 | random_.one_of({0u, 1u, 3u}) << 6 | any_low() << 3 |
                   any_low_destination());
      break;
  }
}

void RandomOperations::high_registers() {
  const std::uint32_t source = any();
  if (random_.one_in(3)) {  // CMP wants a high one
    const std::uint32_t first = source < 8 ? random_.one_of({8u, 9u, 10u, 11u, 12u, 14u}) : any();
    code_.narrow(0x4500 | (first & 8u) << 4 | source << 3 | (first & 7u));
    return;
  }
  const std::uint32_t target = any_destination();
  code_.narrow((random_.one_in(2) ? 0x4400u : 0x4600u) | (target & 8u) << 4 | source << 3 |
               (target & 7u));
}

/// AND BIC ORR ORN EOR ADD ADC SBC SUB RSB, and by Rn or Rd = 15 MOV MVN TST TEQ CMN CMP.
void RandomOperations::immediate() {
  const std::uint32_t operation = random_.one_of({0, 1, 2, 3, 4, 8, 10, 11, 13, 14});
  std::uint32_t first = any();
  std::uint32_t target = any_destination();
  std::uint32_t set_flags = random_.bits(1);
  if ((operation == 2 || operation == 3) && random_.one_in(2)) first = none;
  const bool compares = operation == 0 || operation == 4 || operation == 8 || operation == 13;
  if (compares && random_.one_in(3)) {
    target = none;
    set_flags = 1;
  }
  std::uint32_t constant = random_.bits(12);
  // The patterns 00XY00XY, XY00XY00 and XYXYXYXY of zero are UNPREDICTABLE.
  if (constant >> 10 == 0 && (constant & 0xFF) == 0) constant = 0;
  code_.wide(0xF000 | (constant >> 11) << 10 | operation << 5 | set_flags << 4 | first,
             (constant >> 8 & 7u) << 12 | target << 8 | (constant & 0xFF));
}

/// The same with a shifted register; with MOV that is LSL LSR ASR ROR RRX.
void RandomOperations::shifted_register() {
  const std::uint32_t operation = random_.one_of({0, 1, 2, 2, 3, 4, 8, 10, 11, 13, 14});
  std::uint32_t first = any();
  std::uint32_t target = any_destination();
  std::uint32_t set_flags = random_.bits(1);
  if ((operation == 2 || operation == 3) && random_.one_in(2)) first = none;
  const bool compares = operation == 0 || operation == 4 || operation == 8 || operation == 13;
  if (compares && random_.one_in(3)) {
    target = none;
    set_flags = 1;
  }
  const std::uint32_t amount = random_.bits(5);
  code_.wide(0xEA00 | operation << 5 | set_flags << 4 | first,
             (amount >> 2) << 12 | target << 8 | (amount & 3u) << 6 | random_.bits(2) << 4 | any());
}

/// ADDW SUBW ADR MOVW MOVT.
void RandomOperations::plain_immediate() {
  const std::uint32_t target = any_destination();
  if (random_.one_in(2)) {
    code_.move_half(random_.one_in(2) ? 0xF240 : 0xF2C0, target, random_.bits(16));
    return;
  }
  const std::uint32_t first = random_.one_in(4) ? none : any();
  const std::uint32_t constant = random_.bits(12);
  code_.wide((random_.one_in(2) ? 0xF200u : 0xF2A0u) | (constant >> 11) << 10 | first,
             (constant >> 8 & 7u) << 12 | target << 8 | (constant & 0xFF));
}

void RandomOperations::shift_by_register() {
  code_.wide(0xFA00 | random_.bits(3) << 4 | any(), 0xF000 | any_destination() << 8 | any());
}

void RandomOperations::extend_or_reverse() {
  const std::uint32_t source = any();
  const std::uint32_t target = any_destination();
  switch (random_.below(3)) {
    case 0:  // SXTH UXTH SXTB UXTB with a rotation
      code_.wide(0xFA0F | random_.one_of({0u, 1u, 4u, 5u}) << 4,
                 0xF080 | target << 8 | random_.bits(2) << 4 | source);
      break;
    case 1:  // REV REV16 RBIT REVSH
      code_.wide(0xFA90 | source, 0xF080 | target << 8 | random_.bits(2) << 4 | source);
      break;
    default:
      code_.wide(0xFAB0 | source, 0xF080 | target << 8 | source);  // CLZ
      break;
  }
}

void RandomOperations::saturate() {
  const std::uint32_t amount = random_.bits(5);
  // An arithmetic shift by 0 would be SSAT16.
  const std::uint32_t arithmetic = amount == 0 ? 0 : random_.bits(1);
  code_.wide(0xF300 | random_.bits(1) << 7 | arithmetic << 5 | any(),
             (amount >> 2) << 12 | any_destination() << 8 | (amount & 3u) << 6 | random_.bits(5));
}

/// SBFX UBFX BFI BFC.
void RandomOperations::bit_field() {
  const std::uint32_t lowest = random_.bits(5);
  const std::uint32_t width = 1 + random_.below(32 - lowest);
  const std::uint32_t place = (lowest >> 2) << 12 | (lowest & 3u) << 6;
  const std::uint32_t target = any_destination() << 8;
  if (random_.one_in(2)) {
    code_.wide((random_.one_in(2) ? 0xF340u : 0xF3C0u) | any(), place | target | (width - 1));
  } else {
    code_.wide(0xF360 | (random_.one_in(3) ? none : any()), place | target | (lowest + width - 1));
  }
}

/// MUL MLA MLS SDIV UDIV.
void RandomOperations::multiply() {
  const std::uint32_t first = any();
  const std::uint32_t second = any();
  const std::uint32_t target = any_destination() << 8;
  switch (random_.below(5)) {
    case 0:
      code_.wide(0xFB00 | first, 0xF000 | target | second);
      break;
    case 1:
      code_.wide(0xFB00 | first, any() << 12 | target | second);
      break;
    case 2:
      code_.wide(0xFB00 | first, any() << 12 | target | 0x10 | second);
      break;
    default:
      code_.wide((random_.one_in(2) ? 0xFB90u : 0xFBB0u) | first, 0xF0F0 | target | second);
      break;
  }
}

/// SMULL UMULL SMLAL UMLAL.
void RandomOperations::long_multiply() {
  const std::uint32_t low = any_destination();
  std::uint32_t high = any_destination();
  while (high == low) high = any_destination();
  code_.wide(0xFB80 | random_.bits(2) << 5 | any(), low << 12 | high << 8 | any());
}

/// MRS of those whose value is the same on every Cortex-M3, and MSR of the flags.
void RandomOperations::special_register() {
  if (random_.one_in(3)) {
    code_.wide(0xF380 | any(), 0x8800);
    return;
  }
  const std::uint32_t number = random_.one_of({0, 0, 1, 2, 3, 5, 6, 7, 16, 17, 19, 20});
  code_.wide(0xF3EF, 0x8000 | any_destination() << 8 | number);
}

/// LDR from the code ahead, and ADR.
void RandomOperations::literal() {
  switch (random_.below(3)) {
    case 0:
      code_.narrow(0x4800 | any_low_destination() << 8 | random_.bits(8));
      break;
    case 1:
      code_.narrow(0xA000 | any_low_destination() << 8 | random_.bits(8));
      break;
    default:  // LDRB LDRH LDR LDRSB LDRSH
      code_.wide(random_.one_of({0xF89F, 0xF8BF, 0xF8DF, 0xF99F, 0xF9BF}),
                 any_destination() << 12 | random_.bits(12));
      break;
  }
}

// --- accesses ------------------------------------------------------------------------------------

// An access reaches at most 256 bytes from the base register and moves it by less, so that four
// stay within 1088 bytes of where it was.
void RandomOperations::prepare_access() {
  release();
  base_ = any_low();
  index_ = any();
  while (index_ == base_) index_ = any();
  std::uint32_t offset = 1024 + random_.below(random_window_size - 2 * 1024 - 64);
  aligned_ = !random_.one_in(4);
  if (aligned_) offset &= ~3u;
  code_.load_constant(base_, random_window + offset);
  code_.move_half(0xF240, index_, random_.below(32));
  protected_ = 1u << base_ | 1u << index_;
}

void RandomOperations::access() {
  switch (random_.below(aligned_ ? 8 : 5)) {
    case 0:
    case 1:
      access_immediate();
      break;
    case 2:
      access_register();
      break;
    case 3:
    case 4:
      access_narrow();
      break;
    case 5:
      access_double();
      break;
    default:
      access_multiple();
      break;
  }
}

/// LDR STR LDRB STRB LDRH STRH LDRSB LDRSH with an immediate: offset, pre- and post-indexed.
void RandomOperations::access_immediate() {
  const bool load = random_.one_in(2);
  const std::uint32_t width = random_.below(3);  // byte, half-word, word
  const bool extends = load && width < 2 && random_.one_in(2);
  const std::uint32_t opcode =
      0xF800 | (extends ? 0x100u : 0u) | width << 5 | (load ? 0x10u : 0u) | base_;
  std::uint32_t moved = transferred(load);
  if (random_.one_in(2)) {
    code_.wide(opcode | 0x80, moved << 12 | random_.bits(8));
    return;
  }
  // P U W: a negative offset, or an index with write-back.
  const std::uint32_t mode = random_.one_of({0xC, 0x9, 0xB, 0xD, 0xF});
  const std::uint32_t offset = random_.bits(8);
  if ((mode & 1u) != 0) {
    while (moved == base_) moved = transferred(load);
    aligned_ = aligned_ && offset % 4 == 0;
  }
  code_.wide(opcode, moved << 12 | mode << 8 | offset);
}

void RandomOperations::access_register() {
  const bool load = random_.one_in(2);
  const std::uint32_t width = random_.below(3);
  const bool extends = load && width < 2 && random_.one_in(2);
  code_.wide(0xF800 | (extends ? 0x100u : 0u) | width << 5 | (load ? 0x10u : 0u) | base_,
             transferred(load) << 12 | random_.bits(2) << 4 | index_);
}

/// Half-word encodings: immediate and, if the index register is a low one, register offset.
void RandomOperations::access_narrow() {
  const bool load = random_.one_in(2);
  const std::uint32_t moved = load ? any_low_destination() : any_low();
  if (index_ < 8 && random_.one_in(2)) {
    // STR STRH STRB LDRSB LDR LDRH LDRB LDRSH
    const std::uint32_t operation =
        load ? random_.one_of({3, 4, 5, 6, 7}) : random_.one_of({0, 1, 2});
    code_.narrow(0x5000 | operation << 9 | index_ << 6 | base_ << 3 | moved);
  } else {
    const std::uint32_t operation = random_.one_of({0x6000, 0x7000, 0x8000});
    code_.narrow(operation | (load ? 0x800u : 0u) | random_.bits(5) << 6 | base_ << 3 | moved);
  }
}

/// LDRD STRD: offset, pre- and post-indexed.
void RandomOperations::access_double() {
  const bool load = random_.one_in(2);
  const std::uint32_t mode = random_.one_of({0x080, 0x100, 0x180, 0x0A0, 0x020, 0x120, 0x1A0});
  const bool writes_back = (mode & 0x20) != 0;
  // Without either, the encoding is another instruction's.
  const std::uint32_t form = (mode & 0x120) == 0 ? 0x180u : mode;
  std::uint32_t first = transferred(load);
  std::uint32_t second = transferred(load);
  while ((load && first == second) || (writes_back && (first == base_ || second == base_))) {
    first = transferred(load);
    second = transferred(load);
  }
  code_.wide(0xE840 | form | (load ? 0x10u : 0u) | base_,
             first << 12 | second << 8 | random_.bits(6));
}

/// LDM STM, upwards and downwards.
void RandomOperations::access_multiple() {
  const bool load = random_.one_in(2);
  std::uint32_t list = 0;
  for (std::uint32_t left = 2 + random_.below(10); left > 0; --left)
    list |= 1u << transferred(load);
  list &= ~(1u << base_);
  while (__builtin_popcount(list) < 2) list |= 1u << any_destination();
  if ((list & ~0xFFu) == 0 && random_.one_in(2)) {
    code_.narrow(0xC000 | (load ? 0x800u : 0u) | base_ << 8 | list);  // LDMIA, STMIA, write-back
    return;
  }
  code_.wide(
      (random_.one_in(2) ? 0xE880u : 0xE900u) | random_.bits(1) << 5 | (load ? 0x10u : 0u) | base_,
      list);
}

void RandomOperations::exclusive_pair() {
  const std::uint32_t width = aligned_ ? random_.below(3) : 0;
  const std::uint32_t loaded = any_destination();
  const std::uint32_t stored = any();
  std::uint32_t status = any_destination();
  while (status == stored) status = any_destination();
  if (width == 2) {
    const std::uint32_t offset = random_.bits(6);
    code_.wide(0xE850 | base_, loaded << 12 | 0xF00 | offset);
    code_.wide(0xE840 | base_, stored << 12 | status << 8 | offset);
  } else {
    code_.wide(0xE8D0 | base_, loaded << 12 | 0xF4F | width << 4);
    code_.wide(0xE8C0 | base_, stored << 12 | 0xF40 | width << 4 | status);
  }
}

}  // namespace goldcrest::tests
