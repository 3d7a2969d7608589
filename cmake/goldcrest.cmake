# SPDX-License-Identifier: MIT
# How a folder becomes a target: one call a folder, in the host build and in the firmware build alike.
#
#   goldcrest_library(core_wire DEPENDS core_base)
#
# takes every *.cpp of the folder but *_test.cpp and fuzz_*.cpp into a static library, and, in the
# host build, every *_test.cpp into one GoogleTest program `<name>_test`. Every fuzz_*.cpp is a
# libFuzzer program of its own in the fuzz build (tests/fuzz/run). CMake targets carry the
# dependency rules of docs/architecture.md; tests/include_direction checks the includes as well.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# What has been compiled once, in this clone or another, comes from ccache. Depend mode: what has not
# is not preprocessed for the cache's sake first.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${GOLDCREST_ROOT} CCACHE_NOHASHDIR=1
    CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

option(GOLDCREST_TESTS "Build the unit tests beside the sources" ON)
option(GOLDCREST_SYSTEM_TESTS "Add the tests of the whole: rules, firmware, scenarios, interoperation" ON)
option(GOLDCREST_FUZZ "Build the fuzz targets beside the sources (clang, libFuzzer)" OFF)

add_library(goldcrest_warnings INTERFACE)
target_compile_options(goldcrest_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wundef -Wno-missing-field-initializers -Werror)
target_include_directories(goldcrest_warnings INTERFACE ${GOLDCREST_ROOT})

function(goldcrest_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;TEST_DEPENDS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/fuzz_[^/]*\\.cpp$|/main\\.cpp$")
  foreach(excluded ${ARG_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${excluded})
  endforeach()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PRIVATE goldcrest_warnings PUBLIC ${ARG_DEPENDS})
    target_include_directories(${name} PUBLIC ${GOLDCREST_ROOT})
    target_compile_features(${name} PUBLIC cxx_std_23)  # also in a project that uses the library
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
    target_include_directories(${name} INTERFACE ${GOLDCREST_ROOT})
    target_compile_features(${name} INTERFACE cxx_std_23)
  endif()
  if(GOLDCREST_TESTS AND tests)
    goldcrest_test(${name}_test SOURCES ${tests} DEPENDS ${name} ${ARG_TEST_DEPENDS})
  endif()
  if(GOLDCREST_FUZZ)
    file(GLOB fuzz_targets CONFIGURE_DEPENDS fuzz_*.cpp)
    foreach(source ${fuzz_targets})
      get_filename_component(target ${source} NAME_WE)
      add_executable(${target} ${source})
      target_link_libraries(${target} PRIVATE goldcrest_warnings ${name} ${ARG_TEST_DEPENDS})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      add_dependencies(fuzz_targets ${target})
    endforeach()
  endif()
endfunction()

# A GoogleTest program of the given sources; every TEST in it is a ctest case of its own.
function(goldcrest_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE goldcrest_warnings ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE GOLDCREST_ROOT="${GOLDCREST_ROOT}")
  target_compile_options(${name} PRIVATE -O0)  # test code is compiled more often than it is run
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    goldcrest_precompile_test_headers(${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
    WORKING_DIRECTORY ${GOLDCREST_ROOT} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# What nearly every test includes, compiled once, with the first test. (GCC gains little from it.)
function(goldcrest_precompile_test_headers name)
  get_property(first GLOBAL PROPERTY goldcrest_test_headers)
  if(first)
    target_precompile_headers(${name} REUSE_FROM ${first})
    return()
  endif()
  set_property(GLOBAL PROPERTY goldcrest_test_headers ${name})
  target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # for ccache
  target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <fmt/format.h> <algorithm>
    <array> <expected> <filesystem> <fstream> <functional> <map> <optional> <random> <span> <string>
    <string_view> <vector>)
endfunction()
