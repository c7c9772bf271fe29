//===- Npy.cpp - NumPy's array files --------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/Npy.h"

#include "spattn/Support/OutputFiles.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SwapByteOrder.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <optional>

using namespace spattn;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {
struct TypeInfo {
  NpyType type;
  /// With the byte order that is written.
  const char *descr;
  unsigned size;
};
} // namespace

static constexpr TypeInfo kTypes[] = {
    {NpyType::F2, "<f2", 2}, {NpyType::F4, "<f4", 4}, {NpyType::F8, "<f8", 8},
    {NpyType::I1, "|i1", 1}, {NpyType::I2, "<i2", 2}, {NpyType::I4, "<i4", 4},
    {NpyType::I8, "<i8", 8}, {NpyType::U1, "|u1", 1}, {NpyType::U2, "<u2", 2},
    {NpyType::U4, "<u4", 4}, {NpyType::U8, "<u8", 8}, {NpyType::V2, "|V2", 2},
};

/// NumPy's own limit, since 2.0.
static constexpr size_t kMaxRank = 64;

/// What fits the length field of format 1.0. Headers of plain arrays have some
/// 100 bytes.
static constexpr uint32_t kMaxHeaderLength = 65535;

unsigned spattn::getNpySize(NpyType type) {
  return kTypes[static_cast<int>(type)].size;
}

StringRef spattn::getNpyDescr(NpyType type) {
  return kTypes[static_cast<int>(type)].descr;
}

//===----------------------------------------------------------------------===//
// The header: a literal of a Python dictionary
//===----------------------------------------------------------------------===//

namespace {
struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortranOrder;
  std::optional<llvm::SmallVector<int64_t, 4>> shape;
};

/// Reads the literals that NumPy writes. Every function returns whether it
/// found what it looked for; `problem` says what is wrong with the header.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : rest(text) {}

  bool parse(Header &header) {
    if (!consume("{"))
      return fail("expected a dictionary");
    while (!consume("}")) {
      std::string key;
      if (!parseString(key) || !consume(":"))
        return fail("expected a key and ':'");
      if (!parseEntry(key, header))
        return false;
      if (!consume(",") && !peek("}"))
        return fail("expected ',' or '}'");
    }
    skipSpace();
    if (!rest.empty())
      return fail("text after the dictionary");
    if (!header.descr || !header.fortranOrder || !header.shape)
      return fail("expected 'descr', 'fortran_order' and 'shape'");
    return true;
  }

  std::string problem;

private:
  bool fail(const llvm::Twine &what) {
    if (problem.empty())
      problem = what.str();
    return false;
  }

  void skipSpace() { rest = rest.ltrim(" \t\n\r\v\f"); }
  bool peek(StringRef token) {
    skipSpace();
    return rest.starts_with(token);
  }
  bool consume(StringRef token) {
    skipSpace();
    return rest.consume_front(token);
  }

  bool parseString(std::string &value) {
    for (StringRef quote : {"'", "\""}) {
      if (!consume(quote))
        continue;
      size_t end = rest.find(quote);
      if (end == StringRef::npos)
        return fail("a string without end");
      value = rest.take_front(end).str();
      rest = rest.drop_front(end + 1);
      return true;
    }
    return false;
  }

  bool parseEntry(StringRef key, Header &header) {
    if (key == "descr") {
      if (peek("["))
        return fail("arrays of records are not supported");
      return parseString(header.descr.emplace()) ||
             fail("expected a string as 'descr'");
    }
    if (key == "fortran_order") {
      bool isTrue = consume("True");
      if (!isTrue && !consume("False"))
        return fail("expected True or False as 'fortran_order'");
      header.fortranOrder = isTrue;
      return true;
    }
    if (key == "shape")
      return parseShape(header.shape.emplace());
    return fail("an unknown key '" + key.take_front(32) + "'");
  }

  bool parseShape(llvm::SmallVectorImpl<int64_t> &shape) {
    if (!consume("("))
      return fail("expected a tuple as 'shape'");
    while (!consume(")")) {
      skipSpace();
      int64_t size;
      if (rest.consumeInteger(10, size) || size < 0)
        return fail("expected sizes from 0 to 2^63 - 1 in 'shape'");
      rest.consume_front("L"); // Python 2
      if (shape.size() == kMaxRank)
        return fail("more than " + llvm::Twine(kMaxRank) + " dimensions");
      shape.push_back(size);
      if (!consume(",") && !peek(")"))
        return fail("expected ',' or ')' in 'shape'");
    }
    return true;
  }

  StringRef rest;
};
} // namespace

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Error makeError(StringRef name, const llvm::Twine &what) {
  return llvm::createFileError(name, llvm::createStringError(what));
}

