//===- training.cpp - Fits projections through attention ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads IR with a function @attention whose attention is marked
// `differentiated`, derives its gradients, compiles both, and trains with them:
// a layer with the projections of queries, keys and values learns, by gradient
// descent on the mean squared error, what one with other projections computes.
//
//   training attention.mlir [--device=cpu|cuda] [--elements=bf16] [--steps=N]
//
// All but attention is computed in double precision, from which its operands
// are rounded for each call. Kernels for a GPU take bf16 or f16.
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/InitAll.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace training;

namespace {

/// Features of a token, which projections start from.
constexpr int64_t kFeatures = 32;

void fillNormal(Array &array, double deviation, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, deviation);
  for (double &x : array.data)
    x = normal(generator);
}

/// A matrix from the features of a token to all heads of one operand, and the
/// state of its optimizer (Adam).
class Projection {
public:
  /// `sizes` are those of the operand: batch, length, heads, head dimension.
  Projection(ArrayRef<int64_t> sizes, double deviation, unsigned seed)
      : output(sizes), gradient(sizes),
        weights({kFeatures, sizes[2] * sizes[3]}), mean(weights.sizes),
        square(weights.sizes) {
    fillNormal(weights, deviation, seed);
  }

  void apply(const Array &features) {
    std::fill(output.data.begin(), output.data.end(), 0.0);
    forElements([&](int64_t row, int64_t f, int64_t c) {
      at(output, row, c) +=
          features.data[row * kFeatures + f] * at(weights, f, c);
    });
  }

  /// One step against `gradient`, that of the loss by the output.
  void train(const Array &features, int64_t step) {
    Array descent(weights.sizes);
    forElements([&](int64_t row, int64_t f, int64_t c) {
      at(descent, f, c) +=
          features.data[row * kFeatures + f] * at(gradient, row, c);
    });
    constexpr double rate = 0.02, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    for (size_t i = 0; i < weights.data.size(); ++i) {
      double g = descent.data[i];
      mean.data[i] = beta1 * mean.data[i] + (1 - beta1) * g;
      square.data[i] = beta2 * square.data[i] + (1 - beta2) * g * g;
      weights.data[i] -=
          rate * mean.data[i] / (1 - std::pow(beta1, step)) /
          (std::sqrt(square.data[i] / (1 - std::pow(beta2, step))) + epsilon);
    }
  }

  Array output, gradient;

private:
  double &at(Array &matrix, int64_t row, int64_t column) {
    return matrix.data[row * weights.sizes[1] + column];
  }

  template <class F>
  void forElements(F visit) {
    int64_t rows = output.sizes[0] * output.sizes[1];
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t f = 0; f < kFeatures; ++f)
        for (int64_t c = 0; c < weights.sizes[1]; ++c)
          visit(row, f, c);
  }

  Array weights, mean, square;
};

/// Attention between three projections and its output.
class Layer {
public:
  /// `type` is that of the function `forward` after the derivation: query, key,
  /// value, and the destinations of output and log-sum-exp.
  Layer(FunctionType type, Function &forward, Function &backward,
        double deviation, unsigned seed)
      : forward(forward), backward(backward),
        query(sizesOf(type, 0), deviation, seed + 1),
        key(sizesOf(type, 1), deviation, seed + 2),
        value(sizesOf(type, 2), deviation, seed + 3), output(sizesOf(type, 3)),
        gradient(output.sizes), lse(sizesOf(type, 4)) {}

  llvm::Error run(const Array &features) {
    for (Projection *projection : {&query, &key, &value})
      projection->apply(features);
    return forward.run(
        {&query.output, &key.output, &value.output, &output, &lse});
  }

  /// One step against `gradient`, that of the loss by the output.
  llvm::Error train(const Array &features, int64_t step) {
    if (llvm::Error error = backward.run(
            {&query.output, &key.output, &value.output, &output, &lse,
             &gradient, &query.gradient, &key.gradient, &value.gradient}))
      return error;
    for (Projection *projection : {&query, &key, &value})
      projection->train(features, step);
    return llvm::Error::success();
  }

private:
  static ArrayRef<int64_t> sizesOf(FunctionType type, unsigned argument) {
    return cast<ShapedType>(type.getInput(argument)).getShape();
  }

  Function &forward, &backward;
  Projection query, key, value;

public:
  Array output, gradient;

private:
  Array lse;
};

