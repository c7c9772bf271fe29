//===- KeyPages.h - Tiles of keys in pages ----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KEYPAGES_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KEYPAGES_H

#include "KernelSignature.h"
#include "WorkTile.h"

namespace spattn {

/// Rows of a box of a tensor map of keys: those of a tile, or of a page where
/// that has fewer.
int64_t getKeyBox(AttentionOpInterface op, int64_t keyTile);

/// The arguments of a kernel that say which pages hold the keys.
class KeyPageArguments {
public:
  explicit KeyPageArguments(KernelSignature &signature)
      : pointer(signature.buffer("pages")),
        batchStride(signature.stride("pages", "b")),
        stride(signature.stride("pages", "n")) {}

private:
  friend class KeyPages;
  KernelSignature::Argument pointer, batchStride, stride;
};

/// Loads tiles of keys, or values, that are in pages. Tiles start at multiples
/// of their size, and so are whole pages or lie within one.
class KeyPages {
public:
  using Value = mlir::Value;

  /// `keyLength`: the keys of a batch entry without sequences.
  KeyPages(KernelBuilder &b, const KeyPageArguments &arguments,
           const KernelSignature &signature, AttentionOpInterface op,
           int64_t keyTile, Value keyLength)
      : b(b), arguments(arguments), signature(signature),
        pageSize(op.getPageSize()), keyTile(keyTile), keyLength(keyLength) {}

  /// The numbers of the pages of the tile from key `first` on, which is one of
  /// the work tile's keys. For pages past the last key no number is read; they
  /// are -1, of which zeros are loaded.
  llvm::SmallVector<Value> find(const WorkTile &tile, Value first);
  /// Starts the load of a tile whose pages have been found.
  void load(Value map, llvm::ArrayRef<Value> pages, Value first, Value head,
            Value tile, Value full);

private:
  KernelBuilder &b;
  const KeyPageArguments &arguments;
  const KernelSignature &signature;
  int64_t pageSize, keyTile;
  Value keyLength;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KEYPAGES_H
