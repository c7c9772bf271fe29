//===- KernelSignature.h - Arguments of kernels and their launches -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KERNELSIGNATURE_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KERNELSIGNATURE_H

#include "KeyParts.h"
#include "RowLayout.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

class KernelSignature;

/// The kernels that an operation becomes, launched in order, and what their
/// launch descriptions share: buffers of the caller, tensor maps, scratch and
/// limits. Kernels whose MMA warpgroups have at most `scarceRegisters` a thread
/// are marked.
class KernelProgram {
public:
  using FormulaAttr = spattn_gpu::FormulaAttr;

  /// Of an operation without tiles.
  KernelProgram(KernelOpInterface op, const TargetCapabilities &target);
  KernelProgram(AttentionOpInterface op, const TargetCapabilities &target,
                int64_t queryTile, int64_t keyTile, int64_t scarceRegisters);

  /// Adds scratch memory of so many bytes, which kernels refer to by name.
  void addScratch(llvm::StringRef name, FormulaAttr bytes, int64_t alignment,
                  bool zeroed = false);
  /// The sum of lengths, with what tiles stick out, and the number of work
  /// tiles may not exceed what an i32 holds.
  void limitLengths(llvm::ArrayRef<llvm::StringRef> lengths);
  /// Nor the sum of lengths what an f32 counts exactly.
  void limitPositions();
  void limitTiles(FormulaAttr tiles);
  /// A length may not exceed so much.
  void limitLength(llvm::StringRef length, int64_t most);

  /// `factor` for each tile of `rows` of a length, for each batch entry.
  FormulaAttr perTile(int64_t factor, llvm::StringRef length, int64_t rows);
  /// The same without regard to sequences.
  FormulaAttr perRows(int64_t factor, llvm::StringRef length, int64_t rows);
  /// `factor` for each query of each part that walks of a batch entry are cut
  /// into, at least.
  FormulaAttr perPart(int64_t factor, const KeyPartSizes &parts);
  /// A constant, and `factor` as above besides.
  FormulaAttr constant(int64_t value);
  FormulaAttr constantAndPerTile(int64_t value, int64_t factor,
                                 llvm::StringRef length, int64_t rows);
  /// `factor` for each batch entry.
  FormulaAttr perEntry(int64_t factor);
  FormulaAttr sum(FormulaAttr first, FormulaAttr second);

  /// Gives each kernel its `spattn_gpu.launch`: after all have been built.
  void describeLaunches();

private:
  friend class KernelSignature;
  struct Kernel {
    mlir::LLVM::LLVMFuncOp function;
    llvm::SmallVector<spattn_gpu::ArgumentAttr> arguments;
    int64_t threads, shared, persistent;
    FormulaAttr grid;
  };

  /// The number of the map of a buffer's rows in tiles of so many.
  int64_t getTensorMap(llvm::StringRef buffer, int64_t rows,
                       const RowLayout &layout);
  /// The queries and keys of a batch entry of an attention.
  FormulaAttr sumOfLengths(AttentionOpInterface op);
  /// Adds an array to those that callers pass.
  void addBuffer(const OperandInfo &info, llvm::StringRef name,
                 mlir::ShapedType type, bool isWritten, bool isOptional);
  mlir::DictionaryAttr metadata() const;

  mlir::Builder b;
  KernelOpInterface op;
  TargetCapabilities target;
  int64_t scarceRegisters = 0;
  /// What describes the operation, besides its scalars.
  llvm::SmallVector<mlir::NamedAttribute> about;
  llvm::SmallVector<spattn_gpu::BufferAttr> buffers;
  llvm::SmallVector<spattn_gpu::TensorMapAttr> maps;
  llvm::SmallVector<spattn_gpu::ScratchAttr> scratch;
  llvm::SmallVector<spattn_gpu::LimitAttr> limits;
  llvm::SmallVector<Kernel> kernels;
};

/// Whether a kernel applies the scale to scores before their maximum is taken:
/// where more happens to them, or the scale need not be positive. Other kernels
/// fold it into exponentials, and ask that it is.
bool takesAnyScale(AttentionOpInterface op);

/// The arguments of a kernel, by name. Each call adds one, for the function and
/// for the description of its launch at once.
class KernelSignature {
public:
  /// The number of an argument.
  enum class Argument : unsigned {};
  /// An array with strides: its address, and its first stride.
  struct Strided {
    Argument pointer, strides;
  };

