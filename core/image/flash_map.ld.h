/* SPDX-License-Identifier: MIT
 *
 * The flash map of the STM32L152RE as Goldcrest divides it: the one place that says so. Linker
 * scripts include this through the C preprocessor; C++ uses the typed constants of flash_map.hpp.
 */
#define GOLDCREST_BOOT_BASE 0x08000000
#define GOLDCREST_BOOT_SIZE 0x4000
/* The factory block (keys, self-checks) fills the last KiB of BOOT. */
#define GOLDCREST_FACTORY_BASE 0x08003C00
#define GOLDCREST_FACTORY_SIZE 0x400
#define GOLDCREST_DATA_BASE 0x08004000
#define GOLDCREST_DATA_SIZE 0x2000
#define GOLDCREST_MTA_BASE 0x08006000
#define GOLDCREST_MTA_SIZE 0xA000
#define GOLDCREST_APP1_BASE 0x08010000
/* Not at the start of the second bank, where nothing is ever written: docs/formats/flash-map.md. */
#define GOLDCREST_BANK2_BASE 0x08040000
#define GOLDCREST_APP2_BASE 0x08041000
#define GOLDCREST_SLOT_SIZE 0x30000
/* The last 4 KiB of a slot: manifest, signature, state. */
#define GOLDCREST_TRAILER_SIZE 0x1000
/* Where every BOOT, MTA and APP keeps its Info record from its base on: behind the vector table. */
#define GOLDCREST_INFO_OFFSET 0x140
#define GOLDCREST_FLASH_BASE 0x08000000
#define GOLDCREST_FLASH_SIZE 0x80000
#define GOLDCREST_RAM_BASE 0x20000000
#define GOLDCREST_RAM_SIZE 0x14000
