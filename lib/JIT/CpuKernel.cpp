//===- CpuKernel.cpp - Compiles functions for the host CPU ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/JIT/CpuKernel.h"

#include "CpuKernelImpl.h"
#include "KernelFunction.h"
#include "RuntimeSymbols.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/SymbolTable.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Pipelines/CpuPipeline.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <chrono>
#include <mutex>

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// The host
//===----------------------------------------------------------------------===//

std::string spattn::getHostName() {
  int64_t width = getHostVectorWidth();
  const char *vectors = width == 16 ? "AVX-512" : width == 8 ? "AVX2" : "";
  llvm::Triple triple(llvm::sys::getProcessTriple());
  return (triple.getArchName() + (*vectors ? ", " : "") + vectors).str();
}

int64_t spattn::getHostVectorWidth() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  if (features.lookup("avx512f"))
    return 16;
  if (features.lookup("avx2"))
    return 8;
  return 4;
}

static void initializeHost() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

CpuKernel::CpuKernel(const RuntimeContext &context)
    : impl(std::make_shared<Impl>(context)) {}
CpuKernel::~CpuKernel() = default;
const CallSignature &CpuKernel::getSignature() const { return impl->signature; }
const CallForm &CpuKernel::getCallForm() const { return impl->form; }
double CpuKernel::getCompileTime() const { return impl->compileTime; }

static std::vector<SharedDim> collectSharedDims(func::FuncOp function);

/// Lowers to the LLVM dialect, and says where the results of a function are.
static LogicalResult lower(ModuleOp module, func::FuncOp function,
                           const CpuCompileOptions &options,
                           std::vector<int64_t> &results) {
  CpuOptions pipeline = options;
  if (!pipeline.vectorWidth)
    pipeline.vectorWidth = getHostVectorWidth();

  Builder b(module.getContext());
  function->setAttr(kResultArgumentsName, b.getDenseI64ArrayAttr({}));
  std::string name = function.getName().str();
  if (failed(runStages<CpuOptions>(module,
                                   {{buildCpuLoopsPipeline, "1-loops.mlir"}},
                                   pipeline, options.dumpFolder)))
    return failure();
  auto found = cast<DenseI64ArrayAttr>(
      module.lookupSymbol<func::FuncOp>(name)->removeAttr(
          kResultArgumentsName));
  results.assign(found.asArrayRef().begin(), found.asArrayRef().end());
  return runStages<CpuOptions>(module,
                               {{buildCpuVectorPipeline, "2-vector.mlir"},
                                {buildCpuLLVMPipeline, "3-llvm.mlir"}},
                               pipeline, options.dumpFolder);
}

/// Removes what a function does not use, with the modules inside of its own.
static void prune(ModuleOp module, func::FuncOp function) {
  SymbolTable symbols(module);
  SetVector<Operation *> used;
  used.insert(function);
  for (Operation &op : *module.getBody())
    if (!isa<SymbolOpInterface>(op))
      used.insert(&op);
  for (size_t i = 0; i < used.size(); ++i) {
    std::optional<SymbolTable::UseRange> uses =
        SymbolTable::getSymbolUses(used[i]);
    // An operation that may hold anything.
    if (!uses)
      return;
    for (SymbolTable::SymbolUse use : *uses)
      if (Operation *op = symbols.lookup(use.getSymbolRef().getRootReference()))
        used.insert(op);
  }
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (!used.contains(&op))
      op.erase();
  for (Operation *op : used)
    if (auto other = dyn_cast<func::FuncOp>(op);
        other && other != function && !other.isExternal())
      other.setPrivate();
}

/// Whether all functions without a body are there to be called.
static LogicalResult checkCallees(ModuleOp module) {
  const llvm::StringMap<void *> &runtime = getRuntimeSymbols();
  llvm::sys::DynamicLibrary::LoadLibraryPermanently(nullptr);
  LogicalResult result = success();
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    StringRef name = function.getName();
    if (!function.isExternal() || name.starts_with("llvm.") ||
        runtime.contains(name) ||
        llvm::sys::DynamicLibrary::SearchForAddressOfSymbol(name.str()))
      continue;
    // Conversions declare a C interface for each declaration.
    result = function.emitError("function '")
             << name
             << "' has no body, and this process no function of its "
                "name";
  }
  return result;
}

/// Results that are no arguments are destinations behind those.
static void addResults(CpuKernel::Impl &kernel) {
  CallForm &form = kernel.form;
  for (auto [type, source] :
       llvm::zip(kernel.signature.results, kernel.results)) {
    unsigned argument = unsigned(source < 0 ? form.arguments.size() : source);
    form.results.push_back(argument);
    if (source < 0)
      form.arguments.push_back({type});
    form.arguments[argument].isDestination = true;
  }
}