  explicit KernelSignature(KernelProgram &program) : program(program) {}

  /// The tensor map of an operand, in boxes of `rows` rows of a head, or of
  /// several.
  Argument tensorMap(llvm::StringRef buffer, int64_t rows,
                     const RowLayout &layout = {});
  /// The address of an operand, or of scratch memory.
  Argument buffer(llvm::StringRef name);
  Argument scratch(llvm::StringRef name);
  /// Numbers of the caller.
  Argument i32(llvm::StringRef name);
  Argument f32(llvm::StringRef name);
  /// The strides of an operand for batch, head and row: i64, three arguments.
  Argument strides(llvm::StringRef buffer);
  /// The stride of one dimension: i64.
  Argument stride(llvm::StringRef buffer, llvm::StringRef dimension);

  struct Bounds {
    int64_t threads, ctasPerSm;
  };
  /// Creates the function, points `b` to its entry, and reads the numbers of
  /// thread and CTA.
  mlir::LLVM::LLVMFuncOp begin(KernelBuilder &b, llvm::StringRef name,
                               const Bounds &bounds);
  /// The values of arguments, after `begin`.
  mlir::Value get(Argument argument) const;
  StridedArray get(KernelBuilder &b, Strided array) const;

  /// Ends the function. It is launched with so much shared memory, as a
  /// persistent grid of so many CTAs an SM that does `grid` work tiles, or as
  /// `grid` CTAs if `persistent` is -1. Its MMA warpgroups have so many
  /// registers a thread, if they get those of others.
  void end(KernelBuilder &b, int64_t shared, int64_t persistent,
           spattn_gpu::FormulaAttr grid,
           std::optional<int64_t> mmaRegisters = {});

private:
  Argument add(mlir::Type type, spattn_gpu::ArgumentKind kind,
               llvm::StringRef name, int64_t number = 0);

  KernelProgram &program;
  mlir::LLVM::LLVMFuncOp function;
  llvm::SmallVector<mlir::Type> types;
  llvm::SmallVector<spattn_gpu::ArgumentAttr> arguments;
  int64_t threads = 0;
};

/// The arguments that say how many sequences there are, and how long.
class SequenceArguments {
public:
  SequenceArguments(KernelSignature &signature, AttentionOpInterface op);
  /// At the top level of a kernel.
  SequenceInfo get(KernelBuilder &b, const KernelSignature &signature) const;

private:
  /// An operand that says where sequences start or end.
  struct Ends {
    KernelSignature::Argument pointer, batchStride, stride;
  };

  AttentionOpInterface op;
  KernelSignature::Argument batches, queryLength, keyLength;
  /// How many pages there are, if keys are in pages; `keyLength` is those of
  /// a batch entry then.
  std::optional<KernelSignature::Argument> pages;
  std::optional<KernelSignature::Argument> count;
  OperandMap<std::optional<Ends>> ends;
};

/// Numbers of the caller, one or more for each query head, of type f32.
class HeadNumbers {
public:
  HeadNumbers(KernelSignature &signature, llvm::StringRef buffer)
      : signature(signature), pointer(signature.buffer(buffer)),
        stride(signature.stride(buffer, "h")) {}

  mlir::Value load(KernelBuilder &b, mlir::Value head) const {
    return mlir::LLVM::LoadOp::create(b, b.getF32Type(), address(b, head));
  }
  /// That of the head of each row, of which `head` is the first; a single
  /// number if there is one.
  mlir::Value load(KernelBuilder &b, mlir::Value head,
                   const RowLayout &layout) const;
  void store(KernelBuilder &b, mlir::Value number, mlir::Value head) const {
    mlir::LLVM::StoreOp::create(b, number, address(b, head));
  }

  /// The address of a head's first number.
  mlir::Value address(KernelBuilder &b, mlir::Value head) const {
    mlir::Value apart = b.asIndex(signature.get(stride));
    mlir::Value elements = b.mul(b.asIndex(head), apart);
    return b.pointer(signature.get(pointer), elements, b.getF32Type());
  }

private:
  KernelSignature &signature;
  KernelSignature::Argument pointer, stride;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KERNELSIGNATURE_H
