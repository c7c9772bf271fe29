//===- Page.cpp - The page ------------------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Page.h"

#include "common/Text.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::viz;
using llvm::json::OStream;

/// page.html, with a mark where the data goes.
static constexpr char kTemplate[] =
#include "page.html.inc"
    ;
static constexpr StringRef kDataMark = "@SPATTN_DATA@";

/// A text that JSON takes.
static std::string clean(StringRef text) { return llvm::json::fixUTF8(text); }

//===----------------------------------------------------------------------===//
// An attention
//===----------------------------------------------------------------------===//

/// What the numbers leave out.
static std::vector<std::string> getNotes(const Exhibit &exhibit) {
  AttentionOpInterface op = exhibit.op;
  std::vector<std::string> notes;
  if (op.hasSequences())
    notes.push_back("Sequences of batch entries are known at run time only. "
                    "Shown is one that fills a batch entry.");
  if (op.hasTileLists())
    notes.push_back("Listed tiles are known at run time only. Shown are the "
                    "tiles of the structure.");
  if (op.hasPositions())
    notes.push_back("Positions, known at run time only, decide on pairs "
                    "besides. Shown is the structure.");
  if (exhibit.plan && !exhibit.plan->areLengthsKnown)
    notes.push_back("The kernel serves all lengths. Its tiles were chosen for "
                    "long ones: the option expected-length says otherwise.");
  if (exhibit.plan && exhibit.plan->packedHeads > 1)
    notes.push_back(toText(exhibit.plan->packedHeads) +
                    " query heads share each work tile; tiles are those of "
                    "one of them.");
  if (exhibit.walk.fromFirstKey)
    notes.push_back("Key tiles are counted from the first key that a row of "
                    "tiles sees.");
  if (exhibit.walk.drawn.queries != exhibit.walk.tile.queries)
    notes.push_back("There are too many tiles to draw: those of the picture "
                    "are of several. Numbers are those of the kernel's tiles.");
  return notes;
}

static void printShape(OStream &json, const Exhibit &exhibit) {
  AttentionOpInterface op = exhibit.op;
  Type element = cast<ShapedType>(op.getQuery().getType()).getElementType();
  json.attribute("batch", exhibit.sizes.batch);
  json.attribute("queries", exhibit.sizes.queries);
  json.attribute("keys", exhibit.sizes.keys);
  json.attribute("heads", op.getNumQueryHeads());
  json.attribute("keyHeads", op.getNumKeyHeads());
  json.attribute("headDim", op.getHeadDim());
  json.attribute("valueDim", op.getValueDim());
  json.attribute("elements", toText(element));
}

static void printPlan(OStream &json, const KernelPlan &plan) {
  json.attribute("measuredOn", plan.card);
  json.attribute("target", plan.chip);
  json.attribute("packedHeads", plan.packedHeads);
  json.attribute("mmaWarpgroups", plan.mmaWarpgroups);
  json.attribute("ctasPerSM", plan.ctasPerSM);
  json.attribute("keyStages", plan.keyStages);
  json.attribute("queryStages", plan.queryStages);
  json.attribute("scheduler", plan.isDynamic ? "dynamic" : "static");
  json.attribute("sectionBytes", plan.sectionBytes);
  json.attribute("workTileClocks", plan.workTileClocks);
  json.attribute("keyTileClocks", plan.keyTileClocks);
}

static void printExhibit(OStream &json, const Exhibit &exhibit,
                         const Options &options) {
  bool isForward = isa<AttentionOp>(*exhibit.op);
  auto function = exhibit.op->getParentOfType<FunctionOpInterface>();
  json.attribute("kind", isForward ? "attention" : "gradients");
  json.attribute("function", function ? clean(function.getName()) : "");
  json.attribute("location", clean(getPlace(exhibit.op->getLoc())));
  json.attribute("structure", clean(toText(exhibit.structure)));
  json.attributeObject("shape", [&] { printShape(json, exhibit); });
  json.attributeArray("notes", [&] {
    for (const std::string &note : getNotes(exhibit))
      json.value(note);
  });
  if (exhibit.plan)
    json.attributeObject("kernel", [&] { printPlan(json, *exhibit.plan); });
  else
    json.attribute("whyNoKernel", clean(exhibit.whyNoKernel));
  printWalk(json, exhibit.walk, isForward);
  if (exhibit.schedule)
    json.attributeObject("schedule", [&] {
      printSchedule(json, *exhibit.schedule, *options.card);
    });
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

static void printCard(OStream &json, const Card &card) {
  json.attribute("name", card.name);
  json.attribute("sms", card.sms);
  json.attribute("tflops", card.tflops);
  json.attribute("tbs", card.tbs);
  json.attribute("ghz", card.ghz);
  json.attribute("source", card.source);
}

static std::string makeJson(ArrayRef<Exhibit> exhibits, ArrayRef<Level> levels,
                            const Options &options) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OStream json(stream);
  StringRef file = options.file;
  json.object([&] {
    json.attribute("file", clean(file.substr(file.find_last_of('/') + 1)));
    json.attribute("options", clean(options.gpu.str()));
    json.attributeObject("card", [&] { printCard(json, *options.card); });
    json.attributeArray("attentions", [&] {
      for (const Exhibit &exhibit : exhibits)
        json.object([&] { printExhibit(json, exhibit, options); });
    });
    json.attributeArray("levels", [&] {
      for (const Level &level : levels)
        json.object([&] {
          json.attribute("name", level.name);
          json.attribute("title", level.title);
          if (level.error.empty())
            json.attribute("text", clean(level.text));
          else
            json.attribute("error", clean(level.error));
        });
    });
  });
  return text;
}

void spattn::viz::printPage(llvm::raw_ostream &stream,
                            ArrayRef<Exhibit> exhibits, ArrayRef<Level> levels,
                            const Options &options) {
  auto [before, after] = StringRef(kTemplate).split(kDataMark);
  stream << before;
  // In a script, a tag could end it. Only texts have this letter.
  for (char c : makeJson(exhibits, levels, options)) {
    if (c == '<')
      stream << "\\u003c";
    else
      stream << c;
  }
  stream << after;
}
