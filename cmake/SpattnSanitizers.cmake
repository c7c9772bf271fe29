# SPATTN_SANITIZE: which sanitizers to compile spattn's own code with, as a list
# of what -fsanitize= takes, e.g. "address;undefined". Include this after
# find_package(MLIR) and before any target is made.
#
# libLLVM, libMLIR and code that the JIT makes are not instrumented; errors in
# them show only where they reach an intercepted function such as memcpy or
# free. See docs/Testing.md for the run-time options.

include_guard(GLOBAL)
include(CheckCXXSourceCompiles)

set(SPATTN_SANITIZE "" CACHE STRING
  "Sanitizers for spattn's own code, as a list: address, undefined or both, or thread")

set(SPATTN_SANITIZE_ADDRESS OFF)
set(SPATTN_SANITIZE_UNDEFINED OFF)

if(SPATTN_SANITIZE)
  foreach(sanitizer IN LISTS SPATTN_SANITIZE)
    if(sanitizer STREQUAL "address")
      set(SPATTN_SANITIZE_ADDRESS ON)
    elseif(sanitizer STREQUAL "undefined")
      set(SPATTN_SANITIZE_UNDEFINED ON)
    elseif(NOT sanitizer STREQUAL "thread")
      message(FATAL_ERROR "SPATTN_SANITIZE: '${sanitizer}' is not supported; "
        "use address, undefined, thread")
    endif()
  endforeach()

  string(REPLACE ";" "," _spattn_sanitize "${SPATTN_SANITIZE}")
  set(_spattn_sanitize_flags -fsanitize=${_spattn_sanitize})
  set(_spattn_sanitize_compile_flags
    ${_spattn_sanitize_flags} -fno-omit-frame-pointer -fno-optimize-sibling-calls)
  if(SPATTN_SANITIZE_UNDEFINED)
    # vptr needs type information for classes that libMLIR keeps to itself. The
    # rest ends the program, so that a test cannot pass in spite of a report.
    list(APPEND _spattn_sanitize_compile_flags
      -fno-sanitize=vptr -fno-sanitize-recover=undefined)
  endif()

  set(CMAKE_REQUIRED_FLAGS ${_spattn_sanitize_compile_flags})
  string(REPLACE ";" " " CMAKE_REQUIRED_FLAGS "${CMAKE_REQUIRED_FLAGS}")
  check_cxx_source_compiles("int main() { return 0; }"
    SPATTN_SANITIZE_WORKS_${_spattn_sanitize})
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT SPATTN_SANITIZE_WORKS_${_spattn_sanitize})
    message(FATAL_ERROR
      "SPATTN_SANITIZE=${SPATTN_SANITIZE}: ${CMAKE_CXX_COMPILER} cannot build "
      "with ${_spattn_sanitize_flags}")
  endif()

  add_compile_options(${_spattn_sanitize_compile_flags})
  add_link_options(${_spattn_sanitize_flags})
  message(STATUS "Sanitizers: ${_spattn_sanitize}")
endif()
