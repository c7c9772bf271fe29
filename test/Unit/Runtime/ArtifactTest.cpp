//===- ArtifactTest.cpp - Artifacts and their bytes -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Artifact.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

using namespace spattn::runtime;
using testing::AnyOf;
using testing::HasSubstr;

namespace {

std::string serialize(const Artifact &artifact) {
  auto bytes = artifact.serialize();
  EXPECT_TRUE(bytes) << bytes.message();
  return bytes ? *bytes : "";
}

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string parseError(std::string_view bytes) {
  auto artifact = Artifact::parse(bytes);
  EXPECT_FALSE(artifact);
  return artifact.message();
}

/// Writes a checksum that fits: FNV-1a over all but itself.
void seal(std::string &bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i + 8 < bytes.size(); ++i)
    hash = (hash ^ uint8_t(bytes[i])) * 0x100000001b3;
  for (unsigned i = 0; i < 8; ++i)
    bytes[bytes.size() - 8 + i] = char(hash >> (8 * i));
}

TEST(Artifact, RoundTrip) {
  Artifact artifact = makeArtifact();
  std::string bytes = serialize(artifact);
  EXPECT_EQ(bytes.substr(0, 8), "SPATTNAR");
  auto read = Artifact::parse(bytes);
  ASSERT_TRUE(read) << read.message();
  EXPECT_EQ(serialize(*read), bytes);

  EXPECT_EQ(read->architecture, "sm_90a");
  EXPECT_EQ(read->code, artifact.code);
  ASSERT_EQ(read->operands.size(), 4u);
  EXPECT_EQ(read->operands[3].name, "lse");
  EXPECT_EQ(read->operands[3].type, ElementType::F32);
  EXPECT_TRUE(read->operands[3].optional);
  EXPECT_FALSE(read->operands[0].output);
  EXPECT_EQ(read->operands[1].dimensions[2].extent, "keyLength");
  EXPECT_EQ(read->operands[1].dimensions[3].size, 128);
  ASSERT_EQ(read->tensorMaps.size(), 2u);
  EXPECT_EQ(read->tensorMaps[1].dimensions[1].box, 64u);
  EXPECT_EQ(read->tensorMaps[1].swizzle, Swizzle::Bytes128);
  ASSERT_EQ(read->kernels.size(), 2u);
  EXPECT_EQ(read->kernels[0].grid.kind, GridKind::Persistent);
  EXPECT_EQ(read->kernels[0].arguments[8].name, "stride:o:n");
  EXPECT_EQ(read->scratch[1].zeroed, true);
  ASSERT_NE(read->findMetadata("structure"), nullptr);
  EXPECT_EQ(*read->findMetadata("structure"), "#spattn.partition<exclusive>");
  EXPECT_EQ(read->findMetadata("structur"), nullptr);
}

TEST(Artifact, BinaryCodeRoundTrips) {
  Artifact artifact = makeArtifact();
  artifact.codeKind = CodeKind::Cubin;
  artifact.code = std::string("\x7f"
                              "ELF\0\xff\0",
                              7);
  auto read = Artifact::parse(serialize(artifact));
  ASSERT_TRUE(read) << read.message();
  EXPECT_EQ(read->code, artifact.code);
}

TEST(Artifact, SoftwareMapRoundTrips) {
  Artifact artifact = makeArtifact();
  artifact.tensorMaps[1].form = TensorMapForm::Software;
  auto read = Artifact::parse(serialize(artifact));
  ASSERT_TRUE(read) << read.message();
  EXPECT_EQ(read->tensorMaps[0].form, TensorMapForm::Hardware);
  EXPECT_EQ(read->tensorMaps[1].form, TensorMapForm::Software);
}

TEST(Artifact, EveryDamagedByteIsFound) {
  std::string bytes = serialize(makeArtifact());
  for (size_t i = 0; i < bytes.size(); ++i)
    for (unsigned mask : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string damaged = bytes;
      damaged[i] = char(damaged[i] ^ mask);
      ASSERT_FALSE(Artifact::parse(damaged)) << i << " " << mask;
    }
}

