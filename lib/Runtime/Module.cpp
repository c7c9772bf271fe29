//===- Module.cpp - Kernels in a context, ready to be launched ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Module.h"

#include "BoundLaunch.h"
#include "ModuleImpl.h"
#include "SmallBuffer.h"
#include "Text.h"

#include <algorithm>

using namespace spattn::runtime;

// The most CTAs of a grid, along x, and along y and z.
static constexpr int64_t kMaxGridX = 0x7fffffff, kMaxGridYZ = 0xffff;
/// Clusters of more CTAs must be allowed explicitly.
static constexpr uint32_t kPortableCluster = 8;

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

Module::Impl::Impl(std::shared_ptr<const Artifact> artifact,
                   DeviceContext context, DeviceInfo device, Plan plan)
    : artifact(std::move(artifact)), context(std::move(context)),
      device(std::move(device)), plan(std::move(plan)),
      boundLaunches(std::make_unique<BoundLaunches>()) {}

Module::Impl::~Impl() {
  if (!handle)
    return;
  // Fails if the owner of the context has destroyed it, and the module with it.
  if (auto scope = ContextScope::enter(context))
    (void)driver().moduleUnload(handle);
}

std::string Module::Impl::describeDevice() const {
  return concat("device ", device.device, " (", device.name,
                ", compute capability ", device.major, ".", device.minor, ")");
}

Status Module::Impl::loadCode() {
  auto architecture = Architecture::parse(artifact->architecture);
  if (!architecture)
    return architecture.status();
  if (!architecture->runsOn(device.major, device.minor, artifact->codeKind))
    return makeError("the ",
                     artifact->codeKind == CodeKind::Cubin ? "cubin" : "PTX",
                     " is for ", artifact->architecture, ", which ",
                     describeDevice(), " does not run");
  auto needsEngine = [](const TensorMapRecipe &recipe) {
    return recipe.form == TensorMapForm::Hardware;
  };
  const auto &maps = artifact->tensorMaps;
  if (std::any_of(maps.begin(), maps.end(), needsEngine) &&
      (!device.tensorMaps || !driver().tensorMapEncodeTiled)) {
    if (device.tensorMaps)
      return driver().makeMissing("cuTensorMapEncodeTiled");
    return makeError("the kernels need tensor maps, which ", describeDevice(),
                     " does not support");
  }

  char log[4096] = {};
  int options[] = {cuda::kJitErrorLog, cuda::kJitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log) - 1)};
  Status status = driver().moduleLoadDataEx(&handle, artifact->code.c_str(), 2,
                                            options, values);
  if (!status.ok()) {
    handle = nullptr;
    std::string message = status.message();
    if (status.driverCode() == cuda::kUnsupportedPtxVersion)
      message += concat("; the driver supports CUDA ",
                        formatCudaVersion(driver().version()));
    if (log[0])
      message += concat("\n", log);
    return Status::error(message, status.driverCode());
  }
  for (const Kernel &kernel : artifact->kernels)
    if (Status status = loadKernel(kernel); !status.ok())
      return status.in("kernel '" + kernel.entry + "'");
  return {};
}

Status Module::Impl::loadKernel(const Kernel &kernel) {
  cuda::Function function = nullptr;
  if (Status status =
          driver().moduleGetFunction(&function, handle, kernel.entry.c_str());
      !status.ok())
    return status;
  KernelInfo info;
  Status failure;
  auto get = [&](int &value, cuda::FunctionAttribute attribute) {
    Status status = driver().funcGetAttribute(&value, attribute, function);
    if (!status.ok() && failure.ok())
      failure = status;
  };
  get(info.registers, cuda::kFunctionRegisters);
  get(info.localBytes, cuda::kFunctionLocalBytes);
  get(info.staticSharedBytes, cuda::kFunctionSharedBytes);
  get(info.maxThreads, cuda::kFunctionMaxThreads);
  if (!failure.ok())
    return failure;

  int64_t shared = int64_t(kernel.dynamicSharedBytes) + info.staticSharedBytes;
  if (shared > device.sharedBytesPerBlock)
    return makeError(shared, " bytes of shared memory per CTA; ",
                     describeDevice(), " has ", device.sharedBytesPerBlock);
  if (int64_t(kernel.threads) > info.maxThreads)
    return makeError("CTAs of ", kernel.threads, " threads; with its ",
                     info.registers, " registers it can have ",
                     info.maxThreads);
  if (kernel.cluster > 1 &&
      (!device.clusterLaunch || !driver().launchKernelEx)) {
    if (device.clusterLaunch)
      return driver().makeMissing("cuLaunchKernelEx");
    return makeError("clusters, which ", describeDevice(), " does not support");
  }

  if (kernel.dynamicSharedBytes > 0)
    if (Status status =
            driver().funcSetAttribute(function, cuda::kFunctionMaxDynamicShared,
                                      int(kernel.dynamicSharedBytes));
        !status.ok())
      return status;
  if (kernel.cluster > kPortableCluster)
    if (Status status = driver().funcSetAttribute(
            function, cuda::kFunctionNonPortableCluster, 1);
        !status.ok())
      return status;
  if (Status status = driver().occupancyMaxBlocks(&info.blocksPerMultiprocessor,
                                                  function, int(kernel.threads),
                                                  kernel.dynamicSharedBytes);
      !status.ok())
    return status;
  if (info.blocksPerMultiprocessor < 1)
    return makeError("no CTA fits on an SM of ", describeDevice());
  functions.push_back(function);
  infos.push_back(info);
  return {};
}

