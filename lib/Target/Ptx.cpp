//===- Ptx.cpp - From the LLVM dialect to LLVM IR and PTX -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Target/Ptx.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>
#include <new>

extern "C" {
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

using namespace mlir;
using namespace spattn;

static constexpr llvm::StringLiteral kTriple = "nvptx64-nvidia-cuda";
/// What LLVM knows: of PTX 9.0 and the releases before it.
static constexpr unsigned kNewestPtx = 90;

unsigned spattn::getPtxVersion(int cudaVersion) {
  // From PTX 8.0 and CUDA 12.0 on their releases correspond, but for CUDA 12.6.
  if (cudaVersion == 0 || cudaVersion >= 13000)
    return cudaVersion == 0 ? 0 : kNewestPtx;
  int minor = cudaVersion % 1000 / 10;
  if (cudaVersion >= 12000)
    return 80 + (minor >= 6 ? minor - 1 : minor);
  return 70 + std::min(minor, 8);
}

namespace {
/// LLVM's back end, and what it knows of a chip.
class Backend {
public:
  /// The back end for valid options; errors are reported at `loc`.
  static FailureOr<Backend> get(const PtxOptions &options, Location loc);

  const PtxOptions &options() const { return checked; }
  /// A machine with 32-bit addresses of shared memory, as the code of kernels
  /// computes them.
  std::unique_ptr<llvm::TargetMachine> makeMachine() const;

private:
  const llvm::Target *target = nullptr;
  PtxOptions checked;
};
} // namespace

/// The oldest PTX for a chip, 0 if it is before sm_80 or no chip. LLVM ends the
/// process over a version that is too old.
static unsigned getOldestVersion(StringRef chip) {
  unsigned number;
  if (!chip.consume_front("sm_") || chip.consumeInteger(10, number) ||
      number < 80)
    return 0;
  switch (number) {
  case 80:
    return 70;
  case 86:
    return 71;
  case 87:
    return 74;
  case 89:
    return 78;
  case 90:
    return chip == "a" ? 80 : 78;
  case 100:
  case 101:
    return chip == "f" ? 88 : 86;
  case 120:
    return chip == "f" ? 88 : 87;
  case 103:
  case 121:
    return 88;
  default:
    return kNewestPtx;
  }
}

FailureOr<Backend> Backend::get(const PtxOptions &options, Location loc) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  if (options.optLevel > 3)
    return emitError(loc, "expected an optimization level from 0 to 3, got ")
           << options.optLevel;
  Backend backend;
  backend.checked = options;
  llvm::Triple triple(kTriple);
  std::string message;
  backend.target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!backend.target)
    return emitError(loc, "this LLVM has no NVPTX back end: ") << message;
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      backend.target->createMCSubtargetInfo(triple, "", ""));
  unsigned oldest = getOldestVersion(options.chip), newest = 0;
  if (oldest == 0 || !known->isCPUStringValid(options.chip))
    return emitError(loc, "unknown chip '")
           << options.chip
           << "'; expected sm_80 or a later one, such as sm_90a";
  for (const llvm::SubtargetFeatureKV &feature :
       known->getAllProcessorFeatures()) {
    unsigned version;
    StringRef key = feature.Key;
    if (key.consume_front("ptx") && !key.getAsInteger(10, version))
      newest = std::max(newest, version);
  }
  unsigned &version = backend.checked.version;
  if (version == 0)
    version = std::min(newest, std::max(kNewestPtx, oldest));
  if (version < oldest || version > newest)
    return emitError(loc, "PTX ")
           << version / 10 << "." << version % 10 << " is not supported for "
           << options.chip << "; expected " << oldest / 10 << "." << oldest % 10
           << " to " << newest / 10 << "." << newest % 10;
  return backend;
}

namespace {
/// Names a protected member.
struct LayoutAccess : llvm::TargetMachine {
  static auto layout() { return &LayoutAccess::DL; }
};
} // namespace

