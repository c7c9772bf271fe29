//===- Report.cpp - What is printed ---------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include "common/Text.h"
#include "spattn/Target/EmitArtifact.h"
#include "llvm/Support/JSON.h"

#include <cmath>
#include <ctime>

using namespace mlir;
using namespace spattn;
using namespace spattn::bench;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string getRate(std::optional<double> rate, const char *style,
                           const std::string &source) {
  return rate ? format(style, rate) + " (" + source + ")" : "unknown";
}

void spattn::bench::printReport(llvm::raw_ostream &stream, const System &system,
                                ArrayRef<Row> rows) {
  stream << system.name << ": copy "
         << getRate(system.copyTbs, "%.2f TB/s", system.copySource)
         << ", product "
         << getRate(system.productTflops, "%.4g TFLOP/s", system.productSource)
         << "\n\n";
  if (rows.empty())
    return;
  StringRef pass = rows.front().pass;
  bool isOne = llvm::all_of(rows, [&](const Row &r) { return r.pass == pass; });
  Table times({isOne ? ("workload, " + pass).str() : "workload", "ms", "min",
               "max", "floor ms", "x floor", "TFLOP/s", "launch us", "error"});
  for (const Row &row : rows) {
    std::optional<double> ratio;
    if (row.floorMs && *row.floorMs > 0)
      ratio = row.ms / *row.floorMs;
    times.add({row.workload, format("%.4f", row.ms), format("%.4f", row.minMs),
               format("%.4f", row.maxMs), format("%.4f", row.floorMs),
               format("%.2f", ratio), format("%.4g", row.getTflops()),
               format("%.1f", row.launchUs),
               row.error ? format("%.2e", row.error->relative) : "-"});
  }
  times.print(stream);

  stream << "\n";
  Table work({"workload", "tile", "full", "masked", "skipped", "pairs", "MB"});
  for (const Row &row : rows) {
    const TileNumbers &total = row.tiles.total;
    work.add({row.workload,
              format(row.tiles.queryTile) + " x " + format(row.tiles.keyTile),
              format(total.full), format(total.masked), format(total.skipped),
              format(total.pairs), format("%.1f", 1e-6 * row.bytes)});
  }
  work.print(stream);

  stream << "\n";
  Table compile({"compile, ms", "total", "passes", "ptx", "ptxas",
                 "from memory", "source"});
  StringRef last;
  for (const Row &row : rows) {
    if (row.entry == last)
      continue;
    last = row.entry;
    compile.add(
        {"@" + row.entry, format("%.1f", row.compile.total),
         format("%.1f", row.compile.passes), format("%.1f", row.compile.ptx),
         format("%.1f", row.compile.ptxas), format("%.2f", row.compile.memory),
         row.compile.isCached ? "cache" : "compiler"});
  }
  compile.print(stream);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static std::string getDate() {
  char text[16] = "";
  std::time_t now = std::time(nullptr);
  std::tm utc;
  if (gmtime_r(&now, &utc))
    std::strftime(text, sizeof(text), "%Y-%m-%d", &utc);
  return text;
}

/// A number with as many digits as are measured.
static void writeNumber(llvm::json::OStream &json, StringRef key,
                        std::optional<double> number) {
  json.attributeBegin(key);
  json.rawValue(number && std::isfinite(*number) ? format("%.6g", number)
                                                 : "null");
  json.attributeEnd();
}

static void writeRow(llvm::json::OStream &json, const Row &row,
                     const System &system, const Options &options) {
  json.attribute("workload", row.workload);
  json.attribute("system", "spattn");
  json.attribute("pass", row.pass);
  writeNumber(json, "ms", row.ms);
  writeNumber(json, "min_ms", row.minMs);
  writeNumber(json, "max_ms", row.maxMs);
  json.attribute("runs", row.runs);
  writeNumber(json, "floor_ms", row.floorMs);
  writeNumber(json, "tflops", row.getTflops());
  auto ofError = [&](auto member) -> std::optional<double> {
    if (!row.error)
      return std::nullopt;
    return (*row.error).*member;
  };
  writeNumber(json, "error", ofError(&ErrorReport::relative));
  writeNumber(json, "lse_error", ofError(&ErrorReport::lse));
  json.attribute("checked_rows", row.error ? row.error->rows : 0);
  json.attribute("structure", row.structure);
  const TileNumbers &total = row.tiles.total;
  json.attributeObject("tiles", [&] {
    json.attribute("full", total.full);
    json.attribute("masked", total.masked);
    json.attribute("skipped", total.skipped);
  });
  json.attributeObject("tile_shape", [&] {
    json.attribute("query_tile", row.tiles.queryTile);
    json.attribute("key_tile", row.tiles.keyTile);
  });
  json.attribute("pairs", total.pairs);
  json.attribute("bytes", row.bytes);
  writeNumber(json, "launch_us", row.launchUs);
  writeNumber(json, "compile_ms", row.compile.total);
  writeNumber(json, "passes_ms", row.compile.passes);
  writeNumber(json, "ptx_ms", row.compile.ptx);
  writeNumber(json, "ptxas_ms", row.compile.ptxas);
  writeNumber(json, "cache_ms", row.compile.memory);
  json.attribute("cached", row.compile.isCached);
  writeNumber(json, "copy_tbs", system.copyTbs);
  writeNumber(json, "product_tflops", system.productTflops);
  bool isCpu = options.device == Device::Cpu;
  json.attribute("device", isCpu ? "cpu" : "cuda");
  json.attribute(isCpu ? "cpu" : "gpu", system.name);
  if (std::string variant = options.gpu.str(); !variant.empty())
    json.attribute("variant", variant);
  json.attribute("version", getCompilerVersion());
  json.attribute("date", getDate());
}

void spattn::bench::printJson(llvm::raw_ostream &stream, const System &system,
                              ArrayRef<Row> rows, const Options &options) {
  llvm::json::OStream json(stream, /*IndentSize=*/1);
  json.array([&] {
    for (const Row &row : rows)
      json.object([&] { writeRow(json, row, system, options); });
  });
  json.flush();
  stream << "\n";
}