Expected<std::unique_ptr<CpuKernel>>
CpuKernel::compile(ModuleOp module, StringRef entry,
                   const RuntimeContext &context,
                   const CpuCompileOptions &options) {
  auto start = std::chrono::steady_clock::now();
  initializeHost();
  std::unique_ptr<CpuKernel> kernel(new CpuKernel(context));
  OwningOpRef<ModuleOp> clone = module.clone();
  Expected<func::FuncOp> function = findEntry(*clone, entry);
  if (!function)
    return function.takeError();
  auto signature = spattn::getSignature(*function);
  if (!signature)
    return signature.takeError();
  kernel->impl->signature = std::move(*signature);
  kernel->impl->sharedDims = collectSharedDims(*function);
  CallForm &form = kernel->impl->form;
  for (const ParameterType &type : kernel->impl->signature.arguments)
    form.arguments.push_back({type});
  function->walk([&](KernelOpInterface op) {
    for (Value init : cast<DestinationStyleOpInterface>(*op).getDpsInits())
      if (std::optional<unsigned> argument = tracedArgument(init))
        form.arguments[*argument].isDestination = true;
    if (auto attention = dyn_cast<AttentionOpInterface>(*op))
      llvm::append_range(kernel->impl->checks, getOperandChecks(attention));
    for (const KernelScalar &scalar : op.getKernelScalars()) {
      auto argument = dyn_cast_or_null<BlockArgument>(scalar.value);
      if (argument && argument.getOwner() == &function->getBody().front())
        kernel->impl->scalars.emplace_back(argument.getArgNumber(),
                                           scalar.info);
    }
  });

  function->getOperation()->setAttr(
      LLVM::LLVMDialect::getEmitCWrapperAttrName(),
      UnitAttr::get(clone->getContext()));
  // Only what the entry needs is compiled.
  prune(*clone, *function);
  if (failed(lower(*clone, *function, options, kernel->impl->results)) ||
      failed(checkCallees(*clone)))
    return makeError("could not compile function '", entry, "' for the CPU");
  addResults(*kernel->impl);

  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Default);
  auto machine = builder->createTargetMachine();
  if (!machine)
    return machine.takeError();
  ExecutionEngineOptions engineOptions;
  auto transformer =
      makeOptimizingTransformer(options.optLevel, 0, machine->get());
  engineOptions.transformer = transformer;
  engineOptions.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  engineOptions.enableGDBNotificationListener = false;
  engineOptions.enablePerfNotificationListener = false;
  auto engine = ExecutionEngine::create(*clone, engineOptions);
  if (!engine)
    return engine.takeError();
  kernel->impl->engine = std::move(*engine);
  kernel->impl->engine->registerSymbols(
      [](llvm::orc::MangleAndInterner mangle) {
        llvm::orc::SymbolMap symbols;
        for (const auto &symbol : getRuntimeSymbols())
          symbols[mangle(symbol.getKey())] = {
              llvm::orc::ExecutorAddr::fromPtr(symbol.getValue()),
              llvm::JITSymbolFlags::Exported};
        return symbols;
      });
  auto address =
      kernel->impl->engine->lookupPacked(("_mlir_ciface_" + entry).str());
  if (!address)
    return address.takeError();
  kernel->impl->entry = *address;
  kernel->impl->compileTime = std::chrono::duration<double, std::milli>(
                                  std::chrono::steady_clock::now() - start)
                                  .count();
  return kernel;
}

static std::vector<SharedDim> collectSharedDims(func::FuncOp function) {
  std::vector<SharedDim> dims;
  function.walk([&](KernelOpInterface op) {
    Layout order = op.getDimOrder();
    SmallVector<KernelArray> arrays = op.getKernelArrays();
    for (const KernelArray &array : arrays)
      for (Dim dim : kDims) {
        Extent extent = array->getExtent(dim);
        if (getRunTimeName(extent).empty())
          continue;
        // The first that has as many.
        const KernelArray &model =
            *llvm::find_if(arrays, [&](const KernelArray &other) {
              return other->getExtent(dim) == extent;
            });
        auto a = tracedArgument(model.value), b = tracedArgument(array.value);
        if (a && b && *a != *b)
          dims.push_back({*a, order.getDim(*model.info, dim), *b,
                          order.getDim(*array.info, dim), getSizeText(extent)});
      }
  });
  return dims;
}
