//===- spattn-reduce.cpp - Makes test cases smaller -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Reducer/ReductionPatternInterface.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "mlir/Transforms/Passes.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/InitAll.h"

using namespace mlir;

namespace {
/// The reducer takes out operations whose results nobody uses. What computes
/// into tensors is replaced by these where the module stays interesting, so
/// that others go on without it.
class ReplaceByDestinations
    : public OpInterfaceRewritePattern<spattn::KernelOpInterface> {
public:
  ReplaceByDestinations(MLIRContext *context, const Tester &tester)
      : OpInterfaceRewritePattern(context), tester(tester) {}

  LogicalResult matchAndRewrite(spattn::KernelOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto writer = dyn_cast<DestinationStyleOpInterface>(*op);
    if (!writer || op->getNumResults() == 0 ||
        op->getResultTypes() != writer.getDpsInits().getTypes() ||
        !isInterestingWithout(writer))
      return failure();
    rewriter.replaceOp(op, writer.getDpsInits());
    return success();
  }

private:
  /// Asked of a copy: the reducer gives up a module that a pattern has made
  /// boring, and what it would still make of it.
  bool isInterestingWithout(DestinationStyleOpInterface op) const {
    Operation *top = op;
    while (Operation *parent = top->getParentOp())
      top = parent;
    IRMapping copies;
    OwningOpRef<ModuleOp> module(cast<ModuleOp>(top->clone(copies)));
    auto copy = cast<DestinationStyleOpInterface>(copies.lookup(&*op));
    copy->replaceAllUsesWith(copy.getDpsInits());
    copy->erase();
    return tester.isInteresting(*module).first == Tester::Interestingness::True;
  }

  const Tester &tester;
};

struct Reductions : DialectReductionPatternInterface {
  Reductions(Dialect *dialect) : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &) const override {}
  void populateReductionPatternsWithTester(RewritePatternSet &patterns,
                                           Tester &tester) const override {
    patterns.add<ReplaceByDestinations>(patterns.getContext(), tester);
  }
};
} // namespace

int main(int argc, char **argv) {
  // What opt-reduction-pass may run.
  registerTransformsPasses();
  spattn::registerAllPasses();
  DialectRegistry registry;
  spattn::registerAllDialects(registry);
  registry.addExtension(+[](MLIRContext *, spattn::SpattnDialect *dialect) {
    dialect->addInterfaces<Reductions>();
  });
  MLIRContext context(registry);
  return failed(mlirReduceMain(argc, argv, context));
}