TEST(Artifact, EveryTruncationIsFound) {
  std::string bytes = serialize(makeArtifact());
  EXPECT_THAT(parseError(""), HasSubstr("not an artifact"));
  for (size_t size = 1; size < bytes.size(); ++size)
    // A copy: an access beyond the end is then one beyond the allocation.
    ASSERT_THAT(parseError(std::string(bytes, 0, size)),
                HasSubstr("truncated artifact"));
  EXPECT_THAT(parseError(bytes + "x"), HasSubstr("1 bytes follow its end"));
}

TEST(Artifact, SaysWhatIsWrong) {
  std::string bytes = serialize(makeArtifact());
  EXPECT_THAT(parseError("\x7f"
                         "ELF and so on, and so on"),
              HasSubstr("not an artifact: it does not start with SPATTNAR"));
  std::string newer = bytes;
  newer[8] = Artifact::kVersion + 1;
  EXPECT_EQ(parseError(newer), "the artifact has format version " +
                                   std::to_string(Artifact::kVersion + 1) +
                                   "; this spattn reads version " +
                                   std::to_string(Artifact::kVersion) +
                                   ", so use a later one");
  std::string damaged = bytes;
  damaged[100] ^= 1;
  EXPECT_THAT(parseError(damaged), HasSubstr("checksum does not match"));
}

/// Inputs/version-N.spattn is the sample as of version N of the format. It has
/// to be read as long as N is the version, and to be what is written: whoever
/// changes the format has to change the number. Earlier ones are refused.
TEST(Artifact, FilesOfAllVersions) {
  for (uint32_t version = 1; version <= Artifact::kVersion; ++version) {
    std::string name = "version-" + std::to_string(version) + ".spattn";
    std::string bytes = readFile(SPATTN_INPUTS "/" + name);
    if (version < Artifact::kVersion) {
      EXPECT_EQ(parseError(bytes), "the artifact has the old format version " +
                                       std::to_string(version) +
                                       "; this spattn reads version " +
                                       std::to_string(Artifact::kVersion) +
                                       ", so compile it again");
      continue;
    }
    std::string sample = serialize(makeArtifact());
    if (bytes != sample) {
      std::string path = testing::TempDir() + name;
      std::ofstream(path, std::ios::binary) << sample;
      ADD_FAILURE() << "the format or the sample has changed; if the version "
                       "has, too, keep "
                    << path << " in " SPATTN_INPUTS;
    }
    auto artifact = Artifact::parse(bytes);
    ASSERT_TRUE(artifact) << artifact.message();
    EXPECT_EQ(artifact->kernels.size(), 2u);
  }
}

TEST(Artifact, LengthsAreNotTrusted) {
  // Wherever a length is, it is made huge, with a checksum that fits.
  std::string bytes = serialize(makeArtifact());
  for (size_t i = 24; i + 16 < bytes.size(); ++i)
    for (uint64_t length : {~uint64_t(0), uint64_t(1) << 63, uint64_t(1) << 32,
                            uint64_t(bytes.size())}) {
      std::string damaged = bytes;
      std::memcpy(&damaged[i], &length, sizeof(length));
      seal(damaged);
      auto read = Artifact::parse(damaged);
      EXPECT_TRUE(!read || read->verify().ok());
    }
}

TEST(Artifact, RandomContentIsNotTrusted) {
  std::string bytes = serialize(makeArtifact());
  std::mt19937 random(7);
  unsigned accepted = 0;
  for (unsigned round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    for (unsigned i = 0; i < 1 + round % 3; ++i)
      damaged[24 + random() % (bytes.size() - 32)] =
          char(round % 2 ? random() : random() % 4);
    seal(damaged);
    auto read = Artifact::parse(damaged);
    if (!read) {
      EXPECT_THAT(read.message(), AnyOf(HasSubstr("damaged artifact"),
                                        HasSubstr("invalid artifact")));
      continue;
    }
    // What is taken is a valid artifact, if perhaps a strange one.
    ++accepted;
    EXPECT_EQ(serialize(*read), damaged);
  }
  EXPECT_GT(accepted, 0u);
}

