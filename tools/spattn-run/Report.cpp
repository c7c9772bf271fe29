//===- Report.cpp - What is printed ---------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include "common/Text.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::run;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static llvm::raw_ostream &printLabel(llvm::raw_ostream &stream,
                                     StringRef label) {
  return stream << "  " << llvm::left_justify(label, 10) << "  ";
}

static void printTiles(llvm::raw_ostream &stream, const EntryReport &report,
                       const Options &options) {
  if (!report.tiles)
    return;
  const TileNumbers &total = report.tiles->total;
  printLabel(stream, "tiles")
      << report.tiles->queryTile << " x " << report.tiles->keyTile << ": "
      << total.visited << " visited (" << total.full << " full, "
      << total.masked << " masked), " << total.skipped << " skipped\n";
  printLabel(stream, "pairs") << total.pairs << " unmasked\n";
  printLabel(stream, "rate")
      << format("%.1f", report.getGflops()) << " GFLOP/s\n";
}

static void printError(llvm::raw_ostream &stream, const EntryReport &report) {
  printLabel(stream, "error");
  if (!report.error) {
    stream << "- (" << report.unchecked << ")\n";
    return;
  }
  const ErrorReport &error = *report.error;
  stream << format("%.2e", error.relative) << " relative, "
         << format("%.2e", error.maxAbsolute) << " max abs";
  if (error.lse)
    stream << ", " << format("%.2e", error.lse) << " of lse";
  stream << " (" << error.rows << " rows)\n";
}

static void printReport(llvm::raw_ostream &stream, const EntryReport &report,
                        const Options &options) {
  stream << "@" << report.name << "\n";
  if (!report.structure.empty())
    printLabel(stream, "structure") << report.structure << "\n";
  printLabel(stream, "shapes");
  llvm::interleaveComma(report.shapes, stream, [&](const auto &shape) {
    stream << shape.first << ": " << shape.second;
  });
  stream << (report.shapes.empty() ? "-\n" : "\n");
  if (report.compileMs)
    printLabel(stream, "compile")
        << format("%.1f", report.compileMs) << " ms\n";
  printLabel(stream, "run") << format("%.3f", report.medianMs) << " ms";
  if (report.runsMs.size() > 1)
    stream << " (median of " << report.runsMs.size() << ", "
           << format("%.3f", *llvm::min_element(report.runsMs)) << " to "
           << format("%.3f", *llvm::max_element(report.runsMs)) << ")";
  stream << "\n";
  printTiles(stream, report, options);
  printError(stream, report);
  printLabel(stream, "speed-up");
  if (report.speedup)
    stream << format("%.2f", report.speedup) << " over @" << report.speedupOver
           << "\n";
  else
    stream << "-\n";
  printLabel(stream, "memory")
      << format("%.0f", report.peakMiB) << " MiB peak\n";
  if (report.tiles && options.perHead) {
    Table table({"head", "visited", "full", "masked", "skipped", "pairs"});
    for (auto [head, tiles] : llvm::enumerate(report.tiles->heads))
      table.add({format(head), format(tiles.visited), format(tiles.full),
                 format(tiles.masked), format(tiles.skipped),
                 format(tiles.pairs)});
    stream << "\n";
    table.print(stream);
  }
  stream << "\n";
}

void spattn::run::printReports(llvm::raw_ostream &stream,
                               ArrayRef<EntryReport> reports,
                               const Options &options) {
  for (const EntryReport &report : reports)
    printReport(stream, report, options);
  if (reports.empty())
    return;
  Table table({"summary", "compile ms", "run ms", "tiles", "skipped", "GFLOP/s",
               "error", "speed-up"});
  for (const EntryReport &report : reports) {
    bool hasTiles = report.tiles.has_value();
    table.add({"@" + report.name, format("%.1f", report.compileMs),
               format("%.3f", report.medianMs),
               hasTiles ? format(report.tiles->total.visited) : "-",
               hasTiles ? format(report.tiles->total.skipped) : "-",
               format("%.1f", report.getGflops()),
               report.error ? format("%.2e", report.error->relative) : "-",
               format("%.2f", report.speedup)});
  }
  table.print(stream);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static llvm::json::Value toJson(std::optional<double> value) {
  if (!value || !std::isfinite(*value))
    return nullptr;
  return *value;
}

static llvm::json::Object toJson(const TileNumbers &tiles) {
  return llvm::json::Object{{"visited", tiles.visited},
                            {"full", tiles.full},
                            {"masked", tiles.masked},
                            {"skipped", tiles.skipped}};
}

static llvm::json::Object toJson(const EntryReport &report) {
  llvm::json::Object shapes;
  for (const auto &[name, shape] : report.shapes)
    shapes[name] = shape;
  llvm::json::Object entry{
      {"name", report.name},
      {"structure", report.structure.empty()
                        ? llvm::json::Value(nullptr)
                        : llvm::json::Value(report.structure)},
      {"shapes", std::move(shapes)},
      {"compile_ms", toJson(report.compileMs)},
      {"run_ms", toJson(report.medianMs)},
      {"runs_ms", llvm::json::Array(report.runsMs)},
      {"tile_shape", nullptr},
      {"tiles", nullptr},
      {"heads", nullptr},
      {"pairs", nullptr},
      {"gflops", toJson(report.getGflops())},
      {"checked_rows", report.error ? report.error->rows : 0},
      {"error", nullptr},
      {"max_abs_error", nullptr},
      {"errors", nullptr},
      {"lse_error", nullptr},
      {"speedup_over_dense", toJson(report.speedup)},
      {"peak_mib", report.peakMiB}};
  if (report.error) {
    entry["error"] = toJson(report.error->relative);
    entry["max_abs_error"] = toJson(report.error->maxAbsolute);
    entry["lse_error"] = toJson(report.error->lse);
    llvm::json::Object arrays;
    for (const ArrayError &array : report.error->arrays)
      arrays[array.name] =
          llvm::json::Object{{"relative", toJson(array.relative)},
                             {"max_abs", toJson(array.maxAbsolute)},
                             {"not_zero", array.notZero}};
    entry["errors"] = std::move(arrays);
  }
  if (!report.tiles)
    return entry;
  entry["tile_shape"] =
      llvm::json::Object{{"query_tile", report.tiles->queryTile},
                         {"key_tile", report.tiles->keyTile}};
  entry["tiles"] = toJson(report.tiles->total);
  entry["pairs"] = report.tiles->total.pairs;
  llvm::json::Array heads;
  for (auto [head, tiles] : llvm::enumerate(report.tiles->heads)) {
    llvm::json::Object object = toJson(tiles);
    object["head"] = static_cast<int64_t>(head);
    object["pairs"] = tiles.pairs;
    heads.push_back(std::move(object));
  }
  entry["heads"] = std::move(heads);
  return entry;
}

void spattn::run::printJson(llvm::raw_ostream &stream,
                            ArrayRef<EntryReport> reports,
                            const Options &options) {
  llvm::json::Array entries;
  for (const EntryReport &report : reports)
    entries.push_back(toJson(report));
  llvm::json::Object root{{"device", options.device == Device::Cpu ? "cpu"
                                     : options.device == Device::Cuda
                                         ? "cuda"
                                         : "reference"},
                          {"seed", options.seed},
                          {"entries", std::move(entries)}};
  stream << llvm::formatv("{0:2}", llvm::json::Value(std::move(root))) << "\n";
}