Module::Module() = default;
Module::~Module() = default;

Result<std::shared_ptr<const Module>>
Module::load(std::shared_ptr<const Artifact> artifact,
             const DeviceContext &context) {
  if (Status status = artifact->verify(); !status.ok())
    return status.in("invalid artifact");
  auto plan = Plan::make(*artifact);
  if (!plan)
    return plan.status();
  auto device = getDeviceInfo(context.driver(), context.device());
  if (!device)
    return device.status();
  auto scope = ContextScope::enter(context);
  if (!scope)
    return scope.status();
  std::shared_ptr<Module> module(new Module());
  module->impl = std::make_unique<Impl>(std::move(artifact), context,
                                        *std::move(device), *std::move(plan));
  if (Status status = module->impl->loadCode(); !status.ok())
    return status.in("cannot load the kernels");
  return std::shared_ptr<const Module>(std::move(module));
}

const Artifact &Module::artifact() const { return *impl->artifact; }
const DeviceContext &Module::context() const { return impl->context; }
const DeviceInfo &Module::device() const { return impl->device; }
const std::vector<KernelInfo> &Module::kernels() const { return impl->infos; }

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

Status Module::Impl::checkMemory(cuda::DevicePtr address) const {
  unsigned type = 0, managed = 0;
  int ordinal = -1;
  int attributes[] = {cuda::kPointerMemoryType, cuda::kPointerIsManaged,
                      cuda::kPointerDeviceOrdinal};
  // Of an address that the driver does not know, it leaves these 0 or as they
  // are, without an error.
  void *values[] = {&type, &managed, &ordinal};
  if (Status status =
          driver().pointerGetAttributes(3, attributes, values, address);
      !status.ok())
    return status;
  if (type == 0 && !device.pageableMemory)
    return makeError("the address is not one of the CUDA driver's memory");
  if (type == cuda::kMemoryTypeDevice && !(managed & 1) &&
      ordinal != device.device)
    return makeError("the memory is on device ", ordinal,
                     ", but the kernel runs on device ", device.device);
  return {};
}

Status Module::Impl::checkAddresses(const LaunchArguments &arguments) const {
  for (size_t i = 0; i < arguments.operands.size(); ++i) {
    const OperandView &view = arguments.operands[i];
    if (view.address == 0 || std::count(view.sizes, view.sizes + view.rank, 0))
      continue;
    if (Status status = checkMemory(view.address); !status.ok())
      return status.in("operand '" + artifact->operands[i].name + "'");
  }
  return {};
}

Status Module::Impl::checkScratch(const LaunchArguments &arguments,
                                  const std::vector<int64_t> &sizes) const {
  if (arguments.scratch.size() != sizes.size())
    return makeError("got ", arguments.scratch.size(),
                     " scratch buffers, expected ", sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Scratch &buffer = artifact->scratch[i];
    cuda::DevicePtr address = arguments.scratch[i];
    if (sizes[i] == 0)
      continue;
    Status status;
    if (address == 0)
      status = makeError("address 0");
    else if (address % buffer.alignment != 0)
      status = makeError("the address is not a multiple of ", buffer.alignment,
                         " bytes");
    else if (arguments.checkAddresses)
      status = checkMemory(address);
    if (!status.ok())
      return status.in("scratch buffer '" + buffer.name + "'");
  }
  return {};
}

Status Module::Impl::clearScratch(const LaunchArguments &arguments,
                                  const std::vector<int64_t> &sizes) const {
  for (size_t i = 0; i < sizes.size(); ++i)
    if (artifact->scratch[i].zeroed && sizes[i] > 0)
      if (Status status = driver().memsetD8Async(
              arguments.scratch[i], 0, size_t(sizes[i]), arguments.stream);
          !status.ok())
        return status;
  return {};
}

std::optional<ValueId> Module::findValue(std::string_view name) const {
  uint32_t slot = impl->plan.findSlot(name);
  if (slot == kNone)
    return std::nullopt;
  return ValueId{slot};
}

