/* RUN: %build && %t
 */

#include "Check.h"

static const char source[] =
    "!t = tensor<1x2x8x4xf32>\n"
    "func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {\n"
    "  %r = spattn.attention structure(#spattn.partition<exclusive>)\n"
    "         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)\n"
    "  return %r : !t\n"
    "}\n"
    "llvm.func @other()\n";

typedef struct Heard {
  int count, notes;
  SpattnSeverity severity;
  char file[64], message[256];
  uint32_t line, column;
} Heard;

static void hear(const SpattnDiagnostic *diagnostic, void *userData) {
  Heard *heard = userData;
  ++heard->count;
  heard->notes += (int)diagnostic->numNotes;
  heard->severity = diagnostic->severity;
  heard->line = diagnostic->line;
  heard->column = diagnostic->column;
  snprintf(heard->file, sizeof(heard->file), "%s", diagnostic->file);
  snprintf(heard->message, sizeof(heard->message), "%s", diagnostic->message);
}

static void print(SpattnContext context) {
  SpattnModule module = parse(context, source), clone, read;
  SpattnString text, generic, bytes, again;
  OK(spattnModuleVerify(module, NULL));
  OK(spattnModulePrint(module, SpattnPrintDefault, &text));
  CHECK(strstr(text.data, "structure(#spattn.partition<exclusive>)"));
  CHECK(text.size == strlen(text.data));
  OK(spattnModulePrint(module, SpattnPrintGeneric | SpattnPrintLocations,
                       &generic));
  CHECK(strstr(generic.data, "\"spattn.attention\"("));
  CHECK(strstr(generic.data, "\"test.mlir\":3:"));

  CHECK(spattnModuleGetNumFunctions(module) == 2);
  SpattnString name;
  OK(spattnModuleGetFunctionName(module, 1, &name));
  CHECK(strcmp(name.data, "other") == 0);
  spattnStringDestroy(&name);
  CHECK(!name.data && name.size == 0);
  FAILS(InvalidArgument, "no function 2",
        spattnModuleGetFunctionName(module, 2, &name));

  /* Bytecode reads as the same, and so does a clone. */
  OK(spattnModuleWriteBytecode(module, &bytes));
  OK(spattnModuleParse(context, bytes.data, bytes.size, NULL, NULL, &read));
  OK(spattnModuleClone(module, &clone));
  spattnModuleDestroy(module);
  OK(spattnModulePrint(read, SpattnPrintDefault, &again));
  CHECK(strcmp(text.data, again.data) == 0);
  spattnStringDestroy(&again);
  OK(spattnModulePrint(clone, SpattnPrintDefault, &again));
  CHECK(strcmp(text.data, again.data) == 0);
  spattnStringDestroy(&again);
  spattnStringDestroy(&text);
  spattnStringDestroy(&generic);
  spattnStringDestroy(&bytes);
  spattnModuleDestroy(read);
  spattnModuleDestroy(clone);
}

static void runPasses(SpattnContext context) {
  SpattnModule module = parse(context, source);
  Heard heard = {0};
  SpattnDiagnosticHandler handler = {hear, &heard};
  SpattnString text;
  OK(spattnModuleRunPipeline(
      module, "builtin.module(spattn-cpu-loops{query-tile=4 remarks=true},cse)",
      &handler));
  CHECK(heard.count == 1 && heard.severity == SpattnSeverityRemark);
  CHECK(strcmp(heard.file, "test.mlir") == 0);
  CHECK(heard.line == 3 && heard.column == 8);
  CHECK(strstr(heard.message, "visited"));
  OK(spattnModulePrint(module, SpattnPrintDefault, &text));
  CHECK(strstr(text.data, "spattn_cpu.online_step"));
  CHECK(!strstr(text.data, "spattn.attention"));
  spattnStringDestroy(&text);
  OK(spattnModuleRunPipeline(module, "spattn-cpu-vector,spattn-cpu-llvm",
                             NULL));
  OK(spattnModuleEmitLLVMIR(module, NULL, &text));
  CHECK(strstr(text.data, "define"));
  spattnStringDestroy(&text);
  spattnModuleDestroy(module);

  /* The upstream passes that pipelines are made of have names, too. */
  module = parse(context, source);
  OK(spattnModuleRunPipeline(
      module,
      "func.func(spattn-decompose,canonicalize),one-shot-bufferize{"
      "bufferize-function-boundaries=true},convert-linalg-to-loops,"
      "expand-strided-metadata,lower-affine,convert-scf-to-cf,convert-to-llvm,"
      "reconcile-unrealized-casts",
      NULL));
  OK(spattnModulePrint(module, SpattnPrintDefault, &text));
  CHECK(!strstr(text.data, "func.func"));
  spattnStringDestroy(&text);
  spattnModuleDestroy(module);
}

