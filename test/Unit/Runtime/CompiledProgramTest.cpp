//===- CompiledProgramTest.cpp - What compiled programs call --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/CompiledProgram.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <numeric>
#include <thread>

using namespace spattn::runtime;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

extern "C" int launchFromC(const void *artifact, int64_t bytes, float *numbers);
extern "C" void memrefCopy(int64_t elementBytes, const void *source,
                           const void *target);

namespace {

/// One kernel that reads `x`, of rows of 4, and writes `y`, and another that
/// does nothing.
Artifact makeProgram() {
  Artifact artifact;
  artifact.architecture = "sm_90a";
  artifact.codeKind = CodeKind::Ptx;
  artifact.code = ".version 8.0";
  std::vector<Dimension> dimensions = {{"n", "length", 0}, {"d", "", 4}};
  artifact.operands = {
      {"x", ElementType::F32, dimensions, 16, true, false, false},
      {"sinks", ElementType::F32, {{"n", "length", 0}}, 4, true, true, false},
      {"y", ElementType::F32, dimensions, 16, true, false, true}};
  artifact.positive = {"scale"};
  Kernel kernel;
  kernel.entry = "kernel";
  kernel.grid.x = Formula::product(1, {{"length", 1}});
  kernel.arguments = {Argument::pointer(0),
                      Argument::pointer(2),
                      Argument::scalar(ArgumentKind::I64, "stride:x:n"),
                      Argument::scalar(ArgumentKind::I64, "stride:y:n"),
                      Argument::scalar(ArgumentKind::I32, "length"),
                      Argument::scalar(ArgumentKind::F32, "scale")};
  artifact.kernels = {kernel};
  return artifact;
}

/// y = scale * x.
void runKernel(const fake::Launch &launch) {
  auto *x = reinterpret_cast<float *>(get<uint64_t>(launch.arguments[0]));
  auto *y = reinterpret_cast<float *>(get<uint64_t>(launch.arguments[1]));
  int64_t xStride = get<int64_t>(launch.arguments[2]);
  int64_t yStride = get<int64_t>(launch.arguments[3]);
  for (int32_t i = 0; i < get<int32_t>(launch.arguments[4]); ++i)
    for (int64_t j = 0; j < 4; ++j)
      y[i * yStride + j] = get<float>(launch.arguments[5]) * x[i * xStride + j];
}

/// An array of rows of 4.
struct Rows {
  explicit Rows(float *data, int64_t rows, int64_t rowStride = 4,
                int64_t columnStride = 1)
      : data(data), sizes{rows, 4}, strides{rowStride, columnStride} {}

  SpattnBuffer get(int64_t type = SPATTN_F32) const {
    return {data, type, 2, sizes, strides};
  }

  float *data;
  int64_t sizes[2], strides[2];
};

class CompiledProgramTest : public FakeDriverTest {
protected:
  CompiledProgramTest() : FakeDriverTest(chooseDriver()) {
    setArtifact(makeProgram());
    state->functions["kernel"].parameters = {8, 8, 8, 8, 4, 4};
    state->run = runKernel;
    spattn_set_stream(nullptr, 1);
    spattn_set_error_handler(
        [](const char *message, void *context) {
          static_cast<CompiledProgramTest *>(context)->errors.push_back(
              message);
        },
        this);
  }
  ~CompiledProgramTest() override {
    spattn_set_error_handler(nullptr, nullptr);
    spattn_unload(&kernels);
  }

  /// Ahead of the first launch.
  static const char *chooseDriver() {
    setenv("SPATTN_CUDA_DRIVER", FAKE_CUDA, 1);
    return FAKE_CUDA;
  }

  void setArtifact(const Artifact &artifact) {
    bytes = *artifact.serialize();
    kernels.artifact = bytes.data();
    kernels.artifactBytes = int64_t(bytes.size());
  }

  int launch(const SpattnBuffer &x, const SpattnBuffer &y, double scale = 2) {
    SpattnBuffer buffers[] = {x, y};
    SpattnValue value;
    value.isReal = 1;
    value.value.real = scale;
    return spattn_launch(&kernels, buffers, &value);
  }

