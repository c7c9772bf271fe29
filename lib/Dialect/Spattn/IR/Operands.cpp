//===- Operands.cpp - What attention takes --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Operands.h"

#include "spattn/Dialect/Spattn/IR/KnownOperands.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace spattn;

#include "spattn/Dialect/Spattn/IR/SpattnEnums.cpp.inc"

char spattn::getLetter(Dim dim) { return "bhnd"[unsigned(dim)]; }

StringRef spattn::getSizeText(Extent extent) {
  switch (extent) {
  case Extent::None:
    return "";
  case Extent::Batch:
    return "batch size";
  case Extent::QueryHeads:
  case Extent::KeyHeads:
    return "number of heads";
  case Extent::QueryLength:
  case Extent::KeyLength:
    return "length";
  case Extent::HeadDim:
  case Extent::ValueDim:
    return "head dimension";
  case Extent::Sequences:
    return "number of sequences";
  case Extent::Distances:
    return "number of distances";
  case Extent::ListBatch:
    return "batch size";
  case Extent::ListHeads:
    return "number of heads";
  case Extent::ListRows:
    return "number of query tiles";
  case Extent::Listed:
    return "number of listed tiles";
  case Extent::TablePages:
  case Extent::Pages:
    return "number of pages";
  case Extent::PageRows:
    return "page size";
  case Extent::Terms:
    return "number of terms";
  }
  llvm_unreachable("an extent is one of the above");
}

StringRef spattn::getSymbol(Extent extent) {
  static constexpr StringLiteral symbols[] = {
      "",   "B",  "Hq", "Hkv", "Nq", "Nk", "D",  "Dv", "S",
      "Nd", "Bt", "Ht", "Nt",  "Kt", "Pt", "Np", "R",  "P"};
  return symbols[unsigned(extent)];
}

StringRef spattn::getRunTimeName(Extent extent) {
  switch (extent) {
  case Extent::Batch:
  case Extent::ListBatch:
    return "batch";
  case Extent::QueryLength:
    return "queryLength";
  case Extent::KeyLength:
    return "keyLength";
  case Extent::Sequences:
    return "sequences";
  case Extent::ListRows:
    return "listRows";
  case Extent::Listed:
    return "listed";
  case Extent::TablePages:
    return "tablePages";
  case Extent::Pages:
    return "poolPages";
  default:
    return "";
  }
}

std::string OperandInfo::getShapeText() const {
  std::string text;
  for (Extent extent : extents)
    if (extent != Extent::None)
      text += (text.empty() ? "" : " x ") + getSymbol(extent).str();
  return text;
}

StringRef OperandInfo::getSizeText(Dim dim) const {
  return spattn::getSizeText(getExtent(dim));
}

static OperandMap<const OperandInfo *> collectInfos() {
  OperandMap<const OperandInfo *> map;
  for (ArrayRef<OperandInfo> infos :
       {AttentionOp::getOperandInfos(), AttentionBackwardOp::getOperandInfos()})
    for (const OperandInfo &info : infos)
      if (!map[info.kind])
        map[info.kind] = &info;
  return map;
}

const OperandInfo &spattn::getOperandInfo(OperandKind kind) {
  static const OperandMap<const OperandInfo *> map = collectInfos();
  return *map[kind];
}

const OperandInfo &spattn::getPagedInfo(const OperandInfo &info) {
  static const auto paged = [] {
    std::array infos{getOperandInfo(OperandKind::Key),
                     getOperandInfo(OperandKind::Value)};
    for (OperandInfo &info : infos) {
      info.extents[unsigned(Dim::Batch)] = Extent::Pages;
      info.extents[unsigned(Dim::Length)] = Extent::PageRows;
    }
    return infos;
  }();
  const auto *found = llvm::find_if(paged, [&](const OperandInfo &pagedInfo) {
    return pagedInfo.kind == info.kind;
  });
  return found == paged.end() ? info : *found;
}

const KernelArray &spattn::getRowModel(ArrayRef<KernelArray> arrays) {
  return *llvm::find_if(arrays, [](const KernelArray &array) {
    return array->isOfQueries() &&
           array->getExtent(Dim::Width) == Extent::ValueDim;
  });
}