std::unique_ptr<llvm::TargetMachine> Backend::makeMachine() const {
  auto level = llvm::CodeGenOpt::getLevel(checked.optLevel);
  llvm::Triple triple(kTriple);
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, checked.chip, "+ptx" + std::to_string(checked.version),
      llvm::TargetOptions(), /*RM=*/std::nullopt, /*CM=*/std::nullopt,
      level.value_or(llvm::CodeGenOptLevel::Aggressive)));
  // LLVM has a flag for short pointers, nvptx-short-ptr, which does no more
  // than choose this layout. But it is the whole process's, and other threads
  // may make machines meanwhile: so this machine alone gets the layout, before
  // anything has asked for its first one.
  auto *layout =
      const_cast<llvm::DataLayout *>(&(machine.get()->*LayoutAccess::layout()));
  layout->~DataLayout();
  new (layout) llvm::DataLayout(triple.computeDataLayout("shortptr"));
  return machine;
}

namespace {
/// Reports LLVM's errors at a place of the module.
class Handler : public llvm::DiagnosticHandler {
public:
  Handler(Location loc, bool &anyError) : loc(loc), anyError(anyError) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    std::string text;
    llvm::raw_string_ostream stream(text);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    if (info.getSeverity() == llvm::DS_Error) {
      anyError = true;
      emitError(loc, "LLVM: ") << text;
    } else if (info.getSeverity() == llvm::DS_Warning) {
      emitWarning(loc, "LLVM: ") << text;
    }
    return true;
  }

private:
  Location loc;
  bool &anyError;
};
} // namespace

/// The kernels of a module and what they use, or null if there is nothing else.
/// Functions beside them are for somebody else: they are not part of the code,
/// which is said.
static OwningOpRef<ModuleOp> takeKernels(ModuleOp module) {
  SymbolTable symbols(module);
  SetVector<Operation *> used;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function->hasAttr("nvvm.kernel"))
      used.insert(function);
  if (used.empty())
    return {};
  for (size_t i = 0; i < used.size(); ++i)
    if (auto uses = SymbolTable::getSymbolUses(used[i]))
      for (SymbolTable::SymbolUse use : *uses)
        if (Operation *op =
                symbols.lookup(use.getSymbolRef().getRootReference()))
          used.insert(op);
  auto isLeftOut = [&](Operation &op) {
    return isa<FunctionOpInterface>(op) && !used.contains(&op);
  };
  if (llvm::none_of(*module.getBody(), isLeftOut))
    return {};
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  (*kernels)->setAttrs(module->getAttrDictionary());
  for (Operation &op : *module.getBody()) {
    if (!isLeftOut(op)) {
      kernels->push_back(op.clone());
      continue;
    }
    auto function = cast<FunctionOpInterface>(op);
    if (!function.isExternal())
      emitWarning(op.getLoc(), "function '")
          << function.getName()
          << "' is not part of the code for a GPU: no kernel uses it";
  }
  return kernels;
}

/// Operations that LLVM IR has no counterpart of, other than the module's own.
static LogicalResult checkLowered(ModuleOp module) {
  bool anyKernel = false;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    anyKernel |= function->hasAttr("nvvm.kernel");
  if (!anyKernel)
    return emitError(module.getLoc(),
                     "there is no kernel in the module: an llvm.func "
                     "with 'nvvm.kernel'");
  for (Operation &op : *module.getBody())
    if (op.getDialect() !=
        module->getContext()->getLoadedDialect<LLVM::LLVMDialect>())
      return emitError(op.getLoc(),
                       "expected a module in the LLVM dialect, got '")
             << op.getName() << "'";
  return success();
}

/// As Clang does for device code: inline assembly may be a barrier, of which no
/// pass may give the threads of a warp a copy each. MLIR's operation cannot say
/// so.
static void makeConvergent(llvm::Module &module) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setConvergent();
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = dyn_cast<llvm::CallInst>(&instruction))
        if (call->isInlineAsm())
          call->setConvergent();
  }
}

