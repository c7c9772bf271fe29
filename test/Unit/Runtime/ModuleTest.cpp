//===- ModuleTest.cpp - Loading and launching kernels ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Module.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <thread>

using namespace spattn::runtime;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class ModuleTest : public FakeDriverTest {
protected:
  Result<std::shared_ptr<const Module>> load(const Artifact &artifact) {
    return Module::load(std::make_shared<const Artifact>(artifact),
                        getPrimary());
  }

  std::string loadError(const Artifact &artifact) {
    auto module = load(artifact);
    EXPECT_FALSE(module);
    EXPECT_EQ(getCurrent(), nullptr);
    EXPECT_TRUE(state->modules.empty());
    return module.message();
  }
};

TEST_F(ModuleTest, Loads) {
  Artifact artifact = makeArtifact();
  auto module = load(artifact);
  ASSERT_TRUE(module) << module.message();
  EXPECT_THAT(state->images, ElementsAre(artifact.code));
  EXPECT_EQ(state->setAttributes["forward"][cuda::kFunctionMaxDynamicShared],
            200000);
  // Less than what needs no permission.
  EXPECT_EQ(state->setAttributes.count("finish"), 0u);
  ASSERT_EQ((*module)->kernels().size(), 2u);
  EXPECT_EQ((*module)->kernels()[0].registers, 128);
  EXPECT_EQ((*module)->kernels()[0].blocksPerMultiprocessor, 2);
  EXPECT_EQ((*module)->device().name, "Fake H100");
  EXPECT_EQ(getCurrent(), nullptr);
  EXPECT_EQ(state->primaryHolds[0], 1);

  module = Status::error("gone");
  EXPECT_TRUE(state->modules.empty());
  EXPECT_EQ(state->primaryHolds[0], 0);
}

TEST_F(ModuleTest, WrongArchitecture) {
  state->attributes[cuda::kComputeCapabilityMajor] = 10;
  EXPECT_THAT(loadError(makeArtifact()),
              HasSubstr("the PTX is for sm_90a, which device 0 (Fake H100, "
                        "compute capability 10.0) does not run"));
  state->attributes[cuda::kComputeCapabilityMajor] = 8;
  EXPECT_THAT(loadError(makeArtifact()), HasSubstr("does not run"));
  Artifact artifact = makeArtifact();
  artifact.tensorMaps.clear();
  artifact.kernels.erase(artifact.kernels.begin());
  artifact.architecture = "sm_80";
  EXPECT_TRUE(load(artifact));
}

TEST_F(ModuleTest, CompilerRejectsPtx) {
  Artifact artifact = makeArtifact();
  artifact.code = "a syntax error";
  EXPECT_THAT(loadError(artifact),
              HasSubstr("cannot load the kernels: cuModuleLoadDataEx failed: "
                        "CUDA_ERROR_INVALID_PTX: a PTX JIT compilation "
                        "failed\nptxas: line 1 is wrong"));
}

TEST_F(ModuleTest, PtxIsTooNew) {
  state->failures["cuModuleLoadDataEx"] = cuda::kUnsupportedPtxVersion;
  EXPECT_THAT(loadError(makeArtifact()),
              HasSubstr("unsupported toolchain.; the driver supports CUDA "
                        "12.8"));
}

TEST_F(ModuleTest, KernelDoesNotFit) {
  state->functions["forward"].sharedBytes = 40000;
  EXPECT_THAT(loadError(makeArtifact()),
              HasSubstr("kernel 'forward': 240000 bytes of shared memory per "
                        "CTA; device 0 (Fake H100, compute capability 9.0) "
                        "has 232448"));
  state->functions["forward"].sharedBytes = 0;
  state->functions["forward"].maxThreads = 256;
  state->functions["forward"].registers = 255;
  EXPECT_THAT(loadError(makeArtifact()),
              HasSubstr("kernel 'forward': CTAs of 384 threads; with its 255 "
                        "registers it can have 256"));
  state->functions["forward"].maxThreads = 384;
  state->functions["forward"].occupancy = 0;
  EXPECT_THAT(loadError(makeArtifact()), HasSubstr("no CTA fits on an SM"));
}

