//===- GpuCall.cpp - Launches functions compiled for a GPU ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuKernelImpl.h"
#include "KernelFunction.h"
#include "spattn/Runtime/PreparedLaunch.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

static Expected<runtime::OperandView> getOperandView(unsigned i,
                                                     const BufferView &view) {
  if (view.sizes.size() > runtime::kMaxRank)
    return makeError("argument ", i, " has rank ", view.sizes.size());
  runtime::OperandView operand;
  operand.address = reinterpret_cast<uintptr_t>(view.data);
  operand.rank = unsigned(view.sizes.size());
  llvm::copy(view.sizes, operand.sizes);
  llvm::copy(view.strides, operand.strides);
  return operand;
}

/// Arguments as operands of the artifact, in its order.
static Expected<std::vector<runtime::OperandView>>
getOperandViews(const GpuKernel::Impl &kernel,
                ArrayRef<KernelArgument> arguments) {
  std::vector<runtime::OperandView> views;
  views.reserve(kernel.operandArguments.size());
  for (std::optional<unsigned> argument : kernel.operandArguments) {
    // One that is left out.
    if (!argument) {
      views.emplace_back();
      continue;
    }
    auto view =
        getOperandView(*argument, std::get<BufferView>(arguments[*argument]));
    if (!view)
      return view.takeError();
    views.push_back(*view);
  }
  return views;
}

Error GpuKernel::check(ArrayRef<KernelArgument> arguments) const {
  return checkArguments(impl->signature, arguments, /*hasData=*/false);
}

Error GpuKernel::launch(const runtime::Driver &driver,
                        ArrayRef<KernelArgument> arguments,
                        runtime::cuda::Stream stream, int ordinal) const {
  if (Error error = checkArguments(impl->signature, arguments))
    return error;
  auto views = getOperandViews(*impl, arguments);
  if (!views)
    return views.takeError();
  runtime::LaunchArguments launch;
  launch.operands = std::move(*views);
  for (const HostScalar &scalar : impl->function.scalars)
    launch.values.push_back(
        {scalar.name, scalar.argument
                          ? std::get<float>(arguments[*scalar.argument])
                          : scalar.constant});
  launch.stream = stream;
  auto loaded = impl->program->load(driver, ordinal);
  if (!loaded)
    return makeError(loaded.message());
  if (runtime::Status status = (*loaded)->launchWithScratch(launch);
      !status.ok())
    return makeError(status.message());
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Calls that are laid out once
//===----------------------------------------------------------------------===//

namespace {
class GpuCall : public KernelCall {
public:
  GpuCall(const GpuKernel::Impl &kernel,
          std::unique_ptr<const runtime::PreparedLaunch> prepared)
      : context(kernel.context), prepared(std::move(prepared)),
        numArguments(kernel.signature.arguments.size()),
        scalars(kernel.function.scalars), operands(kernel.operandArguments) {}

  size_t getScratchBytes() const override { return prepared->scratchBytes(); }
  size_t getScratchAlignment() const override {
    return prepared->scratchAlignment();
  }

  runtime::Status run(ArrayRef<ArgumentValue> values, void *scratch,
                      runtime::cuda::Stream stream) const override;

private:
  /// The driver is the context's.
  RuntimeContext context;
  std::unique_ptr<const runtime::PreparedLaunch> prepared;
  size_t numArguments;
  std::vector<HostScalar> scalars;
  /// The argument that each operand of the artifact is.
  std::vector<std::optional<unsigned>> operands;
};
} // namespace

runtime::Status GpuCall::run(ArrayRef<ArgumentValue> values, void *scratch,
                             runtime::cuda::Stream stream) const {
  if (values.size() != numArguments)
    return runtime::Status::error(llvm::toString(makeError(
        "expected ", numArguments, " arguments, got ", values.size())));
  auto toAddress = [](const void *pointer) {
    return runtime::cuda::DevicePtr(reinterpret_cast<uintptr_t>(pointer));
  };
  SmallVector<runtime::cuda::DevicePtr, 16> addresses;
  for (std::optional<unsigned> argument : operands)
    addresses.push_back(argument ? toAddress(values[*argument].data) : 0);
  SmallVector<double, 4> reals;
  for (const HostScalar &scalar : scalars)
    reals.push_back(scalar.argument ? float(values[*scalar.argument].real)
                                    : scalar.constant);
  return prepared->launch(addresses.data(), reals.data(), toAddress(scratch),
                          stream);
}

runtime::Result<std::unique_ptr<KernelCall>>
GpuKernel::prepare(const runtime::Driver &driver,
                   ArrayRef<KernelArgument> arguments, int ordinal,
                   bool checkAddresses) const {
  if (Error error = check(arguments))
    return runtime::Status::error(llvm::toString(std::move(error)));
  auto views = getOperandViews(*impl, arguments);
  if (!views)
    return runtime::Status::error(llvm::toString(views.takeError()));
  runtime::LaunchArguments launch;
  launch.operands = std::move(*views);
  launch.checkAddresses = checkAddresses;
  for (const HostScalar &scalar : impl->function.scalars)
    launch.values.push_back({scalar.name, scalar.constant});
  auto loaded = impl->program->load(driver, ordinal);
  if (!loaded)
    return loaded.status();
  auto prepared =
      runtime::PreparedLaunch::make(*std::move(loaded), std::move(launch));
  if (!prepared)
    return prepared.status();
  return std::unique_ptr<KernelCall>(
      std::make_unique<GpuCall>(*impl, *std::move(prepared)));
}
