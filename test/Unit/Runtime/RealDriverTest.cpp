//===- RealDriverTest.cpp - With the driver of this machine ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Skipped without a GPU. What the other tests believe of the driver is checked
// here: layouts, rules of tensor maps, errors.
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Module.h"
#include "spattn/Runtime/RuntimeContext.h"
#include "spattn/Runtime/TensorMap.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <random>

using namespace spattn::runtime;
using testing::HasSubstr;

namespace {

// Block x loads rows 16 x to 16 x + 15 of one head by TMA and copies them out.
// Its first thread notes the scalars it got, and counts the block.
const char *const kProbe = R"(
.version 8.0
.target sm_90
.address_size 64
.extern .shared .align 1024 .b8 smem[];

.visible .entry probe(
  .param .align 64 .b8 map[128], .param .u64 out, .param .u64 notes,
  .param .u64 counter, .param .u32 head, .param .u64 stride, .param .f32 scale)
{
  .reg .pred %p<4>;
  .reg .b32 %r<24>;
  .reg .b64 %d<16>;
  .reg .f32 %f<2>;

  mov.u32 %r1, %tid.x;
  mov.u32 %r2, smem;
  add.u32 %r3, %r2, 2048;
  mov.u32 %r4, %ctaid.x;
  shl.b32 %r5, %r4, 4;
  ld.param.u32 %r6, [head];
  mov.u32 %r7, 0;
  mov.u32 %r8, 1;
  setp.ne.u32 %p1, %r1, 0;
  @%p1 bra WAIT;

  mbarrier.init.shared::cta.b64 [%r3], 1;
  fence.mbarrier_init.release.cluster;
  mbarrier.arrive.expect_tx.shared::cta.b64 %d9, [%r3], 2048;
  mov.b64 %d1, map;
  cvta.param.u64 %d2, %d1;
  cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes
    [%r2], [%d2, {%r7, %r5, %r6, %r8}], [%r3];

  ld.param.u64 %d3, [notes];
  mul.wide.u32 %d4, %r4, 32;
  add.u64 %d3, %d3, %d4;
  ld.param.u64 %d5, [stride];
  ld.param.f32 %f1, [scale];
  mov.u32 %r9, %cluster_nctaid.x;
  mov.u32 %r10, %nctaid.x;
  st.global.u32 [%d3], %r6;
  st.global.u32 [%d3+4], %r9;
  st.global.u64 [%d3+8], %d5;
  st.global.f32 [%d3+16], %f1;
  st.global.u32 [%d3+20], %r10;
  ld.param.u64 %d6, [counter];
  red.global.add.u32 [%d6], 1;

WAIT:
  bar.sync 0;
LOOP:
  mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r3], 0;
  @!%p2 bra LOOP;
  shl.b32 %r11, %r1, 4;
  add.u32 %r12, %r2, %r11;
  ld.shared.v4.u32 {%r13, %r14, %r15, %r16}, [%r12];
  ld.param.u64 %d7, [out];
  mul.wide.u32 %d8, %r4, 2048;
  add.u64 %d7, %d7, %d8;
  cvt.u64.u32 %d10, %r11;
  add.u64 %d7, %d7, %d10;
  st.global.v4.u32 [%d7], {%r13, %r14, %r15, %r16};
  ret;
}
)";

struct Note {
  int32_t head;
  uint32_t cluster;
  int64_t stride;
  float scale;
  uint32_t blocks;
  uint64_t unused;
};
static_assert(sizeof(Note) == 32, "as the kernel writes it");

Artifact makeProbe() {
  Artifact artifact;
  artifact.architecture = "sm_90";
  artifact.code = kProbe;
  artifact.operands = {
      {"x",
       ElementType::I16,
       {{"b", "", 2}, {"h", "heads", 0}, {"n", "length", 0}, {"d", "", 64}},
       16,
       true,
       false,
       false},
      {"out",
       ElementType::I16,
       {{"n", "", 1 << 10}, {"d", "", 64}},
       16,
       true,
       false,
       true},
      {"notes", ElementType::I64, {{"n", "", 1 << 8}}, 16, true, false, true}};
  TensorMapRecipe recipe;
  recipe.type = ElementType::I16;
  recipe.dimensions = {{"d", 64}, {"n", 16}, {"h", 1}, {"b", 1}};
  artifact.tensorMaps = {recipe};
  artifact.scratch = {{"counter", Formula::constant(4), 4, true}};
  Kernel kernel;
  kernel.entry = "probe";
  // More than what needs no permission.
  kernel.dynamicSharedBytes = 100000;
  kernel.cluster = 2;
  kernel.grid.x = Formula::product(2, {{"length", 32}});
  kernel.arguments = {Argument::tensorMap(0),
                      Argument::pointer(1),
                      Argument::pointer(2),
                      Argument::scratch(0),
                      Argument::scalar(ArgumentKind::I32, "head"),
                      Argument::scalar(ArgumentKind::I64, "stride:x:n"),
                      Argument::scalar(ArgumentKind::F32, "scale")};
  artifact.kernels = {kernel};
  return artifact;
}

