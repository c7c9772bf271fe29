//===- Structure.cpp - Structures of query heads --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Structure.h"

#include "Module.h"
#include "mlir/AsmParser/AsmParser.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Structure/Divide.h"
#include "spattn/Structure/FixLength.h"
#include "spattn/Structure/Simplify.h"

#include <algorithm>

using namespace spattn;
using namespace spattn::capi;

/// Prints a structure as an attribute: a mixture, or one for any number of
/// heads.
static std::string print(mlir::MLIRContext &context,
                         const HeadStructures &heads, bool anyNumber) {
  // Not every structure has been read from text, which does that.
  context.loadDialect<SpattnDialect>();
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (heads.groups().size() == 1 && !anyNumber)
    stream << HeadsAttr::get(&context, {heads.groups()[0].count},
                             {toAttr(&context, heads.groups()[0].structure)});
  else
    stream << toAttr(&context, heads);
  return text;
}

static HeadStructures simplifyAny(const HeadStructures &heads, bool anyNumber,
                                  KnownLengths lengths = {},
                                  Alignment alignment = Alignment::End) {
  if (!anyNumber)
    return simplify(heads, lengths, alignment);
  return HeadStructures(
      {{1, simplify(heads.groups()[0].structure, lengths, alignment)}});
}

SpattnStatus spattn::capi::makeStructure(std::shared_ptr<const Shared> shared,
                                         HeadStructures heads, bool anyNumber,
                                         SpattnStructure *structure) {
  std::optional<std::string> message =
      anyNumber ? heads.groups()[0].structure.validate() : heads.validate();
  if (message)
    return invalid(*message);
  auto made = std::make_unique<SpattnStructureImpl>();
  shared->withAttributes([&](mlir::MLIRContext &context) {
    made->text = print(context, heads, anyNumber);
    made->canonical = print(context, simplifyAny(heads, anyNumber), anyNumber);
  });
  made->heads = std::move(heads);
  made->anyNumber = anyNumber;
  made->shared = std::move(shared);
  *structure = made.release();
  return nullptr;
}

SpattnStatus spattnStructureParse(SpattnContext context, const char *text,
                                  size_t size, SpattnStructure *structure) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            structure, "structure", {{context, "context"}, {text, "text"}}))
      return status;
    HeadStructures heads;
    bool anyNumber = false;
    SpattnStatus failure = context->shared->withAttributes(
        [&](mlir::MLIRContext &attributes) -> SpattnStatus {
          Listener listener(attributes, nullptr);
          auto attribute =
              mlir::parseAttribute(llvm::StringRef(text, size), &attributes);
          if (!attribute)
            return listener.makeStatus(SpattnStatusInvalidInput,
                                       "the structure cannot be read");
          anyNumber = mlir::isa<StructureAttrInterface>(attribute);
          auto own = mlir::dyn_cast<HeadsAttr>(attribute);
          if (!anyNumber && !own)
            return makeStatus(SpattnStatusInvalidInput,
                              ("'" + llvm::StringRef(text, size) +
                               "' is no structure; expected one such as "
                               "#spattn.causal")
                                  .str());
          heads =
              detail::getHeadStructures(attribute, own ? own.getNumHeads() : 1);
          return nullptr;
        });
    if (failure)
      return failure;
    return makeStructure(context->shared, std::move(heads), anyNumber,
                         structure);
  });
}

void spattnStructureDestroy(SpattnStructure structure) { delete structure; }

const char *spattnStructureGetText(SpattnStructure structure) {
  return structure ? structure->text.c_str() : "";
}

const char *spattnStructureGetCanonicalText(SpattnStructure structure) {
  return structure ? structure->canonical.c_str() : "";
}

int64_t spattnStructureGetNumHeads(SpattnStructure structure) {
  return structure && !structure->anyNumber ? structure->heads.numHeads() : 0;
}

bool spattnStructureIsEqual(SpattnStructure a, SpattnStructure b) {
  return a && b ? a->canonical == b->canonical : a == b;
}

uint64_t spattnStructureGetHash(SpattnStructure structure) {
  // FNV-1a.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char *text = spattnStructureGetCanonicalText(structure); *text;
       ++text)
    hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3;
  return hash;
}

//===----------------------------------------------------------------------===//
// At lengths
//===----------------------------------------------------------------------===//

