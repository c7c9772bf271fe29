//===- Npy.h - NumPy's array files -----------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads .npy files of the formats 1.0, 2.0 and 3.0, and writes 1.0. Files are
// not trusted: whatever they hold, reading gives an array or an error.
//
// NumPy has no bfloat16. The bits of such arrays are written as `<u2`; read
// they may also be two opaque bytes (`V2`), which is what ml_dtypes' bfloat16
// is saved as.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_NPY_H
#define SPATTN_SUPPORT_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace spattn {

/// Element types that are read and written, all little-endian.
enum class NpyType : uint8_t { F2, F4, F8, I1, I2, I4, I8, U1, U2, U4, U8, V2 };

/// Bytes of an element.
unsigned getNpySize(NpyType type);

/// As in a file's header: `<f4`, `|i1`.
llvm::StringRef getNpyDescr(NpyType type);

/// An array in memory. Strides are in elements; the data need not be aligned.
struct NpyView {
  NpyType type = NpyType::F4;
  llvm::SmallVector<int64_t, 4> sizes, strides;
  const void *data = nullptr;
};

/// An array read from a file, which it keeps mapped.
struct NpyArray : NpyView {
  std::unique_ptr<llvm::MemoryBuffer> file;
};

/// Reads a file. Errors name it and what is wrong.
llvm::Expected<NpyArray> readNpy(llvm::StringRef path);

/// Reads the contents of a file; errors call it `name`.
llvm::Expected<NpyArray> parseNpy(std::unique_ptr<llvm::MemoryBuffer> file,
                                  llvm::StringRef name);

/// Prints an array in format 1.0 and C order. It has at most 64 dimensions.
void printNpy(llvm::raw_ostream &stream, const NpyView &array);

/// Writes a file, whole or not at all.
llvm::Error writeNpy(llvm::StringRef path, const NpyView &array);

} // namespace spattn

#endif // SPATTN_SUPPORT_NPY_H