static void refuse(SpattnContext context) {
  Heard heard = {0};
  SpattnDiagnosticHandler handler = {hear, &heard};
  SpattnModule module = NULL;
  const char *bad = "func.func @f() {\n  nonsense\n}\n";
  SpattnStatus status = spattnModuleParse(context, bad, strlen(bad), "bad.mlir",
                                          &handler, &module);
  CHECK(!module && heard.count == 1 && heard.line == 2);
  CHECK(heard.severity == SpattnSeverityError);
  CHECK(spattnStatusGetCode(status) == SpattnStatusInvalidInput);
  CHECK(strncmp(spattnStatusGetMessage(status), "bad.mlir:2:3: ", 14) == 0);
  CHECK(spattnStatusGetNumDiagnostics(status) == 1);
  CHECK(spattnStatusGetDiagnostic(status, 0)->column == 3);
  CHECK(!spattnStatusGetDiagnostic(status, 1));
  spattnStatusDestroy(status);

  /* One with a note: where the value that is used twice comes from. */
  bad = "func.func @f() {\n  %0 = arith.constant 1 : i32\n"
        "  %0 = arith.constant 2 : i32\n  return\n}\n";
  memset(&heard, 0, sizeof(heard));
  FAILS(InvalidInput, "note: ",
        spattnModuleParse(context, bad, strlen(bad), "bad.mlir", &handler,
                          &module));
  CHECK(heard.notes == 1);

  /* A verifier's words. */
  bad = "!t = tensor<1x2x8x4xf32>\n"
        "!u = tensor<1x2x8x5xf32>\n"
        "func.func @f(%q: !t, %k: !u, %v: !t, %o: !t) -> !t {\n"
        "  %r = spattn.attention structure(#spattn.causal)\n"
        "         ins(%q, %k, %v : !t, !u, !t) outs(%o : !t)\n"
        "  return %r : !t\n}\n";
  FAILS(
      InvalidInput, "bad.mlir:4:",
      spattnModuleParse(context, bad, strlen(bad), "bad.mlir", NULL, &module));

  bad = "ML\xefRnonsense";
  FAILS(InvalidInput, "",
        spattnModuleParse(context, bad, 12, NULL, NULL, &module));

  module = parse(context, source);
  FAILS(InvalidArgument, "spattn-cpu-lops",
        spattnModuleRunPipeline(module, "spattn-cpu-lops", NULL));
  FAILS(InvalidArgument, "no ')'",
        spattnModuleRunPipeline(module, "builtin.module(cse", NULL));
  FAILS(InvalidArgument, "",
        spattnModuleRunPipeline(module, "spattn-cpu{query-tile=x}", NULL));
  FAILS(CompileError, "expected",
        spattnModuleRunPipeline(module, "spattn-cpu{query-tile=-4}", NULL));
  SpattnString text;
  FAILS(CompileError, "", spattnModuleEmitLLVMIR(module, NULL, &text));
  CHECK(!text.data);
  spattnModuleDestroy(module);
}

int main(void) {
  SpattnContext context = makeContext();
  CHECK(strlen(spattnGetVersion()) >= 5);
  CHECK(strstr(spattnGetCompilerVersion(), "LLVM"));
  CHECK(spattnContextGetNumThreads(context) == 2);
  print(context);
  runPasses(context);
  refuse(context);
  /* Modules keep what they need of a context. */
  SpattnModule module = parse(context, source);
  spattnContextDestroy(context);
  OK(spattnModuleVerify(module, NULL));
  spattnModuleDestroy(module);
  return 0;
}
