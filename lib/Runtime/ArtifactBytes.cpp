//===- ArtifactBytes.cpp - Artifacts as bytes -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, little-endian:
//
//   "SPATTNAR"  u32 version  u32 0  u64 bytes of the whole  fields  u64
//   checksum
//
// The checksum is that of everything ahead of it. Texts are a u64 length and
// bytes, lists a u64 length and elements, enumerations and booleans one byte.
//
//===----------------------------------------------------------------------===//

#include "Bytes.h"
#include "Text.h"
#include "spattn/Runtime/Artifact.h"

#include <type_traits>

using namespace spattn::runtime;

static constexpr std::string_view kMagic = "SPATTNAR";
static constexpr size_t kHeaderBytes = 24, kChecksumBytes = 8;

namespace {

// The last member of each enumeration.
constexpr CodeKind lastOf(CodeKind) { return CodeKind::Ptx; }
constexpr ElementType lastOf(ElementType) { return ElementType::F64; }
constexpr Swizzle lastOf(Swizzle) { return Swizzle::Bytes128; }
constexpr Interleave lastOf(Interleave) { return Interleave::Bytes32; }
constexpr L2Promotion lastOf(L2Promotion) { return L2Promotion::Bytes256; }
constexpr OobFill lastOf(OobFill) { return OobFill::Nan; }
constexpr TensorMapForm lastOf(TensorMapForm) {
  return TensorMapForm::Software;
}
constexpr ArgumentKind lastOf(ArgumentKind) { return ArgumentKind::F32; }
constexpr GridKind lastOf(GridKind) { return GridKind::Formula; }

// Each type's fields once, for reading and for writing: `Ref<T>` is a constant
// reference for the one and a mutable for the other.

template <class A>
void fields(A &a, typename A::template Ref<Factor> v) {
  a(v.name, v.divisor);
}
template <class A>
void fields(A &a, typename A::template Ref<Term> v) {
  a(v.coefficient, v.factors);
}
template <class A>
void fields(A &a, typename A::template Ref<Formula> v) {
  a(v.terms);
}
template <class A>
void fields(A &a, typename A::template Ref<Dimension> v) {
  a(v.name, v.extent, v.size);
}
template <class A>
void fields(A &a, typename A::template Ref<Operand> v) {
  a(v.name, v.type, v.dimensions, v.alignment, v.contiguous, v.optional,
    v.output);
}
template <class A>
void fields(A &a, typename A::template Ref<BoxDimension> v) {
  a(v.name, v.box);
}
template <class A>
void fields(A &a, typename A::template Ref<TensorMapRecipe> v) {
  a(v.operand, v.type, v.dimensions, v.swizzle, v.interleave, v.l2Promotion,
    v.fill, v.form);
}
template <class A>
void fields(A &a, typename A::template Ref<Scratch> v) {
  a(v.name, v.bytes, v.alignment, v.zeroed);
}
template <class A>
void fields(A &a, typename A::template Ref<Limit> v) {
  a(v.value, v.maximum);
}
template <class A>
void fields(A &a, typename A::template Ref<Argument> v) {
  a(v.kind, v.index, v.name);
}
template <class A>
void fields(A &a, typename A::template Ref<Grid> v) {
  a(v.kind, v.blocksPerMultiprocessor, v.x, v.y, v.z);
}
template <class A>
void fields(A &a, typename A::template Ref<Kernel> v) {
  a(v.entry, v.threads, v.cluster, v.dynamicSharedBytes, v.grid, v.arguments);
}
template <class A>
void fields(A &a,
            typename A::template Ref<std::pair<std::string, std::string>> v) {
  a(v.first, v.second);
}
template <class A>
void fields(A &a, typename A::template Ref<Artifact> v) {
  a(v.architecture, v.codeKind, v.code, v.operands, v.tensorMaps, v.scratch,
    v.limits, v.positive, v.kernels, v.metadata);
}

class Writer {
public:
  template <class T>
  using Ref = const T &;

  template <class... Ts>
  void operator()(const Ts &...values) {
    (write(values), ...);
  }

