//===- CpuCall.cpp - Runs functions compiled for the host -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CpuKernelImpl.h"
#include "KernelFunction.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <cmath>
#include <cstdlib>
#include <map>

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

extern "C" void memrefCopy(int64_t elementBytes, const void *source,
                           const void *target);

/// Words of a memref descriptor: two pointers, an offset, sizes, strides.
static size_t descriptorWords(const ParameterType &type) {
  return 3 + 2 * type.sizes.size();
}

static void appendDescriptor(SmallVectorImpl<int64_t> &words,
                             const BufferView &view) {
  words.append({0, 0, 0});
  words.append(view.sizes.begin(), view.sizes.end());
  words.append(view.strides.begin(), view.strides.end());
}

/// The view of a descriptor that the function returned.
static BufferView readDescriptor(const int64_t *words,
                                 const ParameterType &type) {
  size_t rank = type.sizes.size();
  BufferView view;
  view.elementType = type.element;
  view.data = reinterpret_cast<char *>(words[1]) +
              words[2] * getElementBytes(view.elementType);
  view.sizes.assign(words + 3, words + 3 + rank);
  view.strides.assign(words + 3 + rank, words + 3 + 2 * rank);
  return view;
}

namespace {
/// What an argument has of the words that the function takes.
struct Slot {
  size_t firstWord;
  bool hasElements;
};

/// A function and the descriptors of its arguments. Its C interface takes
/// pointers to descriptors, first that of the results.
class Frame {
public:
  static Expected<Frame> make(std::shared_ptr<const CpuKernel::Impl> kernel,
                              ArrayRef<KernelArgument> arguments);

  /// Calls the function. `returned` gets the descriptors of results that are no
  /// arguments.
  runtime::Status invoke(ArrayRef<ArgumentValue> values,
                         SmallVectorImpl<int64_t> &returned) const;

  std::shared_ptr<const CpuKernel::Impl> kernel;

private:
  std::vector<Slot> slots;
  SmallVector<int64_t> words;
  size_t returnedWords = 0;
};
} // namespace

Expected<Frame> Frame::make(std::shared_ptr<const CpuKernel::Impl> kernel,
                            ArrayRef<KernelArgument> arguments) {
  if (Error error = checkArguments(kernel->signature, arguments,
                                   /*hasData=*/false))
    return error;
  auto sizeAt = [&](unsigned argument, unsigned dim) {
    return std::get<BufferView>(arguments[argument]).sizes[dim];
  };
  for (const SharedDim &d : kernel->sharedDims)
    if (sizeAt(d.argument, d.dim) != sizeAt(d.otherArgument, d.otherDim))
      return makeError("arguments ", d.argument, " and ", d.otherArgument,
                       " should have the same ", d.what, ", got ",
                       sizeAt(d.argument, d.dim), " and ",
                       sizeAt(d.otherArgument, d.otherDim));
  Frame frame;
  for (const KernelArgument &argument : arguments) {
    const auto *view = std::get_if<BufferView>(&argument);
    frame.slots.push_back(
        {frame.words.size(), view && view->getNumElements() > 0});
    if (view)
      appendDescriptor(frame.words, *view);
    else
      frame.words.push_back(0);
  }
  for (auto [type, source] :
       llvm::zip(kernel->signature.results, kernel->results))
    if (source < 0)
      frame.returnedWords += descriptorWords(type);
  frame.kernel = std::move(kernel);
  return frame;
}

runtime::Status Frame::invoke(ArrayRef<ArgumentValue> values,
                              SmallVectorImpl<int64_t> &returned) const {
  auto fail = [](const auto &...parts) {
    return runtime::Status::error(
        llvm::toString(makeError("argument ", parts...)));
  };
  const std::vector<ParameterType> &types = kernel->signature.arguments;
  for (auto [i, info] : kernel->scalars)
    if (float value = float(values[i].real); findScalarError(*info, value))
      return fail(i, " is a ", info->name, " of ", value, ", expected a ",
                  info->isPositive ? "positive, " : "", "finite number");
  auto view = [&](unsigned argument) {
    BufferView view =
        readDescriptor(&words[slots[argument].firstWord], types[argument]);
    view.data = values[argument].data;
    return view;
  };
  auto isThere = [&](unsigned argument) {
    return values[argument].data || !slots[argument].hasElements;
  };
  for (const OperandCheck &check : kernel->checks)
    if (llvm::all_of(check.data, isThere))
      if (Error error = check.run(view))
        return runtime::Status::error(llvm::toString(std::move(error)));
  SmallVector<int64_t, 128> own(words.begin(), words.end());
  SmallVector<void *, 16> pointers(types.size());
  for (auto [i, slot] : llvm::enumerate(slots)) {
    int64_t *first = &own[slot.firstWord];
    pointers[i] = first;
    if (!types[i].isScalar) {
      if (slot.hasElements && !values[i].data)
        return fail(i, " has no data");
      first[0] = first[1] = reinterpret_cast<int64_t>(values[i].data);
    } else if (types[i].element == runtime::ElementType::F32) {
      *reinterpret_cast<float *>(first) = float(values[i].real);
    } else {
      *first = values[i].integer;
    }
  }
  returned.assign(returnedWords, 0);
  void *returnedPointer = returned.data();
  SmallVector<void *, 16> packed;
  if (returnedWords > 0)
    packed.push_back(&returnedPointer);
  for (auto [i, type] : llvm::enumerate(types))
    packed.push_back(type.isScalar ? pointers[i] : &pointers[i]);
  runtime::ThreadPool::Use pool(kernel->context.threadPool());
  kernel->entry(packed.data());
  return {};
}