/// The type that `descr` names, in any spelling of little-endian.
static Expected<NpyType> parseType(StringRef descr, StringRef name) {
  if (descr.size() > 1) {
    char order = descr.front();
    StringRef code = descr.drop_front();
    for (const TypeInfo &info : kTypes) {
      if (code != StringRef(info.descr).drop_front())
        continue;
      if (StringRef("<=|").contains(order) || info.size == 1)
        return info.type;
      if (order == '>')
        return makeError(name, "elements are big-endian ('" + descr +
                                   "'); little-endian ones are supported");
    }
  }
  std::string supported = llvm::join(
      llvm::map_range(kTypes, [](const TypeInfo &i) { return i.descr; }), ", ");
  return makeError(name, "elements of type '" + descr.take_front(32) +
                             "' are not supported; supported are " + supported +
                             " (bfloat16 as <u2 or |V2)");
}

/// Elements of an array, unless they are too many to have an address.
static std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> sizes) {
  if (llvm::is_contained(sizes, 0))
    return 0;
  int64_t count = 1;
  for (int64_t size : sizes)
    if (llvm::MulOverflow(count, size, count))
      return std::nullopt;
  return count;
}

static void setStrides(NpyView &array, bool fortranOrder) {
  size_t rank = array.sizes.size();
  array.strides.resize(rank);
  int64_t stride = 1;
  for (size_t i = 0; i < rank; ++i) {
    size_t dim = fortranOrder ? i : rank - 1 - i;
    array.strides[dim] = stride;
    // Arrays without elements have no product of sizes that is bounded.
    stride *= std::max<int64_t>(array.sizes[dim], 1);
  }
}

/// Takes the part before the data off `rest` and returns the dictionary.
static Expected<StringRef> takeHeader(StringRef &rest, StringRef name) {
  using namespace llvm::support;
  if (!rest.consume_front("\x93NUMPY"))
    return makeError(name, "not a .npy file");
  if (rest.size() < 2)
    return makeError(name, "truncated in the header");
  unsigned major = static_cast<uint8_t>(rest[0]);
  unsigned minor = static_cast<uint8_t>(rest[1]);
  rest = rest.drop_front(2);
  if (major < 1 || major > 3 || minor != 0)
    return makeError(name, "format " + llvm::Twine(major) + "." +
                               llvm::Twine(minor) +
                               " is not supported; supported are 1.0, 2.0 and "
                               "3.0");
  size_t lengthBytes = major == 1 ? 2 : 4;
  if (rest.size() < lengthBytes)
    return makeError(name, "truncated in the header");
  uint32_t length = major == 1 ? endian::read16le(rest.data())
                               : endian::read32le(rest.data());
  rest = rest.drop_front(lengthBytes);
  if (length > kMaxHeaderLength)
    return makeError(name,
                     "a header of " + llvm::Twine(length) + " bytes; at most " +
                         llvm::Twine(kMaxHeaderLength) + " are supported");
  if (rest.size() < length)
    return makeError(name, "truncated in the header");
  StringRef text = rest.take_front(length);
  rest = rest.drop_front(length);
  return text;
}

