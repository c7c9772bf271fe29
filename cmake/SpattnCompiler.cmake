# Compiles with the Clang of the LLVM release that spattn is written for, where
# there is one, in PATH or beside MLIR_DIR: a build takes less than half the time
# that g++ takes. Include this before project(), and only where spattn is built by
# itself.
#
# What names a compiler (CMAKE_CXX_COMPILER, CXX, a toolchain file) wins, and a
# build with sanitizers keeps the system's compiler, whose runtime libraries are
# where that is.

include_guard(GLOBAL)
include(SpattnRelease)

option(SPATTN_USE_CLANG
  "Compile with Clang ${SPATTN_LLVM_MAJOR} if it is present" ON)

if(SPATTN_USE_CLANG AND NOT SPATTN_SANITIZE AND NOT CMAKE_TOOLCHAIN_FILE
   AND NOT DEFINED CMAKE_C_COMPILER AND NOT DEFINED ENV{CC}
   AND NOT DEFINED CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX})
  set(_spattn_mlir_dir "${MLIR_DIR}")
  if(NOT _spattn_mlir_dir)
    set(_spattn_mlir_dir "$ENV{MLIR_DIR}")
  endif()
  set(_spattn_programs)
  if(_spattn_mlir_dir)
    get_filename_component(_spattn_programs "${_spattn_mlir_dir}/../../../bin" ABSOLUTE)
  endif()
  find_program(SPATTN_CLANG clang-${SPATTN_LLVM_MAJOR} PATHS "${_spattn_programs}")
  get_filename_component(_spattn_programs "${SPATTN_CLANG}" DIRECTORY)
  # In LLVM's own installations, its name has no version.
  find_program(SPATTN_CLANGXX NAMES clang++-${SPATTN_LLVM_MAJOR} clang++
    PATHS "${_spattn_programs}" NO_DEFAULT_PATH)
  mark_as_advanced(SPATTN_CLANG SPATTN_CLANGXX)
  if(SPATTN_CLANG AND SPATTN_CLANGXX)
    set(CMAKE_C_COMPILER "${SPATTN_CLANG}")
    set(CMAKE_CXX_COMPILER "${SPATTN_CLANGXX}")
  endif()
endif()
