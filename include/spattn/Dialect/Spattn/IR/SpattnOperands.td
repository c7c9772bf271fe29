//===- SpattnOperands.td - The operands of attention --------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one description of what attention and its gradients take. From
// `Spattn_Operands` come the arguments and the syntax of both operations and,
// as a table of `OperandInfo` (Operands.h), what the verifier, kernel launches,
// the JIT, the oracle and the tools know of operands.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNOPERANDS_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNOPERANDS_TD

include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

//===----------------------------------------------------------------------===//
// What a row says
//===----------------------------------------------------------------------===//

/// What a dimension counts: an `Extent` of C++, which is the size of one `Dim`.
class Spattn_Extent<string extentName, string dimName, string extentSymbol> {
  string name = extentName;
  string dim = dimName;
  /// In documentation.
  string symbol = extentSymbol;
}
def Spattn_Batch : Spattn_Extent<"Batch", "Batch", "B">;
def Spattn_QueryHeads : Spattn_Extent<"QueryHeads", "Head", "Hq">;
def Spattn_KeyHeads : Spattn_Extent<"KeyHeads", "Head", "Hkv">;
def Spattn_QueryLength : Spattn_Extent<"QueryLength", "Length", "Nq">;
def Spattn_KeyLength : Spattn_Extent<"KeyLength", "Length", "Nk">;
def Spattn_HeadDim : Spattn_Extent<"HeadDim", "Width", "D">;
def Spattn_ValueDim : Spattn_Extent<"ValueDim", "Width", "Dv">;
/// Sequences of a batch entry: documents of a pack, or the one that is padded.
def Spattn_Sequences : Spattn_Extent<"Sequences", "Length", "S">;
def Spattn_Distances : Spattn_Extent<"Distances", "Width", "Nd">;
/// Lists of tiles: the batch entries and heads that have their own, tiles of
/// queries, and tiles of keys that a list has room for.
def Spattn_ListBatch : Spattn_Extent<"ListBatch", "Batch", "Bt">;
def Spattn_ListHeads : Spattn_Extent<"ListHeads", "Head", "Ht">;
def Spattn_ListRows : Spattn_Extent<"ListRows", "Length", "Nt">;
def Spattn_Listed : Spattn_Extent<"Listed", "Width", "Kt">;
/// Pages of a table that a batch entry has room for.
def Spattn_TablePages : Spattn_Extent<"TablePages", "Length", "Pt">;

/// An `ElementKind` of C++: which elements an array may have.
class Spattn_Elements<string kindName, string elementText> {
  string kind = kindName;
  string text = elementText;
}
def Spattn_OfInput
    : Spattn_Elements<"Input", "f32, f16 or bf16">;
def Spattn_OfInputOrF32
    : Spattn_Elements<"InputOrF32", "those of `query`, or f32">;
def Spattn_OfOut : Spattn_Elements<"Out", "those of `out`">;
def Spattn_OfF32 : Spattn_Elements<"F32", "f32">;
def Spattn_OfI32 : Spattn_Elements<"I32", "i32">;

/// What one of the operations does with an operand.
class Spattn_Access<bit used, bit written, bit optional> {
  bit isUsed = used;
  bit isWritten = written;
  bit isOptional = optional;
}
def Spattn_Ignores : Spattn_Access<0, 0, 0>;
def Spattn_Reads : Spattn_Access<1, 0, 0>;
def Spattn_MayRead : Spattn_Access<1, 0, 1>;
def Spattn_Writes : Spattn_Access<1, 1, 0>;
def Spattn_MayWrite : Spattn_Access<1, 1, 1>;

// Checked where result types are inferred, which comes first and can say which
// operand is another.
class Spattn_Array<string summary> : Type<CPred<"true">, summary>;

