// SPDX-License-Identifier: MIT
// The C library of the compiler (newlib), which is full of hand-written Thumb-2: memory and string
// functions at all alignments, formatting and reading of numbers, sorting.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/// What newlib's formatting wants of its system: memory. There are no files.
void* _sbrk(ptrdiff_t increment) {
  static char heap[16384] __attribute__((aligned(8)));
  static ptrdiff_t used;
  if (used + increment > (ptrdiff_t)sizeof heap) {
    errno = ENOMEM;
    return (void*)-1;
  }
  used += increment;
  return heap + used - increment;
}
#define NO_FILE(name) \
  int name(void) {    \
    return -1;        \
  }
NO_FILE(_close)
NO_FILE(_read)
NO_FILE(_write)
NO_FILE(_lseek)
NO_FILE(_fstat)
NO_FILE(_isatty)
NO_FILE(_kill)
NO_FILE(_getpid)
void _exit(int status) {
  show("exit", (uint32_t)status);
  for (;;) {
  }
}

static uint32_t hash_bytes(uint32_t hash, const void* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) hash = mix(hash, ((const uint8_t*)bytes)[i]);
  return hash;
}

static uint32_t memory_functions(uint32_t hash) {
  static char from[160], to[160];
  for (size_t i = 0; i < sizeof from; ++i) from[i] = (char)next_random();
  for (size_t round = 0; round < 48; ++round) {
    const size_t size = next_random() % 70, a = next_random() % 13, b = next_random() % 13;
    memcpy(to + a, from + b, size);
    memmove(to + b, to + a, size);
    memset(to + 90 + a, (int)size, size / 2);
    hash = mix(hash, (uint32_t)memcmp(to, from, size) >> 31);
    const char* found = memchr(to, from[b], sizeof to);
    hash = mix(hash, found == NULL ? 999 : (uint32_t)(found - to));
  }
  return hash_bytes(hash, to, sizeof to);
}

static uint32_t string_functions(uint32_t hash) {
  static const char* const texts[] = {"",
                                      "a",
                                      "the quick brown fox jumps over the lazy dog",
                                      "the quick brown fox jumps over the lazy cat",
                                      "the quick",
                                      "\xff\x80 bytes above 127"};
  static char joined[128];
  for (unsigned i = 0; i < 6; ++i) {
    for (unsigned j = 0; j < 6; ++j) {
      const int order = strcmp(texts[i], texts[j]);
      hash = mix(hash, (uint32_t)(order > 0) | (uint32_t)(order < 0) << 1);
      hash = mix(hash, (uint32_t)(strncmp(texts[i], texts[j], j * 2) == 0));
      strcpy(joined + i, texts[i]);
      strncat(joined + i, texts[j], 11);
      hash = hash_bytes(hash, joined + i, strlen(joined + i));
      const char* space = strrchr(joined + i, ' ');
      hash = mix(hash, space == NULL ? 0 : (uint32_t)(space - joined));
      hash = mix(hash, (uint32_t)strcspn(joined + i, "qz") + (uint32_t)strspn(joined + i, "the "));
    }
  }
  return hash;
}

static void formatting(void) {
  static char line[160];
  snprintf(line, sizeof line, "[%5d|%-6u|%08x|%+d|%o|%c|%10.4s|%%]\n", -42, 123456789u, 0xBEEFu, 7,
           511u, 'x', "truncated");
  print(line);
  snprintf(line, sizeof line, "[%lld|%llx|%.3f|%g|%e|%10.2f]\n", -9007199254740993ll,
           0x123456789ABCDEFull, 3.14159, 1e-7, 6.02214076e23, -0.005);
  print(line);
  snprintf(line, sizeof line, "[%ld|%.6f|%.2e]\n", strtol("-0x7fFF", NULL, 0),
           strtod("2.5e-3", NULL), strtod("179769.3134862315e303", NULL));
  print(line);
}

static int by_value(const void* a, const void* b) {
  const uint32_t left = *(const uint32_t*)a, right = *(const uint32_t*)b;
  return left < right ? -1 : left > right;
}

int main(void) {
  show("memory functions", memory_functions(2166136261u));
  show("string functions", string_functions(2166136261u));
  formatting();
  static uint32_t numbers[100];
  for (unsigned i = 0; i < 100; ++i) numbers[i] = next_random();
  qsort(numbers, 100, sizeof numbers[0], by_value);
  show("sorted", hash_bytes(2166136261u, numbers, sizeof numbers));
  return 0;
}
