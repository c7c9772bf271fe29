//===- TileToNVVM.cpp - Tile operations to NVVM and inline PTX ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "Lowering.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"

#include <optional>

namespace spattn {
#define GEN_PASS_DEF_CONVERTTILETONVVM
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn::tile;

namespace {
enum class Family { Sm80, Sm90 };

/// The family of a target as LLVM and ptxas name it: "sm_90a".
std::optional<Family> parseFamily(StringRef target) {
  if (target == "sm_90a")
    return Family::Sm90;
  unsigned number;
  if (!target.consume_front("sm_") || target.consumeInteger(10, number) ||
      number < 80 || number > 999)
    return std::nullopt;
  // What a suffix adds is not used; whatever else is left is none.
  if (!target.empty() && target != "a" && target != "f")
    return std::nullopt;
  return Family::Sm80;
}

struct ConvertTileToNVVMPass
    : public spattn::impl::ConvertTileToNVVMBase<ConvertTileToNVVMPass> {
  using ConvertTileToNVVMBase::ConvertTileToNVVMBase;

  void runOnOperation() override {
    std::optional<Family> family = parseFamily(targetName);
    if (!family) {
      emitError(UnknownLoc::get(&getContext()),
                "expected 'target' to be sm_90a, or sm_80 or later, got '")
          << targetName << "'";
      return signalPassFailure();
    }
    MLIRContext *context = &getContext();
    declareSharedMemory();
    TileTypeConverter types(context,
                            /*savesRegisters=*/*family == Family::Sm80);
    RewritePatternSet patterns(context);
    ConversionTarget target(*context);
    target.addLegalDialect<arith::ArithDialect, LLVM::LLVMDialect,
                           NVVM::NVVMDialect>();
    target.addIllegalDialect<TileDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns,
                                                         target);
    populateCommonPatterns(types, patterns);
    if (*family == Family::Sm90)
      populateSm90Patterns(types, patterns);
    else
      populateSm80Patterns(types, patterns);
    target.addIllegalOp<math::Log2Op>();
    // Bodies of maps and masks go with their operation.
    target.addLegalOp<spattn::tile::YieldOp>();
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }

  void declareSharedMemory() {
    ModuleOp module = getOperation();
    if (module.lookupSymbol(kSharedMemory))
      return;
    ImplicitLocOpBuilder b(module.getLoc(), module.getBodyRegion());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
    LLVM::GlobalOp::create(b, type, /*isConstant=*/false,
                           LLVM::Linkage::External, kSharedMemory, Attribute(),
                           /*alignment=*/1024, kSharedSpace);
  }
};
} // namespace
