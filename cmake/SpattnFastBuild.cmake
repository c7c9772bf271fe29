# Uses ccache and lld where they are present. Include this after
# find_package(MLIR) and before any target is made.

include_guard(GLOBAL)
include(CheckCXXSourceCompiles)

option(SPATTN_USE_CCACHE "Compile through ccache if it is present" ON)
option(SPATTN_USE_LLD "Link with lld if it is present" ON)

if(SPATTN_USE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(SPATTN_CCACHE ccache)
  mark_as_advanced(SPATTN_CCACHE)
  if(SPATTN_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER "${SPATTN_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${SPATTN_CCACHE}")
  endif()
endif()

if(SPATTN_USE_LLD AND NOT CMAKE_EXE_LINKER_FLAGS MATCHES "-fuse-ld=")
  # The compiler looks for a program named exactly ld.lld, on PATH or where -B
  # says; Debian puts the one of a given release next to LLVM's other tools.
  find_program(SPATTN_LLD ld.lld HINTS "${LLVM_TOOLS_BINARY_DIR}")
  mark_as_advanced(SPATTN_LLD)
  if(SPATTN_LLD)
    get_filename_component(_spattn_lld_dir "${SPATTN_LLD}" DIRECTORY)
    set(_spattn_lld_flags "-B${_spattn_lld_dir}" -fuse-ld=lld)
    set(CMAKE_REQUIRED_LINK_OPTIONS ${_spattn_lld_flags})
    check_cxx_source_compiles("int main() { return 0; }" SPATTN_LLD_WORKS)
    unset(CMAKE_REQUIRED_LINK_OPTIONS)
    if(SPATTN_LLD_WORKS)
      add_link_options(${_spattn_lld_flags})
    endif()
  endif()
endif()