  /// The one error of a launch that fails.
  std::string error(const SpattnBuffer &x, const SpattnBuffer &y,
                    double scale = 2) {
    errors.clear();
    EXPECT_EQ(launch(x, y, scale), 1);
    EXPECT_EQ(errors.size(), 1u);
    EXPECT_TRUE(state->allocations.empty());
    EXPECT_EQ(getCurrent(), nullptr);
    return errors.empty() ? "" : errors[0];
  }

  SpattnKernels kernels = {"f_attention", "x\0y\0scale", 2, 1, nullptr, 0,
                           nullptr};
  std::string bytes;
  std::vector<std::string> errors;
  std::vector<float> x = std::vector<float>(64), y = std::vector<float>(64, -1);
};

TEST_F(CompiledProgramTest, CopiesArraysOfTheHost) {
  std::iota(x.begin(), x.end(), 0.0f);
  EXPECT_EQ(launch(Rows(x.data(), 3).get(), Rows(y.data(), 3).get()), 0);
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(y[i], 2 * x[i]);
  EXPECT_EQ(y[12], -1);
  // Outputs are not copied to the device.
  EXPECT_EQ(state->calls["cuMemcpyHtoD"], 1);
  EXPECT_EQ(state->calls["cuMemcpyDtoH"], 1);
  EXPECT_EQ(state->calls["cuStreamSynchronize"], 1);
  EXPECT_TRUE(state->allocations.empty());
  EXPECT_EQ(getCurrent(), nullptr);

  // What was loaded is kept.
  EXPECT_EQ(launch(Rows(x.data(), 3).get(), Rows(y.data(), 3).get()), 0);
  EXPECT_EQ(state->images.size(), 1u);
  EXPECT_THAT(errors, testing::IsEmpty());
}

TEST_F(CompiledProgramTest, KeepsStrides) {
  std::iota(x.begin(), x.end(), 0.0f);
  // Gaps between rows, columns that are apart, rows that are one and the same,
  // and rows in the other order.
  struct {
    int64_t rowStride, columnStride, start;
  } cases[] = {{5, 1, 1}, {1, 7, 0}, {0, 1, 2}, {-4, 1, 20}};
  for (auto c : cases) {
    std::fill(y.begin(), y.end(), -1.0f);
    EXPECT_EQ(
        launch(Rows(x.data() + c.start, 3, c.rowStride, c.columnStride).get(),
               Rows(y.data() + 1, 3, 6, 1).get()),
        0);
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 4; ++j)
        EXPECT_EQ(y[1 + 6 * i + j],
                  2 * x[c.start + i * c.rowStride + j * c.columnStride]);
    EXPECT_EQ(y[0], -1);
    EXPECT_EQ(y[5], -1);
    EXPECT_EQ(y[17], -1);
  }
  EXPECT_THAT(errors, testing::IsEmpty());
}

TEST_F(CompiledProgramTest, UsesMemoryOfTheDevice) {
  DeviceContext context = getPrimary();
  auto device = DeviceBuffer::allocate(context, 256);
  ASSERT_TRUE(device);
  auto *data = reinterpret_cast<float *>(device->address());
  std::iota(data, data + 64, 0.0f);
  // Rows whose stride is not a multiple of 16 bytes are copied where they are
  // the host's, but no kernel reads them.
  EXPECT_EQ(launch(Rows(data, 3).get(), Rows(data + 32, 3).get()), 0);
  EXPECT_EQ(data[32 + 5], 10);
  EXPECT_EQ(state->calls["cuMemcpyHtoD"], 0);
  EXPECT_EQ(state->calls["cuStreamSynchronize"], 1);
  EXPECT_EQ(launch(Rows(data, 3, 5).get(), Rows(data + 32, 3).get()), 1);
  EXPECT_THAT(errors, ElementsAre(HasSubstr("operand 'x'")));

  // In a stream, without waiting for it.
  auto stream = reinterpret_cast<cuda::Stream>(uintptr_t(16));
  spattn_set_stream(stream, 0);
  EXPECT_EQ(launch(Rows(data, 3).get(), Rows(data + 32, 3).get()), 0);
  EXPECT_EQ(state->launches.back().stream, stream);
  EXPECT_EQ(state->calls["cuStreamSynchronize"], 1);
  // Copies are waited for.
  EXPECT_EQ(launch(Rows(x.data(), 3).get(), Rows(data + 32, 3).get()), 0);
  EXPECT_EQ(state->calls["cuStreamSynchronize"], 2);
  // A thread has a stream of its own.
  std::thread([&] {
    EXPECT_EQ(launch(Rows(data, 3).get(), Rows(data + 32, 3).get()), 0);
  }).join();
  EXPECT_EQ(state->launches.back().stream, nullptr);
}