/// What LLVM's pipelines do for kernels. They have three times as many passes,
/// which find nothing to do here: kernels have neither calls nor variables in
/// memory, their tiles are unrolled, and no loop suits a vectorizer. How these
/// were chosen is in docs/notes/compile-time.md.
static constexpr llvm::StringLiteral kPasses =
    // Where functions beside kernels are called.
    "cgscc(inline),globaldce,"
    "function(nvvm-intr-range,simplifycfg,sroa,early-cse),ipsccp,globalopt,"
    // Numbers that all parts of a kernel share.
    "function(instcombine<no-verify-fixpoint>,"
    "simplifycfg<switch-range-to-icmp>,early-cse<memssa>,"
    "speculative-execution<only-if-divergent-target>,correlated-propagation,"
    "reassociate,"
    // Loops: those of producers and schedulers, which are not unrolled yet.
    "loop-mssa(licm<no-allowspeculation>,loop-rotate,licm),"
    "instcombine<no-verify-fixpoint>,loop(indvars,loop-unroll-full),"
    // What is the same on all ways through a kernel.
    "vector-combine,gvn,correlated-propagation,loop-mssa(licm),"
    "simplifycfg<switch-range-to-icmp;switch-to-arithmetic;"
    "hoist-common-insts;sink-common-insts>,infer-alignment,"
    // For loads of several turns at once.
    "loop-unroll<O3>,instcombine<no-verify-fixpoint>,loop-mssa(licm),"
    "div-rem-pairs)";

/// Optimized for the machine; null after an error.
static std::unique_ptr<llvm::Module> translate(ModuleOp whole,
                                               llvm::LLVMContext &context,
                                               llvm::TargetMachine &machine,
                                               unsigned optLevel) {
  OwningOpRef<ModuleOp> kernels = takeKernels(whole);
  ModuleOp module = kernels ? *kernels : whole;
  if (failed(checkLowered(module)))
    return nullptr;
  std::unique_ptr<llvm::Module> result =
      translateModuleToLLVMIR(module, context, "kernels");
  if (!result) {
    emitError(module.getLoc(), "the module could not be translated to LLVM IR");
    return nullptr;
  }
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *result)
    if (!function.isDeclaration() &&
        function.getCallingConv() != llvm::CallingConv::PTX_Kernel)
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  makeConvergent(*result);

  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  llvm::ModulePassManager passes;
  if (optLevel == 0)
    passes = builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0);
  else if (llvm::Error error = builder.parsePassPipeline(passes, kPasses)) {
    emitError(module.getLoc(), "this LLVM does not know a pass: ")
        << llvm::toString(std::move(error));
    return nullptr;
  }
  passes.run(*result, modules);
  return result;
}

std::unique_ptr<llvm::Module>
spattn::translateToLLVMIR(ModuleOp module, llvm::LLVMContext &context,
                          const PtxOptions &options) {
  FailureOr<Backend> backend = Backend::get(options, module.getLoc());
  if (failed(backend))
    return nullptr;
  bool anyError = false;
  context.setDiagnosticHandler(
      std::make_unique<Handler>(module.getLoc(), anyError));
  auto machine = backend->makeMachine();
  auto result = translate(module, context, *machine, options.optLevel);
  // The handler refers to this frame.
  context.setDiagnosticHandler(std::make_unique<llvm::DiagnosticHandler>());
  return anyError ? nullptr : std::move(result);
}

FailureOr<std::string> spattn::translateToPtx(ModuleOp module,
                                              const PtxOptions &options) {
  FailureOr<Backend> backend = Backend::get(options, module.getLoc());
  if (failed(backend))
    return failure();
  llvm::LLVMContext context;
  bool anyError = false;
  context.setDiagnosticHandler(
      std::make_unique<Handler>(module.getLoc(), anyError));
  auto machine = backend->makeMachine();
  auto kernels = translate(module, context, *machine, options.optLevel);
  if (!kernels || anyError)
    return failure();
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return emitError(module.getLoc(), "LLVM's NVPTX back end cannot write PTX");
  passes.run(*kernels);
  if (anyError)
    return failure();
  return text.str().str();
}
