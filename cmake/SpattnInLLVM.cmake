# What find_package(MLIR) says, of the LLVM that this is a part of.

include_guard(GLOBAL)

if(NOT TARGET MLIRIR)
  message(FATAL_ERROR
    "spattn as one of LLVM's projects needs -DLLVM_ENABLE_PROJECTS=mlir")
endif()
set(MLIR_DIR "${LLVM_BINARY_DIR}")
set(MLIR_FOUND TRUE)
set(MLIR_VERSION "${LLVM_VERSION_MAJOR}.${LLVM_VERSION_MINOR}")
include(SpattnVersion)
spattn_check_mlir_version()

# MLIR sets all this for its own folders only.
set(MLIR_CMAKE_DIR "${LLVM_EXTERNAL_MLIR_SOURCE_DIR}/cmake/modules")
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}")
set(LLVM_INCLUDE_DIRS ${LLVM_MAIN_INCLUDE_DIR} ${LLVM_INCLUDE_DIR})
set(MLIR_INCLUDE_DIRS "${LLVM_EXTERNAL_MLIR_SOURCE_DIR}/include"
  "${LLVM_BINARY_DIR}/tools/mlir/include")
set(LLVM_TOOLS_BINARY_DIR "${LLVM_RUNTIME_OUTPUT_INTDIR}")
