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

def Spattn_KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::spattn";
  let description = [{
    An operation on arrays that becomes the kernels of a launch: an attention, a
    merge, the gradients of one, or a gather or sum of rows. Whoever outlines, compiles and calls
    operations asks here, and need not know what they compute.
  }];
  let methods = [
    InterfaceMethod<"What it computes, as part of a symbol's name.",
                    "::llvm::StringRef", "getKernelName">,
    InterfaceMethod<"The tensors or buffers, in order, that are given.",
                    "::llvm::SmallVector<::spattn::KernelArray>",
                    "getKernelArrays">,
    InterfaceMethod<"The scalars, in order, that are given or have a default.",
                    "::llvm::SmallVector<::spattn::KernelScalar>",
                    "getKernelScalars">,
    InterfaceMethod<"The order of the dimensions as text; see getDimOrder.",
                    "::llvm::StringRef", "getLayout">,
  ];
  let extraClassDeclaration = [{
    /// The order of the dimensions. The operation has been verified.
    ::spattn::Layout getDimOrder() {
      return *::spattn::Layout::parse(getLayout());
    }
  }];
}

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
    InterfaceMethod<"Which query and key are at distance 0.",
                    "::spattn::Alignment", "getAlignment">,
    InterfaceMethod<"Which length the `N` of bounds is.",
                    "::spattn::BoundLength", "getBoundLength">,
    InterfaceMethod<"Whether keys at later positions are not seen.",
                    "bool", "getCausalPositions">,
    InterfaceMethod<"", "void", "setCausalPositions",
                    (ins "bool":$causal_positions)>,
    InterfaceMethod<"The score of pairs at equal positions, or null.",
                    "::mlir::FloatAttr", "getSelfScoreAttr">,
    InterfaceMethod<"", "void", "setSelfScoreAttr",
                    (ins "::mlir::FloatAttr":$self_score)>,
    InterfaceMethod<"The order of the dimensions as text; see getOrder.",
                    "::llvm::StringRef", "getLayout">,
    InterfaceMethod<"The tiles that lists are of, or null.",
                    "::spattn::TileListsAttr", "getTileListsAttr">,
    InterfaceMethod<"Whether the scale may be 0 or negative, for all that is "
                    "known.", "bool", "getSignedScale">,
    InterfaceMethod<"What else happens to scores; empty where nothing does.",
                    "::mlir::Region &", "getScore">,
    InterfaceMethod<"The tile shape, or null.",
                    "::spattn::TileShapeAttr", "getTileShapeAttr">,
    InterfaceMethod<"", "void", "setTileShapeAttr",
                    (ins "::spattn::TileShapeAttr":$tile_shape)>,
    StaticInterfaceMethod<"What the operation takes, in the order of its "
                          "operands.",
                          "::llvm::ArrayRef<::spattn::OperandInfo>",
                          "getOperandInfos">,
    InterfaceMethod<"The operands, in order, that are given.",
                    "::llvm::SmallVector<::spattn::AttentionOperand>",
                    "getGivenOperands", (ins), "", [{
      ::llvm::SmallVector<::spattn::AttentionOperand> operands;
      ::llvm::ArrayRef<::spattn::OperandInfo> infos = $_op.getOperandInfos();
      bool isPaged = false;
      for (unsigned i = 0; i < infos.size(); ++i)
        for (::mlir::Value value : $_op.getODSOperands(i)) {
          isPaged |= infos[i].kind == ::spattn::OperandKind::PageTable;
          operands.push_back({value, &infos[i]});
        }
      if (isPaged)
        for (::spattn::AttentionOperand &operand : operands)
          operand.info = &::spattn::getPagedInfo(*operand.info);
      return operands;
    }]>,
    InterfaceMethod<"Floating-point operations for an allowed pair.",
                    "int64_t", "getOperationsPerPair">,
  ];
  let extraSharedClassDeclaration = [{
    /// The tensors or buffers, in order, that are given.
    ::llvm::SmallVector<::spattn::AttentionOperand> getAttentionOperands() {
      return ::spattn::detail::selectOperands($_op.getGivenOperands(),
                                              /*scalars=*/false);
    }
    /// The scalars, in order, that are given.
    ::llvm::SmallVector<::spattn::AttentionOperand> getScalarOperands() {
      return ::spattn::detail::selectOperands($_op.getGivenOperands(),
                                              /*scalars=*/true);
    }
    /// All operands that are given, by what they are.
    ::spattn::OperandValues getOperandValues() {
      ::spattn::OperandValues values;
      for (const ::spattn::AttentionOperand &operand : $_op.getGivenOperands())
        values[operand->kind] = operand.value;
      return values;
    }

    /// Whether batch entries hold sequences that start or end at rows known at
    /// run time only.
    bool hasSequences() {
      ::spattn::OperandValues values = getOperandValues();
      return values[::spattn::kQuerySequences.starts] ||
             values[::spattn::kQuerySequences.ends] ||
             values[::spattn::kKeySequences.starts] ||
             values[::spattn::kKeySequences.ends];
    }

    /// Whether queries and keys have positions, which decide on pairs.
    bool hasPositions() {
      return bool(
          getOperandValues()[::spattn::OperandKind::QueryPositions]);
    }

    /// Whether lists at run time say which tiles are visited besides those of
    /// the structure.
    bool hasTileLists() { return bool($_op.getTileListsAttr()); }
    /// The structures that mask the listed tiles of all query heads.
    ::spattn::HeadStructures getTileListMasks() {
      return ::spattn::detail::getHeadStructures(
          $_op.getTileListsAttr().getMask(), getNumQueryHeads());
    }
    /// The size of a dimension of `tile_indices`, which is given.
    int64_t getTileListSize(::spattn::Dim dim) {
      ::mlir::Value indices =
          getOperandValues()[::spattn::OperandKind::TileIndices];
      return getOperandSize(indices, dim);
    }

    /// The page table, or null: keys and values are in pages where there is one.
    ::mlir::Value getPageTableOrNull() {
      return getOperandValues()[::spattn::OperandKind::PageTable];
    }
    bool hasPages() { return bool(getPageTableOrNull()); }
    /// The rows of a page, which are static; 1 where there are no pages.
    int64_t getPageSize() {
      return hasPages() ? getOperandSize($_op.getKey(), ::spattn::Dim::Length)
                        : 1;
    }
    /// What has the number of keys: the dimension of an operand, in units of
    /// `getPageSize`.
    std::pair<::mlir::Value, unsigned> getKeyLengthDim() {
      if (::mlir::Value table = getPageTableOrNull())
        return {table, getDim(::spattn::getOperandInfo(
                                  ::spattn::OperandKind::PageTable),
                              ::spattn::Dim::Length)};
      return {$_op.getKey(), getDim(::spattn::Dim::Length)};
    }

    /// Whether a region modifies scores.
    bool hasScoreRegion() { return !$_op.getScore().empty(); }

    /// The order of the dimensions. The operation has been verified.
    ::spattn::Layout getOrder() {
      return *::spattn::Layout::parse($_op.getLayout());
    }
    /// The position of a dimension in the shapes of operands of rank 4.
    unsigned getDim(::spattn::Dim dim) { return getOrder().getDim(dim); }
    /// The position of a dimension in the shape of an operand.
    unsigned getDim(const ::spattn::OperandInfo &info, ::spattn::Dim dim) {
      return getOrder().getDim(info, dim);
    }

    int64_t getNumQueryHeads() {
      return getOperandSize($_op.getQuery(), ::spattn::Dim::Head);
    }
    int64_t getNumKeyHeads() {
      return getOperandSize($_op.getKey(), ::spattn::Dim::Head);
    }
    /// Query heads that share one key-value head.
    int64_t getGroupSize() { return getNumQueryHeads() / getNumKeyHeads(); }
    /// The head dimension of `query` and `key`, and that of `value`.
    int64_t getHeadDim() {
      return getOperandSize($_op.getQuery(), ::spattn::Dim::Width);
    }
    int64_t getValueDim() {
      return getOperandSize($_op.getValue(), ::spattn::Dim::Width);
    }
    /// Distances that `distance_bias` has a number for; 0 where there is none.
    int64_t getNumDistances() {
      ::mlir::Value bias =
          getOperandValues()[::spattn::OperandKind::DistanceBias];
      if (!bias)
        return 0;
      const ::spattn::OperandInfo &info =
          ::spattn::getOperandInfo(::spattn::OperandKind::DistanceBias);
      return ::llvm::cast<::mlir::ShapedType>(bias.getType())
          .getDimSize(getDim(info, ::spattn::Dim::Width));
    }
    /// The static size of an extent, or ShapedType::kDynamic.
    int64_t getExtentSize(::spattn::Extent extent) {
      switch (extent) {
      case ::spattn::Extent::None:
        return 1;
      case ::spattn::Extent::Batch:
        return getStaticBatch();
      case ::spattn::Extent::QueryHeads:
        return getNumQueryHeads();
      case ::spattn::Extent::KeyHeads:
        return getNumKeyHeads();
      case ::spattn::Extent::QueryLength:
        return getStaticQueryLength();
      case ::spattn::Extent::KeyLength:
        return getStaticKeyLength();
      case ::spattn::Extent::HeadDim:
        return getHeadDim();
      case ::spattn::Extent::ValueDim:
        return getValueDim();
      case ::spattn::Extent::Sequences:
        return getStaticSequences();
      case ::spattn::Extent::Distances:
        return getNumDistances();
      case ::spattn::Extent::ListBatch:
        return getTileListSize(::spattn::Dim::Batch);
      case ::spattn::Extent::ListHeads:
        return getTileListSize(::spattn::Dim::Head);
      case ::spattn::Extent::ListRows:
        return getTileListSize(::spattn::Dim::Length);
      case ::spattn::Extent::Listed:
        return getTileListSize(::spattn::Dim::Width);
      case ::spattn::Extent::TablePages: {
        auto [table, dim] = getKeyLengthDim();
        return ::llvm::cast<::mlir::ShapedType>(table.getType())
            .getDimSize(dim);
      }
      case ::spattn::Extent::Pages:
        return getOperandSize($_op.getKey(), ::spattn::Dim::Batch);
      case ::spattn::Extent::PageRows:
        return getPageSize();
      case ::spattn::Extent::Terms:
        return 1;
      }
      llvm_unreachable("an extent is one of the above");
    }
    /// Static lengths and batch size, or ShapedType::kDynamic.
    int64_t getStaticQueryLength() {
      return getOperandSize($_op.getQuery(), ::spattn::Dim::Length);
    }
    int64_t getStaticKeyLength() {
      auto [operand, dim] = getKeyLengthDim();
      int64_t size =
          ::llvm::cast<::mlir::ShapedType>(operand.getType()).getDimSize(dim);
      int64_t rows = getPageSize();
      if (::mlir::ShapedType::isDynamic(size) ||
          ::mlir::ShapedType::isDynamic(rows))
        return ::mlir::ShapedType::kDynamic;
      return ::llvm::SaturatingMultiply<uint64_t>(size, rows) >> 63
                 ? INT64_MAX
                 : size * rows;
    }
    int64_t getStaticBatch() {
      return getOperandSize($_op.getQuery(), ::spattn::Dim::Batch);
    }
    /// The static number of sequences of a batch entry, or
    /// ShapedType::kDynamic; 1 if there are no operands for them.
    int64_t getStaticSequences() {
      for (const ::spattn::AttentionOperand &operand : getAttentionOperands())
        if (operand->getExtent(::spattn::Dim::Length) ==
            ::spattn::Extent::Sequences)
          return ::llvm::cast<::mlir::ShapedType>(operand.value.getType())
              .getDimSize(getDim(*operand.info, ::spattn::Dim::Length));
      return 1;
    }

    /// The structures of all query heads, in order.
    ::spattn::HeadStructures getHeadStructures() {
      return ::spattn::detail::getHeadStructures($_op.getStructure(),
                                                 getNumQueryHeads());
    }

    /// The size of a dimension of an operand of rank 4.
    int64_t getOperandSize(::mlir::Value operand, ::spattn::Dim dim) {
      return ::llvm::cast<::mlir::ShapedType>(operand.getType())
          .getDimSize(getDim(dim));
    }
  }];
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNINTERFACES_TD