TEST(Artifact, Verify) {
  struct Case {
    const char *message;
    std::function<void(Artifact &)> change;
  };
  const Case cases[] = {
      {"'sm_' is not an architecture",
       [](Artifact &a) { a.architecture = "sm_"; }},
      {"there is no code", [](Artifact &a) { a.code.clear(); }},
      {"not PTX: it has a byte 0", [](Artifact &a) { a.code.push_back(0); }},
      {"not a cubin", [](Artifact &a) { a.codeKind = CodeKind::Cubin; }},
      {"two of operands are named 'q'",
       [](Artifact &a) { a.operands[1].name = "q"; }},
      {"'' is not a name of operands",
       [](Artifact &a) { a.operands[1].name = ""; }},
      {"tensor map 0: a software tensor map has no interleave",
       [](Artifact &a) {
         a.tensorMaps[0].form = TensorMapForm::Software;
         a.tensorMaps[0].fill = OobFill::Nan;
       }},
      {"operand 'q': rank 0, expected 1 to 8",
       [](Artifact &a) { a.operands[0].dimensions.clear(); }},
      {"operand 'q': rank 9",
       [](Artifact &a) { a.operands[0].dimensions.resize(9); }},
      {"operand 'k': alignment 3, expected a power of two",
       [](Artifact &a) { a.operands[1].alignment = 3; }},
      {"operand 'k': dimension 'd' must have either a size or an extent",
       [](Artifact &a) { a.operands[1].dimensions[3].size = 0; }},
      {"operand 'k': dimension 'n' must have either a size or an extent",
       [](Artifact &a) { a.operands[1].dimensions[2].size = 5; }},
      {"tensor map 1: there is no operand 9",
       [](Artifact &a) { a.tensorMaps[1].operand = 9; }},
      {"tensor map 0: elements of type f32, but operand 'q' has bf16",
       [](Artifact &a) { a.tensorMaps[0].type = ElementType::F32; }},
      {"tensor map 0: dimension 'n' has a box of 257",
       [](Artifact &a) { a.tensorMaps[0].dimensions[1].box = 257; }},
      {"operand 'q' has no dimension 'x'",
       [](Artifact &a) { a.tensorMaps[0].dimensions[1].name = "x"; }},
      {"dimension 'd' occurs twice",
       [](Artifact &a) { a.tensorMaps[0].dimensions[1].name = "d"; }},
      {"scratch buffer 'counter': alignment 0",
       [](Artifact &a) { a.scratch[1].alignment = 0; }},
      {"scratch buffer 'delta': 'batch' is divided by 0",
       [](Artifact &a) { a.scratch[0].bytes.terms[0].factors[0].divisor = 0; }},
      {"there is no kernel", [](Artifact &a) { a.kernels.clear(); }},
      {"the entry has no valid name",
       [](Artifact &a) { a.kernels[1].entry = ""; }},
      {"kernel 'forward': CTAs of 2000 threads",
       [](Artifact &a) { a.kernels[0].threads = 2000; }},
      {"kernel 'forward': clusters of 17 CTAs",
       [](Artifact &a) { a.kernels[0].cluster = 17; }},
      {"kernel 'forward': 4000000 bytes of shared memory",
       [](Artifact &a) { a.kernels[0].dynamicSharedBytes = 4000000; }},
      {"kernel 'finish': the grid has no formula",
       [](Artifact &a) { a.kernels[1].grid.x.terms.clear(); }},
      {"kernel 'forward': not a persistent grid",
       [](Artifact &a) { a.kernels[0].grid.y = Formula::constant(2); }},
      {"kernel 'finish': there is no scratch buffer 2",
       [](Artifact &a) { a.kernels[1].arguments[0].index = 2; }},
      {"kernel 'finish': there is no operand 4",
       [](Artifact &a) { a.kernels[1].arguments[1].index = 4; }},
      {"kernel 'forward': there is no tensor map 2",
       [](Artifact &a) { a.kernels[0].arguments[0].index = 2; }},
      {"either a scalar with a name or has an index",
       [](Artifact &a) { a.kernels[0].arguments[5].name = ""; }},
      {"'stride:o' is not a value",
       [](Artifact &a) { a.kernels[0].arguments[8].name = "stride:o"; }},
      {"'strid:o:n' is not a value",
       [](Artifact &a) { a.kernels[0].arguments[8].name = "strid:o:n"; }},
      {"'stride:o:x' names no dimension of an operand",
       [](Artifact &a) { a.kernels[0].arguments[8].name = "stride:o:x"; }},
      {"'stride:x:n' names no dimension of an operand",
       [](Artifact &a) { a.kernels[0].arguments[8].name = "stride:x:n"; }},
      {"arguments of 38424 bytes",
       [](Artifact &a) {
         a.kernels[1].arguments.assign(300, Argument::tensorMap(0));
         a.kernels[1].arguments.resize(303);
       }},
  };
  EXPECT_TRUE(makeArtifact().verify().ok())
      << makeArtifact().verify().message();
  for (const Case &test : cases) {
    Artifact artifact = makeArtifact();
    test.change(artifact);
    EXPECT_THAT(artifact.verify().message(), HasSubstr(test.message));
    EXPECT_THAT(artifact.serialize().message(), HasSubstr(test.message));
  }
}