TEST_F(ModuleTest, MissingEntry) {
  state->functions.erase("finish");
  EXPECT_THAT(loadError(makeArtifact()),
              HasSubstr("kernel 'finish': cuModuleGetFunction failed: "
                        "CUDA_ERROR_NOT_FOUND: named symbol not found"));
}

TEST_F(ModuleTest, DeviceLacksFeatures) {
  state->attributes[cuda::kTensorMapAccess] = 0;
  EXPECT_THAT(loadError(makeArtifact()),
              HasSubstr("the kernels need tensor maps, which device 0"));
  Artifact artifact = makeArtifact();
  for (TensorMapRecipe &recipe : artifact.tensorMaps)
    recipe.form = TensorMapForm::Software;
  if (auto module = load(artifact); !module)
    ADD_FAILURE() << module.message();
  state->attributes[cuda::kTensorMapAccess] = 1;
  state->attributes[cuda::kClusterLaunch] = 0;
  artifact.kernels[0].cluster = 2;
  EXPECT_THAT(loadError(artifact), HasSubstr("clusters, which device 0"));
}

TEST_F(ModuleTest, InvalidArtifact) {
  Artifact artifact = makeArtifact();
  artifact.kernels[0].arguments[0].index = 7;
  EXPECT_THAT(loadError(artifact), HasSubstr("there is no tensor map 7"));
}

TEST_F(ModuleTest, EveryFailureIsReported) {
  for (const char *function :
       {"cuCtxGetCurrent", "cuCtxSetCurrent", "cuModuleLoadDataEx",
        "cuModuleGetFunction", "cuFuncGetAttribute", "cuFuncSetAttribute",
        "cuOccupancyMaxActiveBlocksPerMultiprocessor", "cuDeviceGetName"}) {
    DeviceContext context = getPrimary();
    state->failures[function] = cuda::kInvalidValue;
    auto module =
        Module::load(std::make_shared<const Artifact>(makeArtifact()), context);
    state->failures.clear();
    ASSERT_FALSE(module) << function;
    EXPECT_THAT(module.message(), HasSubstr(std::string(function) + " failed"));
    EXPECT_TRUE(state->modules.empty());
  }
}

class OldModuleTest : public FakeDriverTest {
protected:
  OldModuleTest() : FakeDriverTest(FAKE_CUDA_OLD_LIBRARY) {}
};