/// An array that an operation on rows reads; its name is the operation's.
static constexpr OperandInfo readArray(Extent length, Extent width,
                                       ElementKind elements,
                                       unsigned alignment) {
  return {OperandKind::Out,
          "",
          "",
          {Extent::Batch, Extent::QueryHeads, length, width},
          elements,
          alignment,
          /*isOptional=*/false,
          /*isWritten=*/false,
          /*gradientOf=*/std::nullopt,
          /*isPositive=*/false,
          /*isPositiveOnGpu=*/false,
          /*isOnDemand=*/false};
}

const OperandInfo spattn::kHashVectors = {
    OperandKind::Out,
    "",
    "",
    {Extent::ListBatch, Extent::Terms, Extent::KeyLength, Extent::ValueDim},
    ElementKind::InputOrF32,
    16,
    /*isOptional=*/false,
    /*isWritten=*/false,
    /*gradientOf=*/std::nullopt,
    /*isPositive=*/false,
    /*isPositiveOnGpu=*/false,
    /*isOnDemand=*/false};
const OperandInfo spattn::kSourceRows =
    readArray(Extent::KeyLength, Extent::ValueDim, ElementKind::InputOrF32, 16);
const OperandInfo spattn::kSourceNumbers =
    readArray(Extent::KeyLength, Extent::None, ElementKind::F32, 4);
const OperandInfo spattn::kRowNumbers =
    readArray(Extent::QueryLength, Extent::None, ElementKind::I32, 4);
const OperandInfo spattn::kRowNumbersOfTerms =
    readArray(Extent::QueryLength, Extent::Terms, ElementKind::I32, 4);

static constexpr OperandKind kKnownOperands[] = {
    OperandKind::Query,
    OperandKind::Key,
    OperandKind::Value,
    OperandKind::Out,
    OperandKind::Lse,
    OperandKind::OutGradient,
    OperandKind::LseGradient,
    OperandKind::SinkLogits,
    OperandKind::AlibiSlopes,
    OperandKind::DistanceBias,
    OperandKind::Scale,
    OperandKind::SoftCap,
    OperandKind::QueryGradient,
    OperandKind::KeyGradient,
    OperandKind::ValueGradient,
    OperandKind::SinkLogitsGradient,
    OperandKind::AlibiSlopesGradient,
    OperandKind::DistanceBiasGradient,
    OperandKind::QueryPositions,
    OperandKind::KeyPositions,
    OperandKind::QueryStarts,
    OperandKind::QueryEnds,
    OperandKind::KeyStarts,
    OperandKind::KeyEnds,
    OperandKind::TileCounts,
    OperandKind::TileIndices,
    OperandKind::PageTable,
};

ArrayRef<OperandKind> spattn::getBasicOperands() {
  return getOperandsWithSequences().drop_back(4);
}

ArrayRef<OperandKind> spattn::getOperandsWithSequences() {
  return getOperandsWithTileLists().drop_back(2);
}

ArrayRef<OperandKind> spattn::getOperandsWithTileLists() {
  return getOperandsWithPages().drop_back();
}

ArrayRef<OperandKind> spattn::getOperandsWithPages() { return kKnownOperands; }

LogicalResult spattn::checkKnownOperands(AttentionOpInterface op,
                                         ArrayRef<OperandKind> known,
                                         StringRef what) {
  for (const AttentionOperand &operand : op.getGivenOperands())
    if (!llvm::is_contained(known, operand->kind))
      return op->emitOpError("has '")
             << operand->name << "', but no " << what << " computes with '"
             << operand->name << "' yet";
  return success();
}

std::optional<Layout> Layout::parse(StringRef text) {
  Layout layout;
  if (text.size() != layout.dims.size())
    return std::nullopt;
  for (Dim dim : kDims) {
    size_t position = text.find(getLetter(dim));
    if (position == StringRef::npos)
      return std::nullopt;
    layout.dims[position] = dim;
  }
  return layout;
}

unsigned Layout::getDim(Dim dim) const {
  return llvm::find(dims, dim) - dims.begin();
}

unsigned Layout::getDim(const OperandInfo &info, Dim dim) const {
  return llvm::count_if(ArrayRef(dims).take_front(getDim(dim)),
                        [&](Dim other) { return info.has(other); });
}