/// An operand. One without extents is a scalar of type f32.
class Spattn_Operand<string enumerator, string operandName, string bufferName,
                     list<Spattn_Extent> dims, Spattn_Elements ofElements,
                     Spattn_Access byForward, Spattn_Access byBackward,
                     int bytes = 16, string ofKind = "", bit positive = 0,
                     bit positiveOnGpu = positive, bit onDemand = 0> {
  /// The enumerator of `OperandKind`.
  string kind = enumerator;
  /// In the IR, in messages, and for functions of gradients.
  string name = operandName;
  /// In kernel launches.
  string buffer = bufferName;
  list<Spattn_Extent> extents = dims;
  Spattn_Elements elements = ofElements;
  Spattn_Access forward = byForward;
  Spattn_Access backward = byBackward;
  /// What GPU kernels ask of the address and of the strides of its buffer.
  int alignment = bytes;
  /// What it is the gradient of, if it is one.
  string gradientOf = ofKind;
  /// Whether a scalar, which is always finite, has to be positive, and whether
  /// GPU kernels ask it to be.
  bit isPositive = positive;
  bit isPositiveOnGpu = positiveOnGpu;
  /// Whether a gradient is there only where it is asked for, by its name.
  bit isOnDemand = onDemand;

  bit isScalar = !empty(extents);
  string shape =
      !interleave(!foreach(extent, extents, extent.symbol), " x ");
  Type constraint = !if(isScalar, F32,
      Spattn_Array<"ranked tensor or strided memref, " # shape #
                   ", elements " # elements.text>);
}

//===----------------------------------------------------------------------===//
// The operands
//===----------------------------------------------------------------------===//

defvar Spattn_QueryRows = [Spattn_Batch, Spattn_QueryHeads, Spattn_QueryLength];
defvar Spattn_KeyRows = [Spattn_Batch, Spattn_KeyHeads, Spattn_KeyLength];
defvar Spattn_EachQueryHead = [Spattn_QueryHeads];
defvar Spattn_EachSequence = [Spattn_Batch, Spattn_Sequences];
defvar Spattn_EachList = [Spattn_ListBatch, Spattn_ListHeads, Spattn_ListRows];

/// Operations take what they read, in this order, and then what they write.
/// The first operand with an extent has the size that others are compared with.
/// A gradient that may be written is, where what it is the gradient of is given,
/// or where one on demand is asked for.
defvar Spattn_Operands = [
  Spattn_Operand<"Query", "query", "q", Spattn_QueryRows # [Spattn_HeadDim],
                 Spattn_OfInput, Spattn_Reads, Spattn_Reads>,
  Spattn_Operand<"Key", "key", "k", Spattn_KeyRows # [Spattn_HeadDim],
                 Spattn_OfInput, Spattn_Reads, Spattn_Reads>,
  Spattn_Operand<"Value", "value", "v", Spattn_KeyRows # [Spattn_ValueDim],
                 Spattn_OfInput, Spattn_Reads, Spattn_Reads>,
  Spattn_Operand<"Out", "out", "o", Spattn_QueryRows # [Spattn_ValueDim],
                 Spattn_OfInputOrF32, Spattn_Writes, Spattn_Reads>,
  Spattn_Operand<"Lse", "lse", "lse", Spattn_QueryRows,
                 Spattn_OfF32, Spattn_MayWrite, Spattn_Reads, 4>,
  Spattn_Operand<"OutGradient", "dout", "do",
                 Spattn_QueryRows # [Spattn_ValueDim],
                 Spattn_OfOut, Spattn_Ignores, Spattn_Reads, 16, "Out">,
  Spattn_Operand<"LseGradient", "dlse", "dlse", Spattn_QueryRows,
                 Spattn_OfF32, Spattn_Ignores, Spattn_MayRead, 4, "Lse">,
  Spattn_Operand<"SinkLogits", "sink_logits", "sink", Spattn_EachQueryHead,
                 Spattn_OfF32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"QueryStarts", "query_starts", "qstart", Spattn_EachSequence,
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"QueryEnds", "query_ends", "qend", Spattn_EachSequence,
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"KeyStarts", "key_starts", "kstart", Spattn_EachSequence,
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"KeyEnds", "key_ends", "kend", Spattn_EachSequence,
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"AlibiSlopes", "alibi_slopes", "slopes", Spattn_EachQueryHead,
                 Spattn_OfF32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"DistanceBias", "distance_bias", "bias",
                 Spattn_EachQueryHead # [Spattn_Distances],
                 Spattn_OfF32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"QueryPositions", "query_positions", "qpos", Spattn_QueryRows,
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"KeyPositions", "key_positions", "kpos", Spattn_KeyRows,
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"TileCounts", "tile_counts", "tcount", Spattn_EachList,
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"TileIndices", "tile_indices", "tindex",
                 Spattn_EachList # [Spattn_Listed],
                 Spattn_OfI32, Spattn_MayRead, Spattn_MayRead, 4>,
  Spattn_Operand<"PageTable", "page_table", "pages",
                 [Spattn_Batch, Spattn_TablePages],
                 Spattn_OfI32, Spattn_MayRead, Spattn_Ignores, 4>,
  Spattn_Operand<"Scale", "scale", "scale", [],
                 Spattn_OfF32, Spattn_MayRead, Spattn_MayRead, 4, "",
                 /*positive=*/0, /*positiveOnGpu=*/1>,
  Spattn_Operand<"SoftCap", "soft_cap", "soft_cap", [],
                 Spattn_OfF32, Spattn_MayRead, Spattn_MayRead, 4, "",
                 /*positive=*/1>,
  Spattn_Operand<"QueryGradient", "dquery", "dq",
                 Spattn_QueryRows # [Spattn_HeadDim],
                 Spattn_OfInputOrF32, Spattn_Ignores, Spattn_Writes, 16,
                 "Query">,
  Spattn_Operand<"KeyGradient", "dkey", "dk",
                 Spattn_KeyRows # [Spattn_HeadDim],
                 Spattn_OfInputOrF32, Spattn_Ignores, Spattn_Writes, 16,
                 "Key">,
  Spattn_Operand<"ValueGradient", "dvalue", "dv",
                 Spattn_KeyRows # [Spattn_ValueDim],
                 Spattn_OfInputOrF32, Spattn_Ignores, Spattn_Writes, 16,
                 "Value">,
  Spattn_Operand<"SinkLogitsGradient", "dsink_logits", "dsink",
                 Spattn_EachQueryHead, Spattn_OfF32, Spattn_Ignores,
                 Spattn_MayWrite, 4, "SinkLogits">,
  Spattn_Operand<"AlibiSlopesGradient", "dalibi_slopes", "dslopes",
                 Spattn_EachQueryHead, Spattn_OfF32, Spattn_Ignores,
                 Spattn_MayWrite, 4, "AlibiSlopes", /*positive=*/0,
                 /*positiveOnGpu=*/0, /*onDemand=*/1>,
  Spattn_Operand<"DistanceBiasGradient", "ddistance_bias", "dbias",
                 Spattn_EachQueryHead # [Spattn_Distances], Spattn_OfF32,
                 Spattn_Ignores, Spattn_MayWrite, 4, "DistanceBias",
                 /*positive=*/0, /*positiveOnGpu=*/0, /*onDemand=*/1>
];

def Spattn_OperandKind : I32EnumAttr<"OperandKind",
    "the operands of attention and its gradients",
    !foreach(i, !range(!size(Spattn_Operands)),
             I32EnumAttrCase<Spattn_Operands[i].kind, i,
                             Spattn_Operands[i].name>)> {
  let cppNamespace = "::spattn";
  let genSpecializedAttr = 0;
}

//===----------------------------------------------------------------------===//
// What operations are made of
//===----------------------------------------------------------------------===//

/// An operand of one of the operations.
class Spattn_Use<Spattn_Operand ofOperand, Spattn_Access byOp> {
  Spattn_Operand operand = ofOperand;
  Spattn_Access access = byOp;
  string name = operand.name;
  bit isClause = !and(access.isOptional, !not(access.isWritten));

  string value = "$" # name;
  string type = "type($" # name # ")";
  /// The syntax of one that may be read.
  string clause = "\n(`" # name # "` `(` $" # name # "^ " #
      !if(operand.isScalar, "", "`:` " # type # " ") # "`)`)?";
  /// An OperandInfo.
  string row = "{::spattn::OperandKind::" # operand.kind # ", \"" # name #
      "\", \"" # operand.buffer # "\", {" #
      !interleave(!foreach(dim, ["Batch", "Head", "Length", "Width"],
          "::spattn::Extent::" # !foldl("None", operand.extents, found, extent,
              !if(!eq(extent.dim, dim), extent.name, found))), ", ") #
      "}, ::spattn::ElementKind::" # operand.elements.kind # ", " #
      operand.alignment # ", " # !if(access.isOptional, "true", "false") #
      ", " # !if(access.isWritten, "true", "false") # ", " #
      !if(!empty(operand.gradientOf), "std::nullopt",
          "::spattn::OperandKind::" # operand.gradientOf) #
      ", " # !if(operand.isPositive, "true", "false") #
      ", " # !if(operand.isPositiveOnGpu, "true", "false") #
      ", " # !if(operand.isOnDemand, "true", "false") # "}";
}

/// The arguments, the traits, the syntax and the table of one of the operations.
class Spattn_OperandsOf<bit isForward> {
  list<Spattn_Use> all = !foreach(operand, Spattn_Operands,
      Spattn_Use<operand,
                 !if(isForward, operand.forward, operand.backward)>);
  list<Spattn_Use> reads = !filter(use, all,
      !and(use.access.isUsed, !not(use.access.isWritten)));
  list<Spattn_Use> writes = !filter(use, all,
      !and(use.access.isUsed, use.access.isWritten));
  list<Spattn_Use> uses = reads # writes;

  dag arguments = !dag(ins,
      !foreach(use, uses, !if(use.access.isOptional,
                              Optional<use.operand.constraint>,
                              use.operand.constraint)),
      !foreach(use, uses, use.name));

  // Which of several operands are given has to be noted.
  list<Trait> traits = !if(!gt(!size(!filter(use, uses,
      use.access.isOptional)), 1), [AttrSizedOperandSegments], []<Trait>);

  list<Spattn_Use> given = !filter(use, reads, !not(use.isClause));
  list<Spattn_Use> clauses = !filter(use, reads, use.isClause);
  list<Spattn_Use> outs = !filter(use, writes, !not(use.access.isOptional));
  list<Spattn_Use> moreOuts = !filter(use, writes,
      !and(use.access.isOptional, !not(use.operand.isOnDemand)));
  // Which of them are there, only names can say.
  list<Spattn_Use> demanded = !filter(use, writes, use.operand.isOnDemand);
  string syntax = "\n`ins` `(` " #
      !interleave(!foreach(use, given, use.value), " `,` ") # " `:`\n  " #
      !interleave(!foreach(use, given, use.type), " `,` ") # " `)`" #
      !interleave(!foreach(use, clauses, use.clause), "") # "\n`outs` `(` " #
      !interleave(!foreach(use, outs, use.value), " `,` ") #
      !interleave(!foreach(use, moreOuts,
                           " (`,` " # use.value # "^)?"), "") # " `:` " #
      !interleave(!foreach(use, outs, use.type), " `,` ") #
      !interleave(!foreach(use, moreOuts,
                           " (`,` " # use.type # "^)?"), "") # " `)`" #
      !interleave(!foreach(use, demanded, use.clause), "") # "\n";

  string table = "{" #
      !interleave(!foreach(use, uses, use.row), ",\n      ") # "}";
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNOPERANDS_TD
