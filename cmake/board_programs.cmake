# SPDX-License-Identifier: MIT
# Programs for the virtual board, compiled by the ARM compiler as part of the host build:
#
#   goldcrest_board_programs(host_board_programs DIRECTORY programs LINKER_SCRIPT programs/program.ld
#                            COMMON programs/startup.c HEADERS programs/chip.h)
#
# makes <build>/board_programs/<name>.bin of every other .c file in the directory, and a target that
# tests depend on; they find the folder in the compile definition GOLDCREST_BOARD_PROGRAMS. OUTPUT
# names another folder, OPTIONS are for compiler and linker instead of "no C library", LIBRARIES are
# files that are linked too.
function(goldcrest_board_programs target)
  cmake_parse_arguments(ARG "" "DIRECTORY;LINKER_SCRIPT;OUTPUT"
    "COMMON;HEADERS;OPTIONS;LIBRARIES" ${ARGN})
  find_program(ARM_GCC arm-none-eabi-gcc REQUIRED)
  find_program(ARM_OBJCOPY arm-none-eabi-objcopy REQUIRED)
  set(out ${CMAKE_BINARY_DIR}/board_programs)
  if(ARG_OUTPUT)
    set(out ${ARG_OUTPUT})
  endif()
  if(NOT ARG_OPTIONS)
    set(ARG_OPTIONS -ffreestanding -fno-builtin -nostdlib)
  endif()
  file(MAKE_DIRECTORY ${out})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_DIRECTORY}/*.c)
  set(shared ${ARG_COMMON} ${ARG_HEADERS} ${ARG_LINKER_SCRIPT})
  list(TRANSFORM shared PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(TRANSFORM ARG_COMMON PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(REMOVE_ITEM sources ${ARG_COMMON})
  set(binaries)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_custom_command(OUTPUT ${out}/${name}.bin
      COMMAND ${ARM_GCC} -mcpu=cortex-m3 -mthumb -std=c11 -O2 -g -Wall -Wextra -Wno-array-bounds -Werror
        -nostartfiles -Wl,--no-warn-rwx-segments ${ARG_OPTIONS}
        -Wl,-T,${CMAKE_CURRENT_SOURCE_DIR}/${ARG_LINKER_SCRIPT} -o ${out}/${name}.elf
        ${source} ${ARG_COMMON} ${ARG_LIBRARIES} -lgcc
      COMMAND ${ARM_OBJCOPY} -O binary ${out}/${name}.elf ${out}/${name}.bin
      DEPENDS ${source} ${shared} ${ARG_LIBRARIES} VERBATIM)
    list(APPEND binaries ${out}/${name}.bin)
  endforeach()
  add_custom_target(${target} DEPENDS ${binaries})
endfunction()
