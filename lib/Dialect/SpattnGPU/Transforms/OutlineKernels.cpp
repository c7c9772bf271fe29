//===- OutlineKernels.cpp - Attention out of a program --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnGPU/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

#include <cmath>

namespace spattn {
#define GEN_PASS_DEF_SPATTNOUTLINEKERNELS
#include "spattn/Dialect/SpattnGPU/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

/// Kernels take any strides and memory.
static RankedTensorType getTensorType(Type type) {
  auto shaped = cast<ShapedType>(type);
  return RankedTensorType::get(shaped.getShape(), shaped.getElementType());
}

/// The constant that a scale is, or null.
static FloatAttr getConstant(Value scale) {
  FloatAttr constant;
  if (scale && matchPattern(scale, m_Constant(&constant)))
    return constant;
  return {};
}

namespace {
/// Moves what becomes kernels out of one symbol table into modules of it.
class Outliner {
public:
  Outliner(Operation *table, spattn_gpu::TargetAttr target)
      : symbols(table), target(target) {}

  LogicalResult outline(KernelOpInterface op);

  unsigned getNumModules() const { return modules.size(); }

private:
  Attribute getKey(KernelOpInterface op);
  gpu::GPUModuleOp getModule(KernelOpInterface op);
  void buildFunction(gpu::GPUModuleOp module, KernelOpInterface op);
  LogicalResult check(KernelOpInterface op);

