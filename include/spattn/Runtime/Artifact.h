//===- Artifact.h - A compiled kernel and how to launch it ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An artifact is everything a launch needs: code, and a description of it in
// plain data. Operands are arrays that the caller passes; their dimensions are
// named, and a dimension either has a fixed size or gives a value to an
// *extent*, such as "queryLength". Formulas over extents and over further
// values of the caller say how large grids and scratch buffers are.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_ARTIFACT_H
#define SPATTN_RUNTIME_ARTIFACT_H

#include "spattn/Runtime/ElementType.h"
#include "spattn/Runtime/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spattn {
namespace runtime {

enum class CodeKind : uint8_t { Cubin, Ptx };

/// ceil(value of `name` / divisor).
struct Factor {
  std::string name;
  int64_t divisor = 1;
};

/// coefficient * the product of the factors.
struct Term {
  int64_t coefficient = 1;
  std::vector<Factor> factors;
};

/// The sum of the terms.
struct Formula {
  std::vector<Term> terms;

  static Formula constant(int64_t value) { return {{{value, {}}}}; }
  static Formula product(int64_t coefficient, std::vector<Factor> factors) {
    return {{{coefficient, std::move(factors)}}};
  }
};

/// As a person would write it: "2 * batch * ceil(queryLength / 128)".
std::string toString(const Formula &formula);

/// The largest rank of an operand.
constexpr unsigned kMaxRank = 8;

struct Dimension {
  /// Such as "b", "h", "n", "d"; unique in its operand.
  std::string name;
  /// The extent that the dimension gives its size to; if empty, it has `size`.
  std::string extent;
  int64_t size = 0;
};

struct Operand {
  std::string name;
  ElementType type = ElementType::BF16;
  std::vector<Dimension> dimensions;
  /// What the address and all strides but the last, in bytes, are multiples of.
  uint32_t alignment = 1;
  /// Whether the last dimension must have stride 1.
  bool contiguous = true;
  /// Whether it may be left out; the kernel then gets the address 0.
  bool optional = false;
  /// Whether kernels write it.
  bool output = false;
};

enum class Swizzle : uint8_t { None, Bytes32, Bytes64, Bytes128 };
enum class Interleave : uint8_t { None, Bytes16, Bytes32 };
enum class L2Promotion : uint8_t { None, Bytes64, Bytes128, Bytes256 };
enum class OobFill : uint8_t { Zero, Nan };

/// Who reads a tensor map.
enum class TensorMapForm : uint8_t {
  /// TMA; the driver makes it.
  Hardware,
  /// Code that copies with the threads' own instructions (cp.async). It knows
  /// the box and the swizzle. The words of the map are in TensorMap.h.
  Software,
};

struct BoxDimension {
  /// A dimension of the operand.
  std::string name;
  /// Elements that one copy moves along it.
  uint32_t box = 1;
};

/// How to make the tensor map with which a kernel reads or writes an operand.
struct TensorMapRecipe {
  /// Index of the operand.
  uint32_t operand = 0;
  ElementType type = ElementType::BF16;
  /// From the innermost one out; the first must have stride 1. Dimensions of
  /// the operand that are left out must have size 1.
  std::vector<BoxDimension> dimensions;
  Swizzle swizzle = Swizzle::None;
  Interleave interleave = Interleave::None;
  L2Promotion l2Promotion = L2Promotion::None;
  OobFill fill = OobFill::Zero;
  TensorMapForm form = TensorMapForm::Hardware;
};

/// Device memory that the caller lends for a launch.
struct Scratch {
  std::string name;
  Formula bytes;
  uint32_t alignment = 256;
  /// Whether it is set to 0 ahead of the first kernel.
  bool zeroed = false;
};

/// A launch is refused where `value` exceeds `maximum`.
struct Limit {
  Formula value;
  int64_t maximum = 0;
};

enum class ArgumentKind : uint8_t {
  /// Address of operand `index`.
  Pointer,
  /// Tensor map `index`, by value.
  TensorMap,
  /// Address of scratch buffer `index`.
  Scratch,
  /// The value of `name`: an extent, a value of the caller, or, for integers,
  /// "stride:OPERAND:DIMENSION" (in elements) or "size:OPERAND:DIMENSION".
  I32,
  I64,
  F32,
};

struct Argument {
  ArgumentKind kind = ArgumentKind::Pointer;
  uint32_t index = 0;
  std::string name;

  static Argument pointer(uint32_t operand) {
    return {ArgumentKind::Pointer, operand, {}};
  }
  static Argument tensorMap(uint32_t map) {
    return {ArgumentKind::TensorMap, map, {}};
  }
  static Argument scratch(uint32_t buffer) {
    return {ArgumentKind::Scratch, buffer, {}};
  }
  static Argument scalar(ArgumentKind kind, std::string name) {
    return {kind, 0, std::move(name)};
  }
};

enum class GridKind : uint8_t { Persistent, Formula };

/// How many CTAs to launch.
struct Grid {
  GridKind kind = GridKind::Formula;
  /// Persistent: CTAs per SM; 0 is as many as fit.
  uint32_t blocksPerMultiprocessor = 1;
  /// Formula: the CTAs. Persistent: x is the most that have work, if it has
  /// terms; y and z are not used. No terms in y and z are 1.
  Formula x, y, z;
};

/// One launch.
struct Kernel {
  /// The function in the code.
  std::string entry;
  /// Threads of a CTA.
  uint32_t threads = 128;
  /// CTAs of a cluster, along x.
  uint32_t cluster = 1;
  uint32_t dynamicSharedBytes = 0;
  Grid grid;
  /// In the order of the function's parameters.
  std::vector<Argument> arguments;
};

struct Artifact {
  /// The version of the format that is written and read.
  static constexpr uint32_t kVersion = 3;

  /// As compilers name it: "sm_90a".
  std::string architecture;
  CodeKind codeKind = CodeKind::Ptx;
  std::string code;
  std::vector<Operand> operands;
  std::vector<TensorMapRecipe> tensorMaps;
  std::vector<Scratch> scratch;
  /// What the kernels cannot do, and would do wrong.
  std::vector<Limit> limits;
  /// Values of the caller that must be positive and finite.
  std::vector<std::string> positive;
  /// Launched in this order.
  std::vector<Kernel> kernels;
  /// For people and tools; launching needs none of it.
  std::vector<std::pair<std::string, std::string>> metadata;

  /// Whether the parts fit together: indices and names that exist, numbers that
  /// some device supports.
  Status verify() const;

  /// The bytes of an artifact that verifies.
  Result<std::string> serialize() const;

  /// Reads bytes, which are not trusted: gives an artifact that verifies, or
  /// says whether they are truncated, damaged, of a newer version or no
  /// artifact.
  static Result<Artifact> parse(std::string_view bytes);

  /// The metadata of that name; null if there is none.
  const std::string *findMetadata(std::string_view name) const;
};

/// Which devices run code.
struct Architecture {
  int major = 0, minor = 0;
  /// 'a': this compute capability only. 'f': its family. 0: see below.
  char suffix = 0;

  /// Reads "sm_90a".
  static Result<Architecture> parse(std::string_view text);

  /// Whether a device of that compute capability runs it. Without a suffix, a
  /// cubin runs on the same major version from the minor one on, and PTX on
  /// everything from there on.
  bool runsOn(int deviceMajor, int deviceMinor, CodeKind kind) const;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_ARTIFACT_H