/// A graph. The runtime has no functions for them: the caller captures.
class Graph {
public:
  explicit Graph(const Driver &driver)
      : handle(dlopen(driver.library().c_str(), RTLD_NOW)) {}
  ~Graph() {
    if (exec)
      get<int(void *)>("cuGraphExecDestroy")(exec);
    if (graph)
      get<int(void *)>("cuGraphDestroy")(graph);
  }

  int begin(cuda::Stream stream, int mode) {
    return get<int(cuda::Stream, int)>("cuStreamBeginCapture_v2")(stream, mode);
  }
  int end(cuda::Stream stream) {
    int code =
        get<int(cuda::Stream, void **)>("cuStreamEndCapture")(stream, &graph);
    return code ? code
                : get<int(void **, void *, unsigned long long)>(
                      "cuGraphInstantiateWithFlags")(&exec, graph, 0);
  }
  int launch(cuda::Stream stream) {
    return get<int(void *, cuda::Stream)>("cuGraphLaunch")(exec, stream);
  }

private:
  template <class T>
  T *get(const char *symbol) {
    return reinterpret_cast<T *>(dlsym(handle, symbol));
  }
  void *handle, *graph = nullptr, *exec = nullptr;
};

class RealDriverTest : public testing::Test {
protected:
  void SetUp() override {
    auto found = environment.driver();
    if (!found)
      GTEST_SKIP() << found.message();
    driver = *found;
    auto current = DeviceContext::primary(*driver, 0);
    ASSERT_TRUE(current) << current.message();
    context = *current;
    info = *getDeviceInfo(*driver, 0);
    if (info.major < 9)
      GTEST_SKIP() << info.name << " has no TMA";
  }

  DeviceBuffer allocate(size_t bytes) {
    auto buffer = DeviceBuffer::allocate(context, bytes);
    EXPECT_TRUE(buffer) << buffer.message();
    return *std::move(buffer);
  }

  /// The driver of this machine.
  spattn::RuntimeContext environment = spattn::contextFromEnvironment();
  const Driver *driver = nullptr;
  DeviceContext context;
  DeviceInfo info;
};

TEST_F(RealDriverTest, Info) {
  EXPECT_GE(info.multiprocessors, 1);
  EXPECT_GE(info.sharedBytesPerBlock, 200000);
  EXPECT_GE(info.memoryBytes, int64_t(1) << 30);
  EXPECT_GE(driver->version(), 12000);
  RecordProperty("device", info.name);
  RecordProperty("driver", formatCudaVersion(driver->version()));
}