  SymbolTable symbols;
  spattn_gpu::TargetAttr target;
  /// The module for all operations with the same key.
  DenseMap<Attribute, gpu::GPUModuleOp> modules;
};
} // namespace

/// Adds what the one block of a region computes from its arguments.
static void addRegion(Region &region, SmallVector<Attribute> &parts) {
  Builder b(region.getContext());
  DenseMap<Value, int64_t> numbers;
  auto define = [&](Value value) {
    numbers.try_emplace(value, numbers.size());
    parts.push_back(TypeAttr::get(value.getType()));
  };
  for (Block &block : region) {
    llvm::for_each(block.getArguments(), define);
    for (Operation &nested : block) {
      parts.push_back(b.getStringAttr(nested.getName().getStringRef()));
      parts.push_back(nested.getAttrDictionary());
      for (Value operand : nested.getOperands())
        parts.push_back(b.getI64IntegerAttr(numbers.lookup(operand)));
      llvm::for_each(nested.getResults(), define);
    }
  }
}

/// Everything that makes a difference to the function in the module.
Attribute Outliner::getKey(KernelOpInterface op) {
  Builder b(op.getContext());
  SmallVector<Attribute> parts{b.getStringAttr(op->getName().getStringRef()),
                               op->getPropertiesAsAttribute(),
                               op->getDiscardableAttrDictionary()};
  for (Region &region : op->getRegions())
    addRegion(region, parts);
  for (Value operand : op->getOperands()) {
    if (isa<ShapedType>(operand.getType()))
      parts.push_back(TypeAttr::get(getTensorType(operand.getType())));
    else if (FloatAttr constant = getConstant(operand))
      parts.push_back(constant);
    else
      parts.push_back(TypeAttr::get(operand.getType()));
  }
  return b.getArrayAttr(parts);
}

/// Puts a function of the operation alone into its module.
void Outliner::buildFunction(gpu::GPUModuleOp module, KernelOpInterface op) {
  Location loc = op.getLoc();
  OpBuilder b(op.getContext());
  b.setInsertionPointToStart(module.getBody(0));
  auto destinations = cast<DestinationStyleOpInterface>(*op);
  SmallVector<Type> inputs, results;
  for (Value operand : op->getOperands())
    if (isa<ShapedType>(operand.getType()))
      inputs.push_back(getTensorType(operand.getType()));
    else if (!getConstant(operand))
      inputs.push_back(operand.getType());
  for (Value init : destinations.getDpsInits())
    results.push_back(getTensorType(init.getType()));

  auto function = func::FuncOp::create(b, loc, module.getName(),
                                       b.getFunctionType(inputs, results));
  b.setInsertionPointToStart(function.addEntryBlock());
  SmallVector<Value> operands;
  unsigned next = 0;
  for (Value operand : op->getOperands()) {
    if (FloatAttr constant = getConstant(operand))
      operands.push_back(arith::ConstantOp::create(b, loc, constant));
    else
      operands.push_back(function.getArgument(next++));
  }
  OperationState state(loc, op->getName());
  state.addOperands(operands);
  state.addTypes(results);
  state.addAttributes(llvm::to_vector(op->getDiscardableAttrs()));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  for (Region &region : op->getRegions()) {
    IRMapping mapping;
    region.cloneInto(state.addRegion(), mapping);
  }
  Operation *moved = b.create(state);
  func::ReturnOp::create(b, loc, moved->getResults());
}

gpu::GPUModuleOp Outliner::getModule(KernelOpInterface op) {
  gpu::GPUModuleOp &module = modules[getKey(op)];
  if (module)
    return module;
  std::string name;
  for (Operation *parent = op->getParentOp();
       name.empty() && parent != symbols.getOp();
       parent = parent->getParentOp())
    if (auto symbol = dyn_cast<SymbolOpInterface>(parent))
      name = (symbol.getName() + "_").str();
  name += op.getKernelName();
  OpBuilder b(op.getContext());
  module = gpu::GPUModuleOp::create(b, op.getLoc(), name,
                                    ArrayRef<Attribute>{target});
  // Which may change its name.
  symbols.insert(module);
  buildFunction(module, op);
  return module;
}

/// Of tensors, bufferization sees to it.
LogicalResult Outliner::check(KernelOpInterface op) {
  for (Value init : cast<DestinationStyleOpInterface>(*op).getDpsInits())
    if (isa<BaseMemRefType>(init.getType()) &&
        llvm::count(op->getOperands(), init) > 1)
      return op->emitOpError("has a destination that is another operand, too; "
                             "a kernel for a GPU writes while it reads");
  return success();
}

LogicalResult Outliner::outline(KernelOpInterface op) {
  if (failed(check(op)))
    return failure();
  gpu::GPUModuleOp module = getModule(op);
  OpBuilder b(op);
  SmallVector<Value> inputs, outs;
  SmallVector<StringRef> inputNames, outNames;
  SmallVector<KernelArray> arrays = op.getKernelArrays();
  for (const KernelArray &array : arrays) {
    (array.isWritten ? outs : inputs).push_back(array.value);
    (array.isWritten ? outNames : inputNames).push_back(array.buffer);
  }
  SmallVector<Value> scalars;
  SmallVector<StringRef> scalarNames;
  for (const KernelScalar &scalar : op.getKernelScalars()) {
    Value value = scalar.value;
    if (!value)
      value = arith::ConstantOp::create(
          b, op.getLoc(), b.getF32FloatAttr(float(*scalar.defaultValue)));
    scalars.push_back(value);
    scalarNames.push_back(scalar->buffer);
  }
  auto launch = LaunchOp::create(
      b, op.getLoc(), op->getResultTypes(),
      FlatSymbolRefAttr::get(module.getNameAttr()),
      b.getStrArrayAttr(inputNames), b.getStrArrayAttr(scalarNames),
      b.getStrArrayAttr(outNames), inputs, scalars, outs);
  op->replaceAllUsesWith(launch->getResults());
  op->erase();
  return success();
}

namespace {
struct SpattnOutlineKernelsPass
    : public spattn::impl::SpattnOutlineKernelsBase<SpattnOutlineKernelsPass> {
  using SpattnOutlineKernelsBase::SpattnOutlineKernelsBase;

  void runOnOperation() override {
    Operation *root = getOperation();
    auto target = spattn_gpu::TargetAttr::getChecked(
        [&] { return emitError(UnknownLoc::get(&getContext())); },
        &getContext(), StringRef(chip), optLevel.getValue(),
        ptxVersion.getValue(), strict.getValue());
    if (!target)
      return signalPassFailure();

    // Pre-order, so that modules for GPUs are left out as a whole.
    SmallVector<KernelOpInterface> found;
    root->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<gpu::GPUModuleOp>(op))
        return WalkResult::skip();
      if (auto kernel = dyn_cast<KernelOpInterface>(op))
        found.push_back(kernel);
      return WalkResult::advance();
    });

    llvm::MapVector<Operation *, std::unique_ptr<Outliner>> outliners;
    for (KernelOpInterface op : found) {
      Operation *table = SymbolTable::getNearestSymbolTable(op);
      if (!table || !root->isAncestor(table)) {
        op->emitOpError("is in no symbol table that could hold its kernels; "
                        "run this pass on a module, with the dialects around "
                        "attention registered");
        return signalPassFailure();
      }
      std::unique_ptr<Outliner> &outliner = outliners[table];
      if (!outliner)
        outliner = std::make_unique<Outliner>(table, target);
      if (failed(outliner->outline(op)))
        return signalPassFailure();
    }
    numLaunches += found.size();
    for (auto &[table, outliner] : outliners)
      numModules += outliner->getNumModules();
  }
};
} // namespace