Result<std::vector<int64_t>>
Module::getScratchBytes(const LaunchArguments &arguments) const {
  auto values = impl->plan.bind(artifact(), arguments);
  if (!values)
    return values.status();
  return impl->plan.getScratchBytes(artifact(), *values);
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

Status Module::Impl::getGrid(size_t index, const std::vector<Scalar> &values,
                             unsigned (&grid)[3]) const {
  const Kernel &kernel = artifact->kernels[index];
  int64_t blocks[3] = {1, 1, 1};
  for (unsigned i = 0; i < 3; ++i) {
    auto value = plan.getGrid(*artifact, index, i, values);
    if (!value)
      return value.status().in("grid");
    blocks[i] = *value;
  }
  int64_t cluster = kernel.cluster;
  if (kernel.grid.kind == GridKind::Persistent) {
    int64_t each = kernel.grid.blocksPerMultiprocessor;
    if (each == 0)
      each = infos[index].blocksPerMultiprocessor;
    int64_t resident = device.multiprocessors * each;
    // A cluster more than there is work for leaves at once; one more than there
    // is room for would wait for all others.
    resident = std::max(resident / cluster, int64_t(1)) * cluster;
    if (!kernel.grid.x.terms.empty() && blocks[0] < resident)
      resident = (blocks[0] + cluster - 1) / cluster * cluster;
    blocks[0] = resident;
  }
  for (unsigned i = 0; i < 3; ++i) {
    int64_t limit = i == 0 ? kMaxGridX : kMaxGridYZ;
    if (blocks[i] > limit)
      return makeError("a grid of ", blocks[i], " CTAs along ", "xyz"[i],
                       "; at most ", limit, " are possible");
    grid[i] = unsigned(blocks[i]);
  }
  if (grid[0] % kernel.cluster != 0)
    return makeError("a grid of ", grid[0],
                     " CTAs along x cannot be split into clusters of ",
                     kernel.cluster);
  return {};
}

Result<Prepared> Module::Impl::prepare(const LaunchArguments &arguments) const {
  auto values = plan.bind(*artifact, arguments);
  if (!values)
    return values.status();
  if (Status status = plan.checkLimits(*artifact, *values); !status.ok())
    return status;
  auto sizes = plan.getScratchBytes(*artifact, *values);
  if (!sizes)
    return sizes.status();
  auto scope = ContextScope::enter(context);
  if (!scope)
    return scope.status();
  if (arguments.checkAddresses)
    if (Status status = checkAddresses(arguments); !status.ok())
      return status;
  return Prepared{*std::move(scope), *std::move(values), *std::move(sizes)};
}

/// The scratch is good.
Status Module::Impl::launch(const LaunchArguments &arguments,
                            const Prepared &prepared) const {
  auto layout = LaunchLayout::make(*this, arguments, prepared.values);
  if (!layout)
    return layout.status();
  // Only once all is well.
  if (Status status = clearScratch(arguments, prepared.scratchBytes);
      !status.ok())
    return status;
  std::vector<cuda::DevicePtr> addresses;
  for (const OperandView &view : arguments.operands)
    addresses.push_back(view.address);
  return layout->run(*this, {addresses.data(), arguments.scratch.data(),
                             /*reals=*/nullptr, arguments.stream});
}

Status Module::launch(const LaunchArguments &arguments) const {
  auto prepared = impl->prepare(arguments);
  if (!prepared)
    return prepared.status();
  if (Status status = impl->checkScratch(arguments, prepared->scratchBytes);
      !status.ok())
    return status;
  return impl->launch(arguments, *prepared);
}

Status Module::launchWithScratch(const LaunchArguments &arguments) const {
  auto bound = impl->boundLaunches->get(*impl, arguments);
  if (!bound)
    return bound.status();
  SmallBuffer<cuda::DevicePtr, 24> addresses(arguments.operands.size());
  for (size_t i = 0; i < arguments.operands.size(); ++i)
    addresses[i] = arguments.operands[i].address;
  SmallBuffer<double, 8> reals(arguments.values.size());
  size_t numReals = 0;
  for (const NamedValue &value : arguments.values)
    if (value.isFloat)
      reals[numReals++] = value.real;
  return (*bound)->launch(*impl, addresses.data(), reals.data(), /*scratch=*/0,
                          arguments.stream);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

Program::Program(Artifact artifact)
    : shared(std::make_shared<const Artifact>(std::move(artifact))) {}

Result<std::shared_ptr<const Module>> Program::load(const Driver &driver,
                                                    int ordinal) {
  auto context = DeviceContext::current(driver, ordinal);
  if (!context)
    return context.status();
  Key key(context->handle(), 0);
  if (driver.ctxGetId)
    if (Status status = driver.ctxGetId(context->handle(), &key.second);
        !status.ok())
      return status;
  // Held while loading: a second thread would load the same code again.
  std::lock_guard<std::mutex> lock(mutex);
  auto it = modules.find(key);
  if (it != modules.end())
    return it->second;
  auto module = Module::load(shared, *context);
  if (module)
    modules.emplace(key, *module);
  return module;
}

void Program::unload() {
  std::map<Key, std::shared_ptr<const Module>> unloaded;
  std::lock_guard<std::mutex> lock(mutex);
  unloaded.swap(modules);
}
