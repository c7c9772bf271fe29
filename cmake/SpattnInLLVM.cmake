# What find_package(MLIR) says, of the LLVM that this is a part of.

include_guard(GLOBAL)

set(MLIR_DIR "${LLVM_BINARY_DIR}")
set(MLIR_FOUND TRUE)
set(MLIR_VERSION "${LLVM_VERSION_MAJOR}.${LLVM_VERSION_MINOR}")
include(SpattnVersion)
spattn_check_mlir_version()

set(LLVM_INCLUDE_DIRS ${LLVM_MAIN_INCLUDE_DIR} ${LLVM_INCLUDE_DIR})
set(MLIR_INCLUDE_DIRS "${LLVM_MAIN_SRC_DIR}/../mlir/include"
  "${LLVM_BINARY_DIR}/tools/mlir/include")
set(LLVM_TOOLS_BINARY_DIR "${LLVM_RUNTIME_OUTPUT_INTDIR}")