Expected<NpyArray> spattn::parseNpy(std::unique_ptr<llvm::MemoryBuffer> file,
                                    StringRef name) {
  if (!llvm::sys::IsLittleEndianHost)
    return makeError(name, "this host is big-endian, which is not supported");
  StringRef data = file->getBuffer();
  Expected<StringRef> text = takeHeader(data, name);
  if (!text)
    return text.takeError();
  Header header;
  HeaderParser parser(*text);
  if (!parser.parse(header))
    return makeError(name, "malformed header: " + parser.problem);
  Expected<NpyType> type = parseType(*header.descr, name);
  if (!type)
    return type.takeError();

  NpyArray array;
  array.type = *type;
  array.sizes = *header.shape;
  std::optional<int64_t> count = countElements(array.sizes);
  int64_t bytes;
  if (!count || llvm::MulOverflow<int64_t>(*count, getNpySize(*type), bytes))
    return makeError(name, "an array of 2^63 bytes or more");
  if (static_cast<uint64_t>(bytes) != data.size())
    return makeError(name, llvm::Twine(data.size()) +
                               " bytes of data, but the header asks for " +
                               llvm::Twine(bytes) +
                               (data.size() < static_cast<uint64_t>(bytes)
                                    ? " (truncated)"
                                    : " (data after the array)"));
  if (*count == 0)
    array.strides.assign(array.sizes.size(), 0);
  else
    setStrides(array, *header.fortranOrder);
  array.data = data.data();
  array.file = std::move(file);
  return array;
}

Expected<NpyArray> spattn::readNpy(StringRef path) {
  // Devices and pipes may have no end.
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return llvm::createFileError(path, error);
  if (!llvm::sys::fs::is_regular_file(status))
    return makeError(path, "not a regular file");
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return llvm::createFileError(path, file.getError());
  return parseNpy(std::move(*file), path);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Prints the elements of the dimensions from `dim` on, in C order.
static void printElements(llvm::raw_ostream &stream, const NpyView &array,
                          size_t dim, const char *data) {
  size_t rank = array.sizes.size(), size = getNpySize(array.type);
  // Trailing dimensions without gaps are one piece.
  int64_t piece = 1;
  size_t contiguous = rank;
  while (contiguous > dim && (array.strides[contiguous - 1] == piece ||
                              array.sizes[contiguous - 1] == 1)) {
    --contiguous;
    piece *= array.sizes[contiguous];
  }
  if (contiguous == dim) {
    stream.write(data, piece * size);
    return;
  }
  for (int64_t i = 0; i < array.sizes[dim]; ++i)
    printElements(stream, array, dim + 1,
                  data + i * array.strides[dim] * static_cast<int64_t>(size));
}

void spattn::printNpy(llvm::raw_ostream &stream, const NpyView &array) {
  std::string header;
  llvm::raw_string_ostream text(header);
  text << "{'descr': '" << getNpyDescr(array.type)
       << "', 'fortran_order': False, 'shape': (";
  llvm::interleaveComma(array.sizes, text);
  // A tuple of one has a comma.
  text << (array.sizes.size() == 1 ? ",), }" : "), }");
  // Data starts at a multiple of 64 bytes; the magic string, the version and
  // the length take 10. The header ends in a newline.
  header.resize(llvm::alignTo(header.size() + 1 + 10, 64) - 10 - 1, ' ');
  header += '\n';
  char length[2];
  llvm::support::endian::write16le(length, header.size());
  stream << StringRef("\x93NUMPY\x01\x00", 8) << StringRef(length, 2) << header;
  if (!llvm::is_contained(array.sizes, 0))
    printElements(stream, array, 0, static_cast<const char *>(array.data));
}

Error spattn::writeNpy(StringRef path, const NpyView &array) {
  return writeFile(path,
                   [&](llvm::raw_ostream &stream) { printNpy(stream, array); });
}
