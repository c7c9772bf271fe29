//===- SpattnInterfaces.td - What attentions share ---------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNINTERFACES_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNINTERFACES_TD

include "mlir/IR/OpBase.td"

def Spattn_AttentionOpInterface : OpInterface<"AttentionOpInterface"> {
  let cppNamespace = "::spattn";
  let description = [{
    An operation over the allowed pairs of an attention: the attention itself,
    or its gradients. Whoever asks for shapes, structures or tiles asks here and
    need not know which of them it is.
  }];
  let methods = [
    InterfaceMethod<"The queries.", "::mlir::Value", "getQuery">,
    InterfaceMethod<"The keys.", "::mlir::Value", "getKey">,
    InterfaceMethod<"The values.", "::mlir::Value", "getValue">,
    InterfaceMethod<"The output of the attention: written forward, read "
                    "backward.", "::mlir::Value", "getOut">,
    InterfaceMethod<"The log-sum-exp of each query, or null.",
                    "::mlir::Value", "getLse">,
    InterfaceMethod<"The factor of the scores, or null for `1/sqrt(D)`.",
                    "::mlir::Value", "getScale">,
    InterfaceMethod<"", "::mlir::MutableOperandRange", "getScaleMutable">,
    InterfaceMethod<"A head structure, or `#spattn.heads`.",
                    "::mlir::Attribute", "getStructure">,
    InterfaceMethod<"", "void", "setStructureAttr",
                    (ins "::mlir::Attribute":$structure)>,
    InterfaceMethod<"", "::spattn::AlignmentKind", "getAlignment">,
    InterfaceMethod<"The order of the dimensions `b`, `h`, `n` and `d`.",
                    "::llvm::StringRef", "getLayout">,
    InterfaceMethod<"The tile shape, or null.",
                    "::spattn::TileShapeAttr", "getTileShapeAttr">,
    InterfaceMethod<"", "void", "setTileShapeAttr",
                    (ins "::spattn::TileShapeAttr":$tile_shape)>,
    InterfaceMethod<"The tensors or buffers, in order, that are given.",
                    "::llvm::SmallVector<::spattn::AttentionOperand>",
                    "getAttentionOperands">,
    InterfaceMethod<"Floating-point operations for an allowed pair.",
                    "int64_t", "getOperationsPerPair">,
  ];
  let extraSharedClassDeclaration = [{
    /// The position of dimension `b`, `h`, `n` or `d` in the operands' shapes.
    unsigned getDim(char name) { return $_op.getLayout().find(name); }
    /// As above for `lse`, which has no `d`.
    unsigned getLseDim(char name) {
      unsigned dim = getDim(name);
      return dim - (getDim('d') < dim);
    }

    /// The position of a dimension in the shape of an operand.
    unsigned getDim(const ::spattn::AttentionOperand &operand, char name) {
      return operand.hasWidth() ? getDim(name) : getLseDim(name);
    }

    int64_t getNumQueryHeads() { return getOperandSize($_op.getQuery(), 'h'); }
    int64_t getNumKeyHeads() { return getOperandSize($_op.getKey(), 'h'); }
    /// Query heads that share one key-value head.
    int64_t getGroupSize() { return getNumQueryHeads() / getNumKeyHeads(); }
    /// The head dimension of `query` and `key`, and that of `value`.
    int64_t getHeadDim() { return getOperandSize($_op.getQuery(), 'd'); }
    int64_t getValueDim() { return getOperandSize($_op.getValue(), 'd'); }
    /// Static lengths and batch size, or ShapedType::kDynamic.
    int64_t getStaticQueryLength() {
      return getOperandSize($_op.getQuery(), 'n');
    }
    int64_t getStaticKeyLength() { return getOperandSize($_op.getKey(), 'n'); }
    int64_t getStaticBatch() { return getOperandSize($_op.getQuery(), 'b'); }

    /// The structures of all query heads, in order.
    ::spattn::HeadStructures getHeadStructures() {
      return ::spattn::detail::getHeadStructures($_op.getStructure(),
                                                 getNumQueryHeads());
    }
    ::spattn::Alignment getAlgebraAlignment() {
      return $_op.getAlignment() == ::spattn::AlignmentKind::End
                 ? ::spattn::Alignment::End
                 : ::spattn::Alignment::Start;
    }

    /// The size of a dimension of an operand of rank 4.
    int64_t getOperandSize(::mlir::Value operand, char name) {
      return ::llvm::cast<::mlir::ShapedType>(operand.getType())
          .getDimSize(getDim(name));
    }
  }];
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNINTERFACES_TD
