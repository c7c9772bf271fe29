//===- Source.cpp - A file of IR ------------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Source.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace spattn::tool;

LogicalResult spattn::tool::parseSource(MLIRContext &context, Source &source) {
  llvm::MemoryBufferRef buffer =
      source.manager.getMemoryBuffer(source.manager.getMainFileID())
          ->getMemBufferRef();
  ParserConfig config(&context);
  if (isBytecode(buffer)) {
    source.module = parseSourceFile<ModuleOp>(source.manager, config);
    return success(bool(source.module));
  }
  // Only the state knows the names of arguments.
  Block block;
  if (failed(parseAsmSourceFile(source.manager, &block, config, &source.state)))
    return failure();
  Location location = FileLineColLoc::get(
      &context, buffer.getBufferIdentifier(), /*line=*/0, /*column=*/0);
  source.module =
      mlir::detail::constructContainerOpForParserIfNecessary<ModuleOp>(
          &block, &context, location);
  return success(source.module && succeeded(verify(*source.module)));
}

std::string Source::getArgumentName(BlockArgument argument) const {
  if (const auto *block = state.getBlockDef(argument.getOwner())) {
    if (argument.getArgNumber() < block->arguments.size()) {
      llvm::SMRange range = block->arguments[argument.getArgNumber()].loc;
      if (range.isValid()) {
        StringRef text(range.Start.getPointer(),
                       range.End.getPointer() - range.Start.getPointer());
        if (text.consume_front("%"))
          return text.str();
      }
    }
  }
  if (auto name = dyn_cast<NameLoc>(argument.getLoc()))
    return name.getName().str();
  return "";
}