//===----------------------------------------------------------------------===//
// With results
//===----------------------------------------------------------------------===//

Expected<std::vector<KernelResult>>
CpuKernel::run(ArrayRef<KernelArgument> arguments) const {
  Expected<Frame> frame = Frame::make(impl, arguments);
  if (!frame)
    return frame.takeError();
  SmallVector<ArgumentValue, 16> values;
  for (const KernelArgument &argument : arguments) {
    ArgumentValue &value = values.emplace_back();
    if (const auto *view = std::get_if<BufferView>(&argument))
      value.data = view->data;
    else if (const auto *real = std::get_if<float>(&argument))
      value.real = *real;
    else
      value.integer = std::get<int64_t>(argument);
  }
  SmallVector<int64_t, 32> returned;
  if (runtime::Status status = frame->invoke(values, returned); !status.ok())
    return makeError(status.message());

  std::vector<KernelResult> results;
  std::map<int64_t, std::shared_ptr<void>> owned;
  const int64_t *next = returned.data();
  for (auto [type, source] :
       llvm::zip(impl->signature.results, impl->results)) {
    if (source >= 0) {
      results.emplace_back(std::get<BufferView>(arguments[source]), nullptr);
      continue;
    }
    // Two results may be parts of one buffer.
    std::shared_ptr<void> &buffer = owned[next[0]];
    if (!buffer)
      buffer.reset(reinterpret_cast<void *>(next[0]), std::free);
    results.emplace_back(readDescriptor(next, type), buffer);
    next += descriptorWords(type);
  }
  return results;
}

//===----------------------------------------------------------------------===//
// With destinations
//===----------------------------------------------------------------------===//

namespace {
class CpuCall : public KernelCall {
public:
  CpuCall(Frame frame, std::vector<BufferView> destinations)
      : frame(std::move(frame)), destinations(std::move(destinations)) {}

  runtime::Status run(ArrayRef<ArgumentValue> values, void *,
                      runtime::cuda::Stream) const override;

private:
  runtime::Status copy(const int64_t *from, const ParameterType &type,
                       const BufferView &shape, unsigned argument,
                       void *to) const;

  Frame frame;
  /// The shapes of the arguments behind those of the function.
  std::vector<BufferView> destinations;
};
} // namespace

runtime::Status CpuCall::copy(const int64_t *from, const ParameterType &type,
                              const BufferView &shape, unsigned argument,
                              void *to) const {
  size_t rank = shape.sizes.size();
  for (size_t i = 0; i < rank; ++i)
    if (from[3 + i] != shape.sizes[i])
      return runtime::Status::error(llvm::toString(makeError(
          "argument ", argument, " has a dimension of size ", shape.sizes[i],
          ", but the result that it is for has ", from[3 + i])));
  if (shape.getNumElements() == 0)
    return {};
  if (!to)
    return runtime::Status::error(
        llvm::toString(makeError("argument ", argument, " has no data")));
  SmallVector<int64_t> target;
  appendDescriptor(target, shape);
  target[0] = target[1] = reinterpret_cast<int64_t>(to);
  struct {
    int64_t rank;
    const int64_t *descriptor;
  } source = {int64_t(rank), from}, sink = {int64_t(rank), target.data()};
  memrefCopy(getElementBytes(type.element), &source, &sink);
  return {};
}

runtime::Status CpuCall::run(ArrayRef<ArgumentValue> values, void *,
                             runtime::cuda::Stream) const {
  const CpuKernel::Impl &kernel = *frame.kernel;
  if (values.size() != kernel.form.arguments.size())
    return runtime::Status::error(
        llvm::toString(makeError("expected ", kernel.form.arguments.size(),
                                 " arguments, got ", values.size())));
  SmallVector<int64_t, 32> returned;
  size_t count = kernel.signature.arguments.size();
  runtime::Status status = frame.invoke(values.take_front(count), returned);
  if (!status.ok())
    return status;
  SmallVector<int64_t> buffers;
  const int64_t *next = returned.data();
  for (auto [i, type] : llvm::enumerate(kernel.signature.results)) {
    if (kernel.results[i] >= 0)
      continue;
    unsigned argument = kernel.form.results[i];
    if (status.ok())
      status = copy(next, type, destinations[argument - count], argument,
                    values[argument].data);
    if (!llvm::is_contained(buffers, next[0]))
      buffers.push_back(next[0]);
    next += descriptorWords(type);
  }
  for (int64_t buffer : buffers)
    std::free(reinterpret_cast<void *>(buffer));
  return status;
}

Expected<std::unique_ptr<KernelCall>>
CpuKernel::prepare(ArrayRef<KernelArgument> arguments) const {
  CallSignature whole;
  for (const CallForm::Argument &argument : impl->form.arguments)
    whole.arguments.push_back(argument.type);
  if (Error error = checkArguments(whole, arguments, /*hasData=*/false))
    return error;
  size_t count = impl->signature.arguments.size();
  Expected<Frame> frame = Frame::make(impl, arguments.take_front(count));
  if (!frame)
    return frame.takeError();
  std::vector<BufferView> destinations;
  for (const KernelArgument &argument : arguments.drop_front(count))
    destinations.push_back(std::get<BufferView>(argument));
  return std::unique_ptr<KernelCall>(
      std::make_unique<CpuCall>(std::move(*frame), std::move(destinations)));
}
