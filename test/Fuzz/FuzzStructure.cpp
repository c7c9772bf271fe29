//===- FuzzStructure.cpp - Text as a head structure -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/AsmParser/AsmParser.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Structure/Host.h"
#include "spattn/Structure/Simplify.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace mlir;
using namespace spattn;

static void require(bool condition, const llvm::Twine &what) {
  if (condition)
    return;
  llvm::errs() << what << "\n";
  std::abort();
}

static std::string toText(Attribute attr) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  attr.print(stream);
  return text;
}

/// Heads of a structure by itself.
static constexpr int64_t kHeads = 4;

/// What is read is written as what is read again, is valid in the algebra, and
/// has as many pairs as tiles of one pair, or fewer with residues, and as many
/// as when it is simplified.
static void check(Attribute attr) {
  std::string text = toText(attr);
  require(parseAttribute(text, attr.getContext()) == attr,
          "an attribute changes when it is written: " + text);
  auto heads = dyn_cast<HeadsAttr>(attr);
  if (!heads && !isa<StructureAttrInterface>(attr))
    return;
  int64_t count = heads ? heads.getNumHeads() : kHeads;
  HeadStructures structures = spattn::detail::getHeadStructures(attr, count);
  if (structures.validate() || count > 16)
    return;
  for (Alignment alignment : {Alignment::End, Alignment::Start}) {
    HostAlgebra algebra(structures, {5, 7}, alignment);
    HeadStructures simple = simplify(structures, {5, 7}, alignment);
    require(!simple.validate(), "not valid when it is simplified: " + text);
    Attribute simpleAttr = toAttr(attr.getContext(), simple);
    require(simpleAttr &&
                spattn::detail::getHeadStructures(simpleAttr, count) == simple,
            "an attribute is not what was simplified: " + text);
    HostAlgebra simpleAlgebra(simple, {5, 7}, alignment);
    for (int64_t head : {int64_t(0), count - 1}) {
      int64_t tiles = 0;
      for (int64_t visited : algebra.rowTiles(head, {1, 1}))
        tiles += visited;
      // Tiles are visited as if all residues were allowed.
      bool hasResidues = !algebra.normalForm(head).layers.empty();
      int64_t pairs = algebra.pairs(head);
      require(hasResidues ? tiles >= pairs : tiles == pairs,
              "pairs are not tiles of one: " + text);
      require(simpleAlgebra.pairs(head) == algebra.pairs(head),
              "other pairs when it is simplified: " + text);
    }
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Attributes are never freed: now and then, the context is another.
  static std::unique_ptr<MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 4096 == 0) {
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
    context->loadDialect<SpattnDialect>();
    context->getDiagEngine().registerHandler([](Diagnostic &) {});
  }
  StringRef text(reinterpret_cast<const char *>(data), size);
  // Other attributes are MLIR's to read. A NUL ends its lexer.
  if (!text.starts_with("#spattn.") || text.contains('\0'))
    return -1;
  if (Attribute attr = parseAttribute(text, context.get()))
    check(attr);
  return 0;
}