TEST_F(OldModuleTest, DriverLacksFunctions) {
  auto load = [&](const Artifact &artifact) {
    auto module =
        Module::load(std::make_shared<const Artifact>(artifact), getPrimary());
    return module.message();
  };
  Artifact artifact = makeArtifact();
  EXPECT_THAT(load(artifact), HasSubstr("and has no cuTensorMapEncodeTiled"));
  for (TensorMapRecipe &recipe : artifact.tensorMaps)
    recipe.form = TensorMapForm::Software;
  EXPECT_EQ(load(artifact), "");
  artifact.tensorMaps.clear();
  artifact.kernels.erase(artifact.kernels.begin());
  EXPECT_EQ(load(artifact), "");
  artifact.kernels[0].cluster = 2;
  EXPECT_THAT(load(artifact), HasSubstr("and has no cuLaunchKernelEx"));
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

class LaunchTest : public ModuleTest {
protected:
  LaunchTest() : context(getPrimary()) {
    for (auto &buffer : buffers)
      buffer = allocate(context, 4096);
    arguments.operands = {{buffers[0].address(), {2, 16, 1000, 128}},
                          // Heads inside of keys, as models have them.
                          {buffers[1].address(),
                           {2, 16, 300, 128},
                           {300 * 16 * 128, 128, 16 * 128, 1}},
                          {buffers[2].address(), {2, 16, 1000, 128}},
                          {buffers[3].address(), {2, 16, 1000}}};
    arguments.values = {{"scale", 0.125}};
    arguments.scratch = {buffers[4].address(), buffers[5].address()};
    arguments.stream = reinterpret_cast<cuda::Stream>(uintptr_t(0x1230));
  }

  static DeviceBuffer allocate(const DeviceContext &context, size_t bytes) {
    auto buffer = DeviceBuffer::allocate(context, bytes);
    EXPECT_TRUE(buffer) << buffer.message();
    return *std::move(buffer);
  }

  std::shared_ptr<const Module> loadOrFail(const Artifact &artifact) {
    auto module = load(artifact);
    EXPECT_TRUE(module) << module.message();
    return module ? *module : nullptr;
  }

  /// The error of a launch, which then has launched nothing.
  std::string launchError() {
    Status status = loadOrFail(artifact)->launch(arguments);
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(state->launches.empty());
    EXPECT_EQ(getCurrent(), nullptr);
    return status.message();
  }

  void launch() {
    Status status = loadOrFail(artifact)->launch(arguments);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(getCurrent(), nullptr);
  }

  DeviceContext context;
  DeviceBuffer buffers[6];
  Artifact artifact = makeArtifact();
  LaunchArguments arguments;
};

TEST_F(LaunchTest, PassesArguments) {
  launch();
  ASSERT_EQ(state->launches.size(), 2u);
  const fake::Launch &forward = state->launches[0];
  EXPECT_EQ(forward.entry, "forward");
  EXPECT_THAT(forward.grid, ElementsAre(132, 1, 1));
  EXPECT_THAT(forward.block, ElementsAre(384, 1, 1));
  EXPECT_EQ(forward.sharedBytes, 200000u);
  EXPECT_EQ(forward.stream, arguments.stream);
  EXPECT_EQ(forward.context, context.handle());
  ASSERT_EQ(forward.arguments.size(), 10u);
  EXPECT_EQ(get<cuda::TensorMap>(forward.arguments[0]).words[15], 1u);
  EXPECT_EQ(get<cuda::TensorMap>(forward.arguments[1]).words[0], 2u);
  EXPECT_EQ(get<uint64_t>(forward.arguments[2]), buffers[2].address());
  EXPECT_EQ(get<uint64_t>(forward.arguments[3]), buffers[3].address());
  EXPECT_EQ(get<uint64_t>(forward.arguments[4]), buffers[5].address());
  EXPECT_EQ(get<int32_t>(forward.arguments[5]), 2);
  EXPECT_EQ(get<int64_t>(forward.arguments[6]), 300);
  EXPECT_EQ(get<float>(forward.arguments[7]), 0.125f);
  EXPECT_EQ(get<int64_t>(forward.arguments[8]), 128);
  EXPECT_EQ(get<int32_t>(forward.arguments[9]), 128);

  const fake::Launch &finish = state->launches[1];
  EXPECT_EQ(finish.entry, "finish");
  EXPECT_THAT(finish.grid, ElementsAre(8, 16, 2));
  EXPECT_EQ(get<uint64_t>(finish.arguments[0]), buffers[4].address());

  ASSERT_EQ(state->tensorMaps.size(), 2u);
  EXPECT_THAT(state->tensorMaps[1].sizes, ElementsAre(128, 300, 16, 2));
  EXPECT_THAT(state->tensorMaps[1].strides, ElementsAre(4096, 256, 4096 * 300));

  // The counter, and nothing else, is cleared ahead of the kernels.
  ASSERT_EQ(state->memsets.size(), 1u);
  EXPECT_EQ(state->memsets[0].address, buffers[5].address());
  EXPECT_EQ(state->memsets[0].bytes, 4u);
  EXPECT_EQ(state->memsets[0].stream, arguments.stream);
  EXPECT_EQ(state->memsets[0].order, 0u);
  EXPECT_EQ(forward.order, 1u);
  EXPECT_EQ(finish.order, 2u);
}

TEST_F(LaunchTest, ScratchBytes) {
  auto bytes = loadOrFail(artifact)->getScratchBytes(arguments);
  ASSERT_TRUE(bytes) << bytes.message();
  EXPECT_THAT(*bytes, ElementsAre(4 * 16 * 2 * 1000 + 256, 4));
}

TEST_F(LaunchTest, PersistentGrids) {
  struct Case {
    unsigned each, cluster;
    int64_t rows;
    unsigned expected;
  };
  // 132 SMs, each with room for 2 CTAs; 32 tiles a row of 128.
  for (const Case &test :
       {Case{1, 1, 100000, 132}, Case{0, 1, 100000, 264}, Case{2, 1, 1, 32},
        Case{1, 8, 100000, 128}, Case{1, 8, 129, 64}, Case{1, 5, 1, 35},
        Case{1, 16, 1000, 128}}) {
    state->launches.clear();
    artifact.kernels[0].grid.blocksPerMultiprocessor = test.each;
    artifact.kernels[0].cluster = test.cluster;
    for (unsigned i : {0, 2})
      arguments.operands[i] = {buffers[i].address(), {2, 16, test.rows, 128}};
    arguments.operands[3] = {};
    launch();
    ASSERT_EQ(state->launches.size(), 2u);
    EXPECT_EQ(state->launches[0].grid[0], test.expected)
        << test.each << " " << test.cluster << " " << test.rows;
    EXPECT_EQ(state->launches[0].cluster[0], test.cluster);
  }
  EXPECT_EQ(state->setAttributes["forward"][cuda::kFunctionNonPortableCluster],
            1);
}

TEST_F(LaunchTest, ClustersOfFormulaGrids) {
  artifact.kernels[1].cluster = 4;
  launch();
  EXPECT_THAT(state->launches[1].cluster, ElementsAre(4, 1, 1));
  state->launches.clear();
  artifact.kernels[1].cluster = 3;
  Status status = loadOrFail(artifact)->launch(arguments);
  EXPECT_THAT(status.message(),
              HasSubstr("kernel 'finish': a grid of 8 CTAs along x cannot be "
                        "split into clusters of 3"));
}

TEST_F(LaunchTest, GridIsTooLarge) {
  artifact.kernels[0].grid = artifact.kernels[1].grid;
  artifact.kernels[0].grid.y = Formula::product(70, {{"queryLength", 1}});
  EXPECT_THAT(launchError(),
              HasSubstr("kernel 'forward': a grid of 70000 CTAs along y; at "
                        "most 65535 are possible"));
  artifact.kernels[0].grid.y =
      Formula::product(int64_t(1) << 60, {{"queryLength", 1}});
  EXPECT_THAT(launchError(), HasSubstr("'1152921504606846976 * queryLength' is "
                                       "too large"));
  artifact.kernels[0].grid.y = Formula::product(-1, {{"queryLength", 1}});
  EXPECT_THAT(launchError(), HasSubstr("is negative: -1000"));
}

TEST_F(LaunchTest, NoQueriesLaunchNothing) {
  for (unsigned i : {0, 2})
    arguments.operands[i] = {0, {2, 16, 0, 128}};
  arguments.operands[3] = {0, {2, 16, 0}};
  arguments.scratch[0] = buffers[4].address();
  launch();
  EXPECT_TRUE(state->launches.empty());
}

TEST_F(LaunchTest, NoKeysStillLaunch) {
  arguments.operands[1] = {0, {2, 16, 0, 128}};
  launch();
  ASSERT_EQ(state->launches.size(), 2u);
  EXPECT_EQ(get<cuda::TensorMap>(state->launches[0].arguments[1]).words[0], 0u);
  EXPECT_EQ(get<int64_t>(state->launches[0].arguments[6]), 0);
}

TEST_F(LaunchTest, OptionalOperandsMayBeLeftOut) {
  arguments.operands[3] = {};
  launch();
  EXPECT_EQ(get<uint64_t>(state->launches[0].arguments[3]), 0u);
  arguments.operands[2] = {};
  state->launches.clear();
  EXPECT_THAT(launchError(), HasSubstr("operand 'o': rank 0, expected 4"));
}

TEST_F(LaunchTest, OperandsAreChecked) {
  LaunchArguments good = arguments;
  auto check = [&](const char *message, auto change) {
    arguments = good;
    change();
    EXPECT_THAT(launchError(), HasSubstr(message));
  };
  auto &q = arguments.operands;
  check("got 3 operands, expected 4", [&] { q.pop_back(); });
  check("operand 'q': rank 3, expected 4", [&] { q[0].rank = 3; });
  check("operand 'q': rank 12, expected 4", [&] { q[0].rank = 12; });
  check("operand 'q': dimension 'h' has size 8, expected 16",
        [&] { q[0].sizes[1] = 8; });
  check("operand 'q': dimension 'n' has the negative size -1",
        [&] { q[0].sizes[2] = -1; });
  check("operand 'k': dimension 'b' has size 3, but batch is 2",
        [&] { q[1].sizes[0] = 3; });
  check("operand 'o': dimension 'n' has size 999, but queryLength is 1000",
        [&] { q[2].sizes[2] = 999; });
  check("operand 'o': address 0", [&] { q[2].address = 0; });
  check("operand 'q': the address is not a multiple of 16 bytes",
        [&] { q[0].address += 8; });
  check("operand 'k': dimension 'd' has stride 2, expected 1",
        [&] { q[1].strides[3] = 2; });
  check("operand 'k': dimension 'n' has a stride of 132 elements, which is not "
        "a multiple of 16 bytes",
        [&] { q[1].strides[2] = 132; });
  check("operand 'q': sizes and strides reach beyond the address space",
        [&] { q[0].strides[2] = int64_t(1) << 55; });
  check("operand 'q': sizes and strides reach beyond the address space",
        [&] { q[0].strides[2] = -(int64_t(1) << 60); });
  // Ones that the operand allows, but TMA does not.
  check("operand 'k': dimension 'n' has a stride of -256 bytes; TMA takes",
        [&] { q[1].strides[2] = -128; });
}

TEST_F(LaunchTest, ValuesAreChecked) {
  LaunchArguments good = arguments;
  auto check = [&](const char *message, std::vector<NamedValue> values) {
    arguments = good;
    arguments.values = std::move(values);
    EXPECT_THAT(launchError(), HasSubstr(message));
  };
  check("no value is given for 'scale'", {});
  check("value 'batch' is 3, but it is 2 already",
        {{"scale", 1}, {"batch", 3}});
  check("value 'scale' is 1e+300, which no f32 holds", {{"scale", 1e300}});

  arguments = good;
  arguments.values = {{"scale", 2}, {"batch", 2}, {"unused", 1.5}};
  launch();
  EXPECT_EQ(get<float>(state->launches[0].arguments[7]), 2.0f);
  state->launches.clear();

  // Names that were resolved before.
  auto module = loadOrFail(artifact);
  std::optional<ValueId> scale = module->findValue("scale");
  std::optional<ValueId> batch = module->findValue("batch");
  ASSERT_TRUE(scale && batch);
  EXPECT_FALSE(module->findValue("unused"));
  arguments.values = {{*scale, 3.0}, {*batch, int64_t(2)}};
  launch();
  EXPECT_EQ(get<float>(state->launches[0].arguments[7]), 3.0f);
  state->launches.clear();
  check("value 'batch' is 3, but it is 2 already",
        {{*scale, 1.0}, {*batch, int64_t(3)}});

  artifact.kernels[0].arguments[5].name = "window";
  check("value 'window' is 1.5, expected an integer",
        {{"scale", 1}, {"window", 1.5}});
  check("value 'window' is 4294967296, which the kernel takes as 32 bits only",
        {{"scale", 1}, {"window", int64_t(1) << 32}});
}

TEST_F(LaunchTest, LimitsAreChecked) {
  for (double scale : {0.0, -0.5, 1e-50, double(NAN), double(INFINITY)}) {
    arguments.values = {{"scale", scale}};
    EXPECT_THAT(launchError(),
                HasSubstr(", expected a positive, finite number"));
  }
  arguments.values = {{"scale", 0.125}};
  artifact.limits[0].maximum = 1000;
  launch();
  state->launches.clear();
  artifact.limits[0].maximum = 999;
  EXPECT_EQ(launchError(),
            "'queryLength' is 1000; the kernels support up to 999");
}

TEST_F(LaunchTest, FormulasOfValuesAreChecked) {
  artifact.scratch[0].bytes = Formula::product(4, {{"splits", 1}});
  EXPECT_THAT(launchError(), HasSubstr("scratch buffer 'delta': no value is "
                                       "given for 'splits'"));
  arguments.values.push_back({"splits", -1});
  EXPECT_THAT(launchError(),
              HasSubstr("value 'splits' is not an integer of 0 or more"));
  arguments.values.back() = {"splits", 1.5};
  EXPECT_THAT(launchError(),
              HasSubstr("value 'splits' is not an integer of 0 or more"));
}

TEST_F(LaunchTest, AddressesAreChecked) {
  std::vector<char> host(4096 + 256);
  uint64_t hostAddress =
      (reinterpret_cast<uint64_t>(host.data()) + 255) / 256 * 256;
  DeviceBuffer other = allocate(getPrimary(1), 4096);

  LaunchArguments good = arguments;
  arguments.operands[2].address = hostAddress;
  EXPECT_THAT(launchError(), HasSubstr("operand 'o': the address is not one of "
                                       "the CUDA driver's memory"));
  arguments = good;
  arguments.operands[2].address = other.address();
  EXPECT_THAT(launchError(), HasSubstr("operand 'o': the memory is on device "
                                       "1, but the kernel runs on device 0"));
  // Memory that all devices share.
  state->allocations[other.address()].managed = true;
  launch();
  state->launches.clear();
  state->allocations[other.address()].managed = false;
  // At the caller's own risk.
  arguments.checkAddresses = false;
  launch();
  state->launches.clear();
  arguments = good;
  arguments.operands[2].address = hostAddress;
  state->attributes[cuda::kPageableMemoryAccess] = 1;
  launch();
}

TEST_F(LaunchTest, ScratchIsChecked) {
  LaunchArguments good = arguments;
  arguments.scratch.pop_back();
  EXPECT_THAT(launchError(), HasSubstr("got 1 scratch buffers, expected 2"));
  arguments = good;
  arguments.scratch[1] = 0;
  EXPECT_THAT(launchError(), HasSubstr("scratch buffer 'counter': address 0"));
  arguments = good;
  arguments.scratch[0] += 16;
  EXPECT_THAT(launchError(), HasSubstr("scratch buffer 'delta': the address is "
                                       "not a multiple of 256 bytes"));
  EXPECT_TRUE(state->memsets.empty());
}

TEST_F(LaunchTest, LendsScratch) {
  auto module = loadOrFail(artifact);
  size_t before = state->allocations.size();
  arguments.scratch.clear();
  Status status = module->launchWithScratch(arguments);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(getCurrent(), nullptr);
  ASSERT_EQ(state->launches.size(), 2u);
  ASSERT_EQ(state->memsets.size(), 1u);
  auto counter = get<uint64_t>(state->launches[0].arguments[4]);
  auto delta = get<uint64_t>(state->launches[1].arguments[0]);
  // One piece of memory: what has to be zeroed comes first.
  EXPECT_EQ(delta, counter + 256);
  EXPECT_EQ(delta % 256, 0u);
  EXPECT_EQ(state->memsets[0].address, counter);
  EXPECT_EQ(state->memsets[0].bytes, 4u);
  // Of the stream, and freed behind the kernels. Nobody waits.
  EXPECT_EQ(state->calls["cuMemAllocAsync"], 1);
  ASSERT_EQ(state->streamFrees.size(), 1u);
  EXPECT_EQ(state->streamFrees[0].address, counter);
  EXPECT_EQ(state->streamFrees[0].stream, arguments.stream);
  EXPECT_EQ(state->streamFrees[0].order, 3u);
  EXPECT_EQ(state->calls["cuStreamSynchronize"], 0);
  EXPECT_EQ(state->allocations.size(), before);
}

TEST_F(LaunchTest, LentScratchIsAligned) {
  artifact.scratch[0].alignment = 4096;
  artifact.scratch[1].bytes = Formula::constant(0);
  Status status = loadOrFail(artifact)->launchWithScratch(arguments);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(get<uint64_t>(state->launches[1].arguments[0]) % 4096, 0u);
  // The other one has no bytes.
  EXPECT_TRUE(state->memsets.empty());
  EXPECT_EQ(state->calls["cuMemAllocAsync"], 1);
}

TEST_F(LaunchTest, LentScratchIsLarge) {
  // More than 32 bits, and more than there is.
  artifact.scratch[0].bytes = Formula::constant(int64_t(5) << 30);
  auto module = loadOrFail(artifact);
  size_t before = state->allocations.size();
  Status status = module->launchWithScratch(arguments);
  EXPECT_EQ(status.driverCode(), cuda::kOutOfMemory);
  EXPECT_THAT(status.message(),
              HasSubstr("scratch: not enough device memory for 5368709376 "
                        "bytes: 1073741824 of"));
  EXPECT_TRUE(state->launches.empty());
  EXPECT_TRUE(state->memsets.empty());
  EXPECT_EQ(state->allocations.size(), before);
  EXPECT_EQ(getCurrent(), nullptr);
  // Nothing is allocated for a launch that is refused.
  state->calls.clear();
  artifact.limits[0].maximum = 1;
  status = loadOrFail(artifact)->launchWithScratch(arguments);
  EXPECT_THAT(status.message(), HasSubstr("the kernels support up to 1"));
  EXPECT_EQ(state->calls["cuMemAllocAsync"], 0);
}

TEST_F(LaunchTest, RepeatedLaunchesAskForLittle) {
  auto module = loadOrFail(artifact);
  arguments.checkAddresses = false;
  EXPECT_TRUE(module->launchWithScratch(arguments).ok());
  state->calls.clear();
  EXPECT_TRUE(module->launchWithScratch(arguments).ok());
  EXPECT_EQ(state->calls["cuTensorMapEncodeTiled"], 0);
  EXPECT_EQ(state->calls["cuPointerGetAttributes"], 0);
  EXPECT_EQ(state->calls["cuLaunchKernel"], 2);
  // What another size changes is found again.
  LaunchArguments shorter = arguments;
  for (OperandView &view : shorter.operands)
    view.sizes[2] -= 1;
  EXPECT_TRUE(module->launchWithScratch(shorter).ok());
  EXPECT_GT(state->calls["cuTensorMapEncodeTiled"], 0);
  EXPECT_EQ(state->launches.size(), 6u);
  // Addresses are checked at each launch.
  arguments.operands[0].address += 1;
  EXPECT_THAT(module->launchWithScratch(arguments).message(),
              HasSubstr("operand 'q': the address is not a multiple of"));
}

TEST_F(LaunchTest, LendsScratchWithoutPools) {
  // Then freeing waits.
  for (bool isMissing : {false, true}) {
    if (isMissing)
      const_cast<Driver &>(*driver).memFreeAsync = {};
    else
      state->failures["cuMemAllocAsync"] = cuda::kNotSupported;
    size_t before = state->allocations.size();
    state->calls.clear();
    Status status = loadOrFail(artifact)->launchWithScratch(arguments);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(state->launches.size(), 2u);
    EXPECT_EQ(state->calls["cuMemAlloc"], 1);
    EXPECT_EQ(state->calls["cuStreamSynchronize"], 1);
    EXPECT_EQ(state->allocations.size(), before);
    state->launches.clear();
    // As while it is captured.
    state->failures["cuStreamSynchronize"] = 900;
    status = loadOrFail(artifact)->launchWithScratch(arguments);
    EXPECT_EQ(status.driverCode(), 900);
    EXPECT_EQ(state->allocations.size(), before);
    state->failures.clear();
    state->launches.clear();
  }
}

TEST_F(LaunchTest, LentScratchSurvivesFailures) {
  auto module = loadOrFail(artifact);
  size_t before = state->allocations.size();
  // Tensor maps are made once.
  for (const char *function : {"cuTensorMapEncodeTiled", "cuMemAllocAsync",
                               "cuMemsetD8Async", "cuLaunchKernel"}) {
    state->failures[function] = 4711;
    Status status = module->launchWithScratch(arguments);
    state->failures.clear();
    EXPECT_EQ(status.driverCode(), 4711);
    EXPECT_THAT(status.message(), HasSubstr(std::string(function) + " failed"));
    EXPECT_EQ(state->allocations.size(), before) << function;
    EXPECT_EQ(getCurrent(), nullptr);
  }
  state->failures["cuMemFreeAsync"] = 4711;
  EXPECT_EQ(module->launchWithScratch(arguments).driverCode(), 4711);
  state->failures.clear();
  EXPECT_TRUE(module->launchWithScratch(arguments).ok());
}

TEST_F(LaunchTest, LendsScratchToManyThreads) {
  auto module = loadOrFail(artifact);
  size_t before = state->allocations.size();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (unsigned round = 0; round < 50; ++round)
        EXPECT_TRUE(module->launchWithScratch(arguments).ok());
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(state->launches.size(), 800u);
  EXPECT_EQ(state->streamFrees.size(), 400u);
  EXPECT_EQ(state->allocations.size(), before);
}

TEST_F(LaunchTest, EveryFailureIsReported) {
  auto module = loadOrFail(artifact);
  for (const char *function :
       {"cuCtxGetCurrent", "cuCtxSetCurrent", "cuPointerGetAttributes",
        "cuTensorMapEncodeTiled", "cuMemsetD8Async", "cuLaunchKernel"}) {
    state->failures[function] = 4711;
    Status status = module->launch(arguments);
    state->failures.clear();
    EXPECT_EQ(status.driverCode(), 4711);
    EXPECT_THAT(status.message(), HasSubstr(std::string(function) + " failed"));
    EXPECT_EQ(getCurrent(), nullptr);
  }
  // And then goes on.
  EXPECT_TRUE(module->launch(arguments).ok());
}

TEST_F(LaunchTest, ManyThreads) {
  auto module = loadOrFail(artifact);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (unsigned round = 0; round < 50; ++round)
        EXPECT_TRUE(module->launch(arguments).ok());
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(state->launches.size(), 800u);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

TEST_F(ModuleTest, ProgramsLoadOnceForAContext) {
  Program program(makeArtifact());
  auto first = program.load(*driver), second = program.load(*driver);
  ASSERT_TRUE(first) << first.message();
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(state->images.size(), 1u);
  auto other = program.load(*driver, 1);
  ASSERT_TRUE(other) << other.message();
  EXPECT_NE(*other, *first);
  EXPECT_EQ((*other)->device().device, 1);

  // The caller's context goes first.
  cuda::Context own = makeContext(1);
  ASSERT_TRUE(driver->ctxSetCurrent(own).ok());
  auto third = program.load(*driver, 0);
  ASSERT_TRUE(third) << third.message();
  EXPECT_EQ((*third)->context().handle(), own);
  EXPECT_EQ(state->images.size(), 3u);
  EXPECT_EQ(getCurrent(), own);

  // What is in use stays.
  program.unload();
  EXPECT_EQ(state->modules.size(), 3u);
  first = second = other = third = Status::error("gone");
  EXPECT_EQ(state->modules.size(), 0u);
  EXPECT_EQ(getCurrent(), own);
}

TEST_F(ModuleTest, ProgramsRetryAfterFailures) {
  Program program(makeArtifact());
  state->failures["cuModuleLoadDataEx"] = cuda::kOutOfMemory;
  auto module = program.load(*driver);
  EXPECT_EQ(module.status().driverCode(), cuda::kOutOfMemory);
  state->failures.clear();
  EXPECT_TRUE(program.load(*driver));
  state->failures["cuCtxGetId"] = cuda::kInvalidContext;
  EXPECT_FALSE(program.load(*driver));
}

TEST_F(ModuleTest, ProgramsOfManyThreads) {
  Program program(makeArtifact());
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i)
    threads.emplace_back(
        [&, i] { EXPECT_TRUE(program.load(*driver, int(i % 2))); });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(state->images.size(), 2u);
}

TEST_F(ModuleTest, UnloadingInADeadContextIsSafe) {
  auto module = load(makeArtifact());
  ASSERT_TRUE(module);
  state->failures["cuCtxSetCurrent"] = cuda::kInvalidContext;
  module = Status::error("gone");
  EXPECT_EQ(state->calls["cuModuleUnload"], 0);
  // At the end of a process, when the driver has gone ahead.
  state->failures.clear();
  module = load(makeArtifact());
  ASSERT_TRUE(module);
  for (const char *function :
       {"cuCtxGetCurrent", "cuModuleUnload", "cuDevicePrimaryCtxRelease"})
    state->failures[function] = cuda::kDeinitialized;
  module = Status::error("gone");
}

} // namespace