  ByteWriter bytes;

private:
  void write(const std::string &value) { bytes.text(value); }
  template <class T>
  void write(const std::vector<T> &values) {
    bytes.number(values.size(), 8);
    for (const T &value : values)
      write(value);
  }
  template <class T>
  void write(const T &value) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
      bytes.number(uint64_t(value), sizeof(T));
    else
      fields<Writer>(*this, value);
  }
};

class Reader {
public:
  template <class T>
  using Ref = T &;

  explicit Reader(std::string_view bytes) : bytes(bytes) {}

  template <class... Ts>
  void operator()(Ts &...values) {
    (read(values), ...);
  }

  ByteReader bytes;

private:
  void read(std::string &value) { value = bytes.text(); }
  template <class T>
  void read(std::vector<T> &values) {
    // Each element takes a byte at least, so this ends, however long the list
    // claims to be.
    uint64_t count = bytes.number(8);
    for (uint64_t i = 0; i < count && bytes.ok(); ++i)
      read(values.emplace_back());
  }
  template <class T>
  void read(T &value) {
    if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
      uint64_t number = bytes.number(1), last = 1;
      if constexpr (std::is_enum_v<T>)
        last = uint64_t(lastOf(T()));
      if (number > last)
        bytes.fail();
      else
        value = T(number);
    } else if constexpr (std::is_integral_v<T>) {
      value = T(bytes.number(sizeof(T)));
    } else {
      fields<Reader>(*this, value);
    }
  }
};

} // namespace

Result<std::string> Artifact::serialize() const {
  if (Status status = verify(); !status.ok())
    return status.in("invalid artifact");
  Writer writer;
  fields<Writer>(writer, *this);
  const std::string &content = writer.bytes.bytes;
  ByteWriter whole;
  whole.raw(kMagic);
  whole.number(kVersion, 4);
  whole.number(0, 4);
  whole.number(kHeaderBytes + content.size() + kChecksumBytes, 8);
  whole.raw(content);
  whole.number(hashBytes(whole.bytes), kChecksumBytes);
  return std::move(whole.bytes);
}

Result<Artifact> Artifact::parse(std::string_view bytes) {
  std::string_view magic = bytes.substr(0, kMagic.size());
  if (magic.empty() || magic != kMagic.substr(0, magic.size()))
    return makeError("not an artifact: it does not start with ", kMagic);
  if (bytes.size() < kHeaderBytes)
    return makeError("truncated artifact: it has ", bytes.size(),
                     " bytes, and its header alone has ", kHeaderBytes);
  ByteReader header(bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  uint64_t version = header.number(4), reserved = header.number(4);
  uint64_t size = header.number(8);
  if (version > kVersion)
    return makeError("the artifact has format version ", version,
                     "; this spattn reads version ", kVersion,
                     ", so use a later one");
  if (version != 0 && version < kVersion)
    return makeError("the artifact has the old format version ", version,
                     "; this spattn reads version ", kVersion,
                     ", so compile it again");
  if (bytes.size() < size)
    return makeError("truncated artifact: it has ", bytes.size(), " of ", size,
                     " bytes");
  if (version == 0 || reserved != 0 || size < kHeaderBytes + kChecksumBytes)
    return makeError("damaged artifact: its header is not valid");
  if (bytes.size() > size)
    return makeError("damaged artifact: ", bytes.size() - size,
                     " bytes follow its end");
  std::string_view body = bytes.substr(0, size - kChecksumBytes);
  if (ByteReader(bytes.substr(body.size())).number(8) != hashBytes(body))
    return makeError("damaged artifact: its checksum does not match");

  Reader reader(body.substr(kHeaderBytes));
  Artifact artifact;
  fields<Reader>(reader, artifact);
  if (!reader.bytes.ok() || reader.bytes.remaining() != 0)
    return makeError("damaged artifact: its fields do not fit their lengths");
  if (Status status = artifact.verify(); !status.ok())
    return status.in("invalid artifact");
  return artifact;
}
