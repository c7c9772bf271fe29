# Which MLIR spattn is written for. MLIR's C++ API changes with every major
# release, so a wrong one would otherwise show as pages of compile errors.
#
#   include(SpattnVersion)
#   find_package(MLIR CONFIG)
#   spattn_check_mlir_version()
#
# Including this file gives MLIR_DIR a default: the folder that llvm-config
# names, since Debian keeps several releases side by side, outside of where
# find_package looks.

include_guard(GLOBAL)

include(SpattnRelease)

if(NOT MLIR_DIR AND DEFINED ENV{MLIR_DIR})
  set(MLIR_DIR "$ENV{MLIR_DIR}" CACHE PATH "Folder of MLIRConfig.cmake" FORCE)
endif()
if(NOT MLIR_DIR)
  find_program(SPATTN_LLVM_CONFIG llvm-config-${SPATTN_LLVM_MAJOR}
    DOC "The llvm-config that tells where MLIR is, if MLIR_DIR does not")
  mark_as_advanced(SPATTN_LLVM_CONFIG)
  if(SPATTN_LLVM_CONFIG)
    execute_process(COMMAND "${SPATTN_LLVM_CONFIG}" --cmakedir
      OUTPUT_VARIABLE _spattn_llvm_dir
      OUTPUT_STRIP_TRAILING_WHITESPACE
      ERROR_QUIET)
    get_filename_component(_spattn_mlir_dir "${_spattn_llvm_dir}/../mlir" ABSOLUTE)
    if(EXISTS "${_spattn_mlir_dir}/MLIRConfig.cmake")
      set(MLIR_DIR "${_spattn_mlir_dir}" CACHE PATH "Folder of MLIRConfig.cmake" FORCE)
    endif()
  endif()
endif()

function(spattn_check_mlir_version)
  if(NOT MLIR_FOUND)
    message(FATAL_ERROR
      "MLIR was not found; spattn supports LLVM/MLIR ${SPATTN_LLVM_MAJOR}.x. "
      "On Debian, scripts/install.sh installs it. Elsewhere pass "
      "-DMLIR_DIR=<prefix>/lib/cmake/mlir.")
  endif()
  if(NOT MLIR_VERSION MATCHES "^${SPATTN_LLVM_MAJOR}\\.")
    message(FATAL_ERROR
      "Found MLIR ${MLIR_VERSION} in ${MLIR_DIR}, but spattn supports LLVM/MLIR "
      "${SPATTN_LLVM_MAJOR}.x only. Install that (on Debian, scripts/install.sh "
      "does) and pass -DMLIR_DIR=<prefix>/lib/cmake/mlir.")
  endif()
  message(STATUS "Using MLIR ${MLIR_VERSION} in ${MLIR_DIR}")
endfunction()