TEST(Artifact, FormulasAsText) {
  EXPECT_EQ(toString({}), "0");
  EXPECT_EQ(toString(Formula::constant(1)), "1");
  EXPECT_EQ(toString(Formula::product(1, {{"n", 1}})), "n");
  Formula sum = Formula::product(-2, {{"batch", 1}, {"n", 128}});
  sum.terms.push_back({256, {}});
  EXPECT_EQ(toString(sum), "-2 * batch * ceil(n / 128) + 256");
}

TEST(Architecture, Parse) {
  for (const char *text : {"", "sm_", "sm_9", "sm_a", "sm_9x", "90", "sm_90b",
                           "sm_90aa", "compute_90", "sm_12345", "sm_-90"})
    EXPECT_FALSE(Architecture::parse(text)) << text;
  auto hopper = Architecture::parse("sm_90a");
  ASSERT_TRUE(hopper);
  EXPECT_EQ(hopper->major, 9);
  EXPECT_EQ(hopper->minor, 0);
  EXPECT_EQ(hopper->suffix, 'a');
  auto later = Architecture::parse("sm_121");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->major, 12);
  EXPECT_EQ(later->minor, 1);
}

TEST(Architecture, RunsOn) {
  struct Case {
    const char *architecture;
    int major, minor;
    bool cubin, ptx;
  };
  for (const Case &test :
       {Case{"sm_90a", 9, 0, true, true}, Case{"sm_90a", 10, 0, false, false},
        Case{"sm_90a", 9, 1, false, false}, Case{"sm_100f", 10, 3, true, true},
        Case{"sm_103f", 10, 0, false, false},
        Case{"sm_100f", 12, 0, false, false}, Case{"sm_80", 8, 0, true, true},
        Case{"sm_80", 8, 9, true, true}, Case{"sm_80", 9, 0, false, true},
        Case{"sm_86", 8, 0, false, false}, Case{"sm_86", 7, 9, false, false}}) {
    Architecture architecture = *Architecture::parse(test.architecture);
    EXPECT_EQ(architecture.runsOn(test.major, test.minor, CodeKind::Cubin),
              test.cubin)
        << test.architecture << " on " << test.major << "." << test.minor;
    EXPECT_EQ(architecture.runsOn(test.major, test.minor, CodeKind::Ptx),
              test.ptx)
        << test.architecture << " on " << test.major << "." << test.minor;
  }
}

} // namespace
