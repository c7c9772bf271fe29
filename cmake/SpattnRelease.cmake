# The release of LLVM and MLIR that spattn is written for; scripts/lib.sh has it,
# too.

include_guard(GLOBAL)
set(SPATTN_LLVM_MAJOR 22)