/// The mean squared error of the output, whose gradient is left in the layer.
double computeLoss(Layer &layer, const Array &target) {
  double sum = 0, count = target.data.size();
  for (auto [out, gradient, wanted] :
       llvm::zip(layer.output.data, layer.gradient.data, target.data)) {
    sum += (out - wanted) * (out - wanted);
    gradient = 2 * (out - wanted) / count;
  }
  return sum / count;
}

/// Gives the tensors of `attention` other elements. The log-sum-exp, which the
/// derivation adds, stays in f32.
llvm::Error convertElements(ModuleOp module, StringRef elements) {
  Type element;
  if (elements == "bf16")
    element = BFloat16Type::get(module.getContext());
  else if (elements == "f16")
    element = Float16Type::get(module.getContext());
  else
    return llvm::createStringError("--elements=" + elements +
                                   ": expected bf16 or f16");
  AttrTypeReplacer replacer;
  replacer.addReplacement(
      [&](RankedTensorType type) { return type.clone(element); });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  return llvm::Error::success();
}

llvm::Error train(ModuleOp module, Device &device, int64_t steps) {
  PassManager pm(module.getContext());
  pm.addPass(spattn::createSpattnDeriveBackward());
  if (failed(pm.run(module)))
    return llvm::createStringError("the gradients cannot be derived");
  auto function = module.lookupSymbol<func::FuncOp>("attention");
  if (!function || !module.lookupSymbol("attention_backward"))
    return llvm::createStringError(
        "expected a function 'attention' that is marked 'differentiated'");
  FunctionType type = function.getFunctionType();
  bool fits = type.getNumInputs() == 5;
  for (Type input : type.getInputs()) {
    auto tensor = dyn_cast<RankedTensorType>(input);
    fits = fits && tensor && tensor.hasStaticShape();
  }
  if (!fits)
    return llvm::createStringError(
        "expected 'attention' to have query, key, value and a destination, of "
        "static sizes");
  auto forward = device.compile(module, "attention");
  if (!forward)
    return forward.takeError();
  auto backward = device.compile(module, "attention_backward");
  if (!backward)
    return backward.takeError();

  Array features({cast<ShapedType>(type.getInput(0)).getDimSize(0),
                  cast<ShapedType>(type.getInput(0)).getDimSize(1), kFeatures});
  fillNormal(features, 1, 1);
  Layer teacher(type, **forward, **backward, 0.25, 10);
  if (llvm::Error error = teacher.run(features))
    return error;
  Layer student(type, **forward, **backward, 0.1, 20);
  double first = 0, loss = 0;
  for (int64_t step = 0; step <= steps; ++step) {
    if (llvm::Error error = student.run(features))
      return error;
    loss = computeLoss(student, teacher.output);
    if (step == 0)
      first = loss;
    if (step % 50 == 0 || step == steps)
      llvm::outs() << llvm::format("step %4d: loss %.6f\n", int(step), loss);
    if (step == steps)
      break;
    if (llvm::Error error = student.train(features, step + 1))
      return error;
  }
  llvm::outs() << llvm::format("the loss fell by a factor of %.1f\n",
                               first / loss);
  return llvm::Error::success();
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<std::string> file(llvm::cl::Positional, llvm::cl::Required,
                                  llvm::cl::desc("attention.mlir"));
  llvm::cl::opt<std::string> deviceName("device", llvm::cl::init("cpu"),
                                        llvm::cl::desc("cpu or cuda"));
  llvm::cl::opt<std::string> elements(
      "elements", llvm::cl::desc("Elements of attention, instead of the "
                                 "file's: bf16 or f16"));
  llvm::cl::opt<int64_t> steps("steps", llvm::cl::init(200),
                               llvm::cl::desc("How many steps to train"));
  llvm::cl::ParseCommandLineOptions(argc, argv, "Trains through attention\n");

  auto fail = [](llvm::Error error) {
    llvm::errs() << "training: error: " << llvm::toString(std::move(error))
                 << "\n";
    return EXIT_FAILURE;
  };
  auto device = Device::open(deviceName);
  if (!device)
    return fail(device.takeError());
  DialectRegistry registry;
  spattn::registerAllDialects(registry);
  MLIRContext context(registry);
  auto module = parseSourceFile<ModuleOp>(file, &context);
  if (!module)
    return EXIT_FAILURE; // The error has been printed.
  if (!elements.empty())
    if (llvm::Error error = convertElements(*module, elements))
      return fail(std::move(error));
  if (llvm::Error error = train(*module, **device, steps))
    return fail(std::move(error));
  return EXIT_SUCCESS;
}
