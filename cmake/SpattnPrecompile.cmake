# SPATTN_PRECOMPILE_HEADERS: parse the headers of MLIR and LLVM that most files
# include once for all of them. Four fifths of the time that a file with the
# LLVM dialect takes go into its headers. Include this after SpattnTargets and
# what adds compile options, and before any target that is to use them.
#
# There are two sets, since a compiler takes one per file and that of the LLVM
# and NVVM dialects takes three times as long to make: with two processors, both
# are made at once. Headers of the project are in neither: they change.

include_guard(GLOBAL)

option(SPATTN_PRECOMPILE_HEADERS
  "Precompile the headers of MLIR that most files include" ${PROJECT_IS_TOP_LEVEL})
if(NOT SPATTN_PRECOMPILE_HEADERS)
  function(spattn_precompile)
  endfunction()
  return()
endif()

set(_spattn_core_headers
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Math/IR/Math.h>
  <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/IR/DialectImplementation.h>
  <mlir/IR/ImplicitLocOpBuilder.h>
  <mlir/IR/Matchers.h>
  <mlir/Interfaces/DestinationStyleOpInterface.h>
  <mlir/Pass/PassManager.h>
  <llvm/ADT/TypeSwitch.h>
  <llvm/Support/CommandLine.h>
  <functional>
  <map>)
set(_spattn_llvm_headers ${_spattn_core_headers}
  <mlir/Dialect/LLVMIR/LLVMDialect.h>
  <mlir/Dialect/LLVMIR/NVVMDialect.h>
  <mlir/Transforms/DialectConversion.h>)

# Written only where it is not there: it would be compiled again.
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/precompiled.cpp" CONTENT "")
foreach(_spattn_set core llvm)
  add_library(SpattnHeaders-${_spattn_set} OBJECT
    "${PROJECT_BINARY_DIR}/precompiled.cpp")
  target_link_libraries(SpattnHeaders-${_spattn_set} PRIVATE SpattnOptions)
  target_precompile_headers(SpattnHeaders-${_spattn_set} PRIVATE
    ${_spattn_${_spattn_set}_headers})
  if(TARGET mlir-headers)
    add_dependencies(SpattnHeaders-${_spattn_set} mlir-headers)
  endif()
endforeach()

# spattn_precompile(TARGET [core|llvm]): a target that links SpattnOptions.
function(spattn_precompile target)
  set(headers ${ARGN})
  if(NOT headers)
    set(headers core)
  endif()
  target_precompile_headers(${target} REUSE_FROM SpattnHeaders-${headers})
  # What g++ inlines from a precompiled header it takes for the user's code.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  # Code of one kind takes one set of headers: that of programs is as
  # independent of its place as that of libraries.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()