TEST_F(RealDriverTest, Launches) {
  constexpr int64_t kHeads = 3, kLength = 100;
  auto module =
      Module::load(std::make_shared<const Artifact>(makeProbe()), context);
  ASSERT_TRUE(module) << module.message();
  EXPECT_EQ((*module)->kernels()[0].localBytes, 0);
  EXPECT_GE((*module)->kernels()[0].blocksPerMultiprocessor, 1);

  // Heads inside of rows; each element holds its index.
  std::vector<uint16_t> data(2 * kLength * kHeads * 64);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = uint16_t(i * 7);
  DeviceBuffer x = allocate(data.size() * 2), out = allocate(1 << 17),
               notes = allocate(1 << 11), counter = allocate(4);
  auto scope = ContextScope::enter(context);
  ASSERT_TRUE(scope);
  ASSERT_TRUE(
      driver->memcpyHtoD(x.address(), data.data(), data.size() * 2).ok());
  cuda::Stream stream = nullptr;
  ASSERT_TRUE(driver->streamCreate(&stream, cuda::kStreamNonBlocking).ok());

  LaunchArguments arguments;
  arguments.operands = {{x.address(),
                         {2, kHeads, kLength, 64},
                         {kLength * kHeads * 64, 64, kHeads * 64, 1}},
                        {out.address(), {1 << 10, 64}},
                        {notes.address(), {1 << 8}}};
  arguments.values = {{"head", 2}, {"scale", 0.25}};
  arguments.scratch = {counter.address()};
  arguments.stream = stream;
  for (unsigned round = 0; round < 2; ++round) {
    Status status = (*module)->launch(arguments);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  Status status = driver->streamSynchronize(stream);
  ASSERT_TRUE(status.ok()) << status.message();

  constexpr unsigned kBlocks = 8;
  std::vector<uint16_t> copied(kBlocks * 16 * 64);
  ASSERT_TRUE(
      driver->memcpyDtoH(copied.data(), out.address(), copied.size() * 2).ok());
  for (int64_t n = 0; n < kBlocks * 16; ++n)
    for (int64_t d = 0; d < 64; ++d) {
      size_t source = size_t(((kLength + n) * kHeads + 2) * 64 + d);
      // Rows beyond the end are 0.
      ASSERT_EQ(copied[size_t(n * 64 + d)], n < kLength ? data[source] : 0)
          << n << " " << d;
    }
  Note note[kBlocks];
  ASSERT_TRUE(driver->memcpyDtoH(note, notes.address(), sizeof(note)).ok());
  for (const Note &one : note) {
    EXPECT_EQ(one.head, 2);
    EXPECT_EQ(one.cluster, 2u);
    EXPECT_EQ(one.stride, kHeads * 64);
    EXPECT_EQ(one.scale, 0.25f);
    EXPECT_EQ(one.blocks, kBlocks);
  }
  uint32_t count = 0;
  ASSERT_TRUE(driver->memcpyDtoH(&count, counter.address(), 4).ok());
  EXPECT_EQ(count, kBlocks);

  // The same launch captured into a graph, in the mode that allows least.
  Graph graph(*driver);
  ASSERT_EQ(graph.begin(stream, 0), 0);
  status = (*module)->launch(arguments);
  EXPECT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(graph.end(stream), 0);
  ASSERT_TRUE(driver->memsetD8Async(out.address(), 0xff, 1 << 17, stream).ok());
  for (unsigned round = 0; round < 3; ++round)
    ASSERT_EQ(graph.launch(stream), 0);
  std::vector<uint16_t> again(copied.size());
  ASSERT_TRUE(driver->streamSynchronize(stream).ok());
  ASSERT_TRUE(
      driver->memcpyDtoH(again.data(), out.address(), again.size() * 2).ok());
  EXPECT_EQ(again, copied);
  ASSERT_TRUE(driver->memcpyDtoH(&count, counter.address(), 4).ok());
  EXPECT_EQ(count, kBlocks);

  // With scratch that the launch lends, at once and captured.
  auto runAgain = [&](auto run) {
    ASSERT_TRUE(
        driver->memsetD8Async(out.address(), 0xff, 1 << 17, stream).ok());
    for (unsigned round = 0; round < 3; ++round)
      run();
    ASSERT_TRUE(driver->streamSynchronize(stream).ok());
    ASSERT_TRUE(
        driver->memcpyDtoH(again.data(), out.address(), again.size() * 2).ok());
    EXPECT_EQ(again, copied);
  };
  runAgain([&] {
    status = (*module)->launchWithScratch(arguments);
    EXPECT_TRUE(status.ok()) << status.message();
  });
  Graph lending(*driver);
  ASSERT_EQ(lending.begin(stream, 0), 0);
  status = (*module)->launchWithScratch(arguments);
  EXPECT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(lending.end(stream), 0);
  runAgain([&] { EXPECT_EQ(lending.launch(stream), 0); });

  // What a launch costs the host.
  constexpr unsigned kRounds = 500;
  auto time = [&](const char *name, auto launch) {
    auto start = std::chrono::steady_clock::now();
    for (unsigned round = 0; round < kRounds; ++round)
      ASSERT_TRUE(launch().ok());
    std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - start;
    ASSERT_TRUE(driver->streamSynchronize(stream).ok());
    RecordProperty(name, std::to_string(took.count() / kRounds));
  };
  time("launch_us", [&] { return (*module)->launch(arguments); });
  time("scratch_us", [&] { return (*module)->launchWithScratch(arguments); });
  time("synchronized_scratch_us", [&] {
    Status launched = (*module)->launchWithScratch(arguments);
    return launched.ok() ? driver->streamSynchronize(stream) : launched;
  });
  arguments.checkAddresses = false;
  time("unchecked_launch_us", [&] { return (*module)->launch(arguments); });
  EXPECT_TRUE(driver->streamDestroy(stream).ok());
}

TEST_F(RealDriverTest, WrongAddressesAreFound) {
  auto module =
      Module::load(std::make_shared<const Artifact>(makeProbe()), context);
  ASSERT_TRUE(module) << module.message();
  DeviceBuffer out = allocate(1 << 17), counter = allocate(4);
  alignas(16) static uint16_t host[2 * 3 * 100 * 64];
  LaunchArguments arguments;
  arguments.operands = {{reinterpret_cast<uint64_t>(host), {2, 3, 100, 64}},
                        {out.address(), {1 << 10, 64}},
                        {out.address(), {1 << 8}}};
  arguments.values = {{"head", 2}, {"scale", 0.25}};
  arguments.scratch = {counter.address()};
  if (info.pageableMemory)
    GTEST_SKIP() << "kernels may read all memory of the host";
  EXPECT_THAT((*module)->launch(arguments).message(),
              HasSubstr("operand 'x': the address is not one of the CUDA "
                        "driver's memory"));
}

TEST_F(RealDriverTest, BadCodeIsReported) {
  Artifact artifact = makeProbe();
  artifact.code.replace(artifact.code.find("bar.sync"), 8, "bar.sink");
  auto load = [&] {
    return Module::load(std::make_shared<const Artifact>(artifact), context)
        .message();
  };
  EXPECT_THAT(load(), HasSubstr("Unknown modifier '.sink'"));
  artifact = makeProbe();
  artifact.code.replace(artifact.code.find("8.0"), 3, "9.9");
  EXPECT_THAT(load(), HasSubstr("cuModuleLoadDataEx failed"));
  artifact = makeProbe();
  artifact.kernels[0].entry = "prob";
  EXPECT_THAT(load(), HasSubstr("cuModuleGetFunction failed"));
  artifact = makeProbe();
  artifact.codeKind = CodeKind::Cubin;
  artifact.code = std::string("\x7f"
                              "ELF",
                              4) +
                  std::string(1000, '\0');
  EXPECT_THAT(load(), HasSubstr("cuModuleLoadDataEx failed"));
  // And then goes on.
  artifact = makeProbe();
  EXPECT_EQ(load(), "");
}

TEST_F(RealDriverTest, TooLittleMemory) {
  auto buffer = DeviceBuffer::allocate(context, size_t(1) << 45);
  ASSERT_FALSE(buffer);
  EXPECT_THAT(buffer.message(), HasSubstr("not enough device memory"));
}

TEST_F(RealDriverTest, AgreesOnTensorMaps) {
  // Without a current context, encoding fails.
  auto scope = ContextScope::enter(context);
  ASSERT_TRUE(scope);
  std::mt19937_64 random(5);
  auto pick = [&](auto... values) {
    const int64_t choices[] = {int64_t(values)...};
    return choices[random() % sizeof...(values)];
  };
  unsigned accepted = 0, tooStrict = 0;
  std::string strict;
  for (unsigned round = 0; round < 50000; ++round) {
    TensorMapRecipe recipe;
    recipe.type = ElementType(random() % 8);
    recipe.swizzle = Swizzle(random() % 4);
    recipe.l2Promotion = L2Promotion(random() % 4);
    recipe.fill = OobFill(random() % 8 == 0);
    unsigned rank = 1 + unsigned(random() % 5);
    TensorMapSource source;
    source.address =
        uint64_t(pick(1 << 20, 1 << 24, (1 << 20) + 16, (1 << 20) + 8));
    // The driver's arguments, made here without the code under test.
    uint64_t strides[5] = {};
    uint32_t box[5], steps[5];
    for (unsigned i = 0; i < rank; ++i) {
      box[i] = uint32_t(pick(1, 2, 8, 16, 32, 64, 128, 256, random() % 300));
      steps[i] = 1;
      recipe.dimensions.push_back({std::string(1, char('a' + i)), box[i]});
      source.sizes[i] =
          uint64_t(pick(2, 100, 1000, int64_t(1) << 32, random() % 5000 + 2));
      source.byteStrides[i] =
          i == 0 ? int64_t(getElementBytes(recipe.type))
                 : pick(0, 16, 256, 1024, (int64_t(1) << 40) - 16,
                        int64_t(1) << 40, random() % 64 * 8 + 16);
      strides[i] = uint64_t(source.byteStrides[i]);
    }
    Status ours = checkTensorMap(recipe, source);
    if (ours.ok()) {
      ++accepted;
      auto map = encodeTensorMap(*driver, recipe, source);
      EXPECT_TRUE(map) << map.message();
      continue;
    }
    // Types in the order of ElementType.
    const int types[] = {0, 1, 3, 5, 6, 9, 7, 8};
    cuda::TensorMap map;
    if (driver
            ->tensorMapEncodeTiled(&map, types[int(recipe.type)], rank,
                                   reinterpret_cast<void *>(source.address),
                                   source.sizes, strides + 1, box, steps, 0,
                                   int(recipe.swizzle), int(recipe.l2Promotion),
                                   int(recipe.fill))
            .ok()) {
      if (++tooStrict > 20)
        continue;
      strict += ours.message().substr(0, 200) + "\n";
    }
  }
  EXPECT_GT(accepted, 1000u);
  EXPECT_EQ(tooStrict, 0u) << strict;
}

} // namespace