TEST_F(CompiledProgramTest, Unloads) {
  Rows rows(x.data(), 3), out(y.data(), 3);
  EXPECT_EQ(launch(rows.get(), out.get()), 0);
  EXPECT_EQ(state->modules.size(), 1u);
  spattn_unload(&kernels);
  EXPECT_TRUE(state->modules.empty());
  EXPECT_EQ(launch(rows.get(), out.get()), 0);
  spattn_unload(&kernels);
  spattn_unload(&kernels);
}

TEST_F(CompiledProgramTest, NoRows) {
  EXPECT_EQ(launch(Rows(x.data(), 0).get(), Rows(y.data(), 0).get()), 0);
  EXPECT_THAT(state->launches, testing::IsEmpty());
  EXPECT_THAT(y, Each(-1));
}

TEST_F(CompiledProgramTest, WrongArguments) {
  Rows rows(x.data(), 3), out(y.data(), 3);
  EXPECT_EQ(error(rows.get(SPATTN_F16), out.get()),
            "kernels 'f_attention': operand 'x': elements of type f16, "
            "expected f32");
  EXPECT_THAT(error(rows.get(77), out.get()), HasSubstr("of type unknown"));
  SpattnBuffer flat = rows.get();
  flat.rank = 1;
  EXPECT_EQ(error(flat, out.get()),
            "kernels 'f_attention': operand 'x': rank 1, expected 2");
  flat.rank = -1;
  EXPECT_THAT(error(flat, out.get()), HasSubstr("rank -1, expected 2"));
  flat.rank = 9;
  EXPECT_THAT(error(flat, out.get()), HasSubstr("rank 9, expected 2"));
  EXPECT_THAT(error(rows.get(), Rows(y.data(), 2).get()),
              HasSubstr("operand 'y': dimension 'n' has size 2, but length is "
                        "3"));
  EXPECT_THAT(error(rows.get(), Rows(y.data(), -2).get()),
              HasSubstr("negative size"));
  EXPECT_THAT(error(Rows(x.data(), INT64_MAX).get(), out.get()),
              HasSubstr("an array of that size does not exist"));
  EXPECT_THAT(error(Rows(nullptr, 3).get(), out.get()),
              HasSubstr("operand 'x': address 0"));
  EXPECT_THAT(error(rows.get(), out.get(), -1),
              HasSubstr("value 'scale' is -1, expected a positive"));
}

TEST_F(CompiledProgramTest, WrongNames) {
  Rows rows(x.data(), 3), out(y.data(), 3);
  kernels.names = "x\0z\0scale";
  EXPECT_EQ(error(rows.get(), out.get()),
            "kernels 'f_attention': the kernels have no operand 'z'");
  kernels.names = "x\0x\0scale";
  EXPECT_THAT(error(rows.get(), out.get()),
              HasSubstr("operand 'x' is given twice"));
  kernels.names = "x\0sinks\0scale";
  EXPECT_THAT(error(rows.get(), out.get()),
              HasSubstr("operand 'y' is not given"));
  kernels.names = "x\0y\0size";
  EXPECT_THAT(error(rows.get(), out.get()),
              HasSubstr("no value is given for 'scale'"));
}

TEST_F(CompiledProgramTest, WrongArtifact) {
  bytes.resize(20);
  kernels.artifactBytes = 20;
  EXPECT_THAT(error(Rows(x.data(), 3).get(), Rows(y.data(), 3).get()),
              HasSubstr("kernels 'f_attention': "));
}

