# Test targets. Include this after find_package(MLIR) and enable_testing().
#
#   spattn_add_lit_suite(check-spattn DEPENDS <targets>...)
#     Configures lit.site.cfg.py in the current build folder (which must be
#     <build>/test) and makes a target that runs lit on it.
#
#   spattn_add_unittest(<name> SOURCES <files>... [LINK_LIBS <libraries>...]
#       [HEADERS core|llvm])
#     A GoogleTest program of which ctest sees each case as a test of its own.
#     HEADERS says which precompiled headers it is compiled with; none by default.

include_guard(GLOBAL)
include(GoogleTest)

# Debian's package has `lit`, not the `llvm-lit` that LLVMConfig.cmake names.
find_program(LLVM_EXTERNAL_LIT NAMES llvm-lit lit
  HINTS "${LLVM_TOOLS_BINARY_DIR}" DOC "The lit test runner")
if(NOT LLVM_EXTERNAL_LIT)
  message(WARNING "lit was not found; set LLVM_EXTERNAL_LIT to run check-spattn")
endif()

# The interpreter for tests that run Python (%python in lit tests): the one with
# requirements-dev.txt in it.
find_program(SPATTN_TEST_PYTHON NAMES python3
  PATHS "${PROJECT_SOURCE_DIR}/.venv/bin" NO_DEFAULT_PATH
  DOC "Python interpreter for the tests")
if(NOT SPATTN_TEST_PYTHON)
  find_program(SPATTN_TEST_PYTHON NAMES python3)
endif()

function(spattn_add_lit_suite target)
  cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
  configure_file("${CMAKE_CURRENT_SOURCE_DIR}/lit.site.cfg.py.in"
    "${CMAKE_CURRENT_BINARY_DIR}/lit.site.cfg.py" @ONLY)
  add_custom_target(${target}
    COMMAND "${LLVM_EXTERNAL_LIT}" -sv "${CMAKE_CURRENT_BINARY_DIR}"
    DEPENDS ${arg_DEPENDS}
    COMMENT "Running the lit tests"
    USES_TERMINAL)
endfunction()

function(spattn_add_unittest name)
  cmake_parse_arguments(arg "" "HEADERS" "SOURCES;LINK_LIBS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${arg_SOURCES} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:SpattnOptions>
    ${arg_LINK_LIBS} GTest::gmock GTest::gtest_main)
  if(arg_HEADERS)
    spattn_precompile(${name} ${arg_HEADERS})
  endif()
  # Found when ctest runs, not when it is built: a program that fails to start
  # is then a failed test rather than a failed build.
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 120
    PROPERTIES LABELS unit)
endfunction()