SpattnStatus spattn::capi::convert(SpattnAlignment given,
                                   Alignment &alignment) {
  if (given != SpattnAlignmentEnd && given != SpattnAlignmentStart)
    return invalid("there is no alignment ", int(given));
  alignment = given == SpattnAlignmentEnd ? Alignment::End : Alignment::Start;
  return nullptr;
}

SpattnStatus spattn::capi::resolveHeads(SpattnStructure structure,
                                        int64_t &numHeads) {
  int64_t own = spattnStructureGetNumHeads(structure);
  if (numHeads == 0)
    numHeads = own;
  if (own != 0 && numHeads != own)
    return invalid("the structure is for ", own, " heads, not ", numHeads);
  if (numHeads < 1 || numHeads > HeadStructures::maxHeads)
    return invalid("expected from 1 to ", HeadStructures::maxHeads,
                   " heads, got ", numHeads);
  return nullptr;
}

SpattnStatus spattnStructureSimplify(SpattnStructure structure, int64_t queries,
                                     int64_t keys, SpattnAlignment alignment,
                                     SpattnStructure *simplified) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(simplified, "simplified", {{structure, "structure"}}))
      return status;
    Alignment ends;
    if (SpattnStatus status = convert(alignment, ends))
      return status;
    KnownLengths lengths;
    for (auto [given, known] : {std::pair(queries, &lengths.queries),
                                std::pair(keys, &lengths.keys)}) {
      if (given == SPATTN_UNKNOWN)
        continue;
      if (given < 0 || given >= kLengthLimit)
        return invalid("expected a length from 0 to 2^30 - 1, got ", given);
      *known = given;
    }
    return makeStructure(
        structure->shared,
        simplifyAny(structure->heads, structure->anyNumber, lengths, ends),
        structure->anyNumber, simplified);
  });
}

SpattnStatus spattnStructureFixLength(SpattnStructure structure,
                                      int64_t numHeads, int64_t length,
                                      SpattnStructure *fixed) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(fixed, "fixed", {{structure, "structure"}}))
      return status;
    if (SpattnStatus status = resolveHeads(structure, numHeads))
      return status;
    if (length < 0 || length >= kLengthLimit)
      return invalid("expected a length from 0 to 2^30 - 1, got ", length);
    HeadStructures heads = structure->forHeads(numHeads);
    if (std::optional<std::string> message = heads.validate())
      return invalid(*message);
    return makeStructure(structure->shared, fixLength(heads, length),
                         /*anyNumber=*/false, fixed);
  });
}

SpattnStatus spattnStructureDivide(SpattnStructure structure, int64_t numHeads,
                                   SpattnAlignment alignment,
                                   SpattnDividedHeads *groups, size_t capacity,
                                   size_t *numGroups) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(numGroups, "numGroups", {{structure, "structure"}}))
      return status;
    Alignment ends;
    if (SpattnStatus status = convert(alignment, ends))
      return status;
    if (capacity > 0 && !groups)
      return invalid("'groups' is null, but there is room for ", capacity);
    if (SpattnStatus status = resolveHeads(structure, numHeads))
      return status;
    HeadStructures heads = structure->forHeads(numHeads);
    if (std::optional<std::string> message = heads.validate())
      return invalid(*message);
    std::vector<DividedGroup> found = divide(heads, ends);
    auto makeOwn = [&](const Structure &own, int64_t count,
                       SpattnStructure *made) {
      return makeStructure(structure->shared, HeadStructures({{count, own}}),
                           /*anyNumber=*/true, made);
    };
    for (size_t k = 0; k < std::min(capacity, found.size()); ++k) {
      const auto &[count, divided] = found[k];
      groups[k] = {count, divided.modulus,
                   divided.remainder.value_or(SPATTN_UNKNOWN), nullptr,
                   nullptr};
      SpattnStatus status =
          makeOwn(divided.structure, count, &groups[k].structure);
      if (!status && divided.others)
        status = makeOwn(*divided.others, count, &groups[k].others);
      if (!status)
        continue;
      for (size_t made = 0; made <= k; ++made) {
        spattnStructureDestroy(groups[made].structure);
        spattnStructureDestroy(groups[made].others);
      }
      return status;
    }
    *numGroups = found.size();
    return nullptr;
  });
}