TEST_F(CompiledProgramTest, FailuresOfTheDriver) {
  Rows rows(x.data(), 3), out(y.data(), 3);
  for (const char *function :
       {"cuPointerGetAttributes", "cuMemAllocAsync", "cuMemcpyHtoD",
        "cuLaunchKernel", "cuMemcpyDtoH", "cuStreamSynchronize"}) {
    state->failures = {{function, cuda::kInvalidValue}};
    EXPECT_THAT(error(rows.get(), out.get()), HasSubstr("invalid argument"));
  }
  state->failures.clear();
  state->freeBytes = 8;
  EXPECT_THAT(error(rows.get(), out.get()),
              HasSubstr("operand 'x': not enough device memory for 48 bytes"));
}

TEST_F(CompiledProgramTest, ManyThreads) {
  state->run = nullptr;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      std::vector<float> mine(64);
      for (int j = 0; j < 20; ++j)
        EXPECT_EQ(launch(Rows(x.data(), 3).get(), Rows(mine.data(), 3).get()),
                  0);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(state->launches.size(), 160u);
  EXPECT_EQ(state->images.size(), 1u);
}

TEST_F(CompiledProgramTest, FromC) {
  Artifact artifact = makeProgram();
  artifact.operands = {
      {"x", ElementType::F32, {{"n", "length", 0}}, 4, true, false, true}};
  artifact.kernels[0].arguments = {
      Argument::pointer(0), Argument::scalar(ArgumentKind::F32, "scale")};
  state->functions["kernel"].parameters = {8, 4};
  state->run = [](const fake::Launch &launch) {
    auto *x = reinterpret_cast<float *>(get<uint64_t>(launch.arguments[0]));
    std::fill(x, x + 3, get<float>(launch.arguments[1]));
  };
  std::string bytes = *artifact.serialize();
  float numbers[4] = {};
  EXPECT_EQ(launchFromC(bytes.data(), int64_t(bytes.size()), numbers), 0);
  EXPECT_THAT(numbers, ElementsAre(2, 2, 2, 0));
}

TEST_F(CompiledProgramTest, DefaultHandlerEndsTheProcess) {
  Rows rows(x.data(), 3), out(y.data(), 3);
  EXPECT_EXIT(
      {
        spattn_set_error_handler(nullptr, nullptr);
        launch(rows.get(SPATTN_F16), out.get());
      },
      testing::ExitedWithCode(1),
      "^error: kernels 'f_attention': operand 'x': elements of type f16");
}

/// A memref as MLIR passes it.
struct Ranked {
  void *allocated, *aligned;
  int64_t offset, numbers[6];
};
struct Unranked {
  int64_t rank;
  const void *descriptor;
};

TEST(MemrefCopyTest, Strides) {
  std::vector<int16_t> source(24), target(24, -1);
  std::iota(source.begin(), source.end(), int16_t(0));
  // 2x3, transposed in the source, with gaps in the target.
  Ranked from = {nullptr, source.data(), 2, {2, 3, 1, 2, 0, 0}};
  Ranked to = {nullptr, target.data(), 1, {2, 3, 5, 1, 0, 0}};
  Unranked a = {2, &from}, b = {2, &to};
  memrefCopy(2, &a, &b);
  EXPECT_THAT(std::vector<int16_t>(target.begin(), target.begin() + 10),
              ElementsAre(-1, 2, 4, 6, -1, -1, 3, 5, 7, -1));
  // Nothing, and a scalar.
  from.numbers[0] = to.numbers[0] = 0;
  memrefCopy(2, &a, &b);
  a.rank = b.rank = 0;
  memrefCopy(2, &a, &b);
  EXPECT_EQ(target[1], 2);
}

TEST(MemrefCopyTest, Rows) {
  std::vector<int32_t> source(12), target(12);
  std::iota(source.begin(), source.end(), 0);
  Ranked from = {nullptr, source.data(), 0, {3, 4, 4, 1, 0, 0}};
  Ranked to = {nullptr, target.data(), 0, {3, 4, 4, 1, 0, 0}};
  Unranked a = {2, &from}, b = {2, &to};
  memrefCopy(4, &a, &b);
  EXPECT_EQ(source, target);
}

} // namespace
