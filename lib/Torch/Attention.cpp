//===- Attention.cpp - The operators of attention -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionCall.h"
#include "Classes.h"
#include "Operators.h"

using namespace spattn::torch_ops;
namespace stable = torch::stable::detail;

/// attention(Tensor query, Tensor key, Tensor value, options..., Tensor? sinks,
///     float? soft_cap, Tensor? alibi_slopes, Tensor? distance_bias,
///     sequences..., positions..., lists..., str score)
///     -> (Tensor output, Tensor lse)
void spattn::torch_ops::attention(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto query = reader.take<Tensor>(), key = reader.take<Tensor>(),
       value = reader.take<Tensor>();
  Options options(reader);
  auto sinks = reader.take<std::optional<Tensor>>();
  Modifiers modifiers(reader);

  AttentionCall call(options, query, key, value);
  Place place(call.device);
  Operand output = makeRowsLike(call.query, call.value.sizes[3], call.device),
          lse = makeNumbersLike(call.query, call.device);
  call.start();
  call.readSinks(sinks);
  modifiers.addTo(call);
  call.operands.insert(call.operands.end(), {&output, &lse});
  runAttention(call.request, call.operands, /*numResults=*/2,
               call.getScalars(modifiers), place);
  stack[0] = stable::from(output.tensor);
  stack[1] = stable::from(lse.tensor);
}

/// paged_attention(Tensor query, Tensor key, Tensor value, Tensor page_table,
///     options..., Tensor? sinks, float? soft_cap, Tensor? alibi_slopes,
///     Tensor? distance_bias, sequences..., str score)
///     -> (Tensor output, Tensor lse)
void spattn::torch_ops::pagedAttention(StableIValue *stack, uint64_t,
                                       uint64_t) {
  ArgumentReader reader(stack);
  auto query = reader.take<Tensor>(), key = reader.take<Tensor>(),
       value = reader.take<Tensor>(), tableTensor = reader.take<Tensor>();
  Options options(reader);
  auto sinks = reader.take<std::optional<Tensor>>();
  Modifiers modifiers(reader, /*hasPages=*/true);

  AttentionCall call(options, query, key, value);
  Operand table = Operand::ofSequences(tableTensor, "page_table");
  call.checkDevice(table, "page_table");
  if (table.sizes[0] != call.query.sizes[0])
    fail("page_table: expected the batch size of query, ", call.query.sizes[0],
         ", got ", table.sizes[0]);

  Place place(call.device);
  Operand output = makeRowsLike(call.query, call.value.sizes[3], call.device),
          lse = makeNumbersLike(call.query, call.device);
  call.start();
  table.makeReadable(call.device);
  call.request.pageSize = call.key.sizes[2];
  call.request.keyLength *= table.sizes[1];
  call.readSinks(sinks);
  modifiers.addTo(call);
  call.operands.insert(call.operands.end(), {&table, &output, &lse});
  runKernel(call.request, call.operands, call.getScalars(modifiers), place);
  stack[0] = stable::from(output.tensor);
  stack[1] = stable::from(lse.tensor);
}
