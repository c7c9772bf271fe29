# Writes the reference of the dialects and of the passes from TableGen.
#
#   cmake -DTBLGEN=<mlir-tblgen> -DMLIR_INCLUDE_DIR=<folders> -DOUTPUT=<folder>
#         -P generate.cmake

get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
list(TRANSFORM MLIR_INCLUDE_DIR PREPEND "-I" OUTPUT_VARIABLE includes)
list(APPEND includes "-I${root}/include")
set(notice "<!-- Made by the target spattn-docs from TableGen; edit that. -->")

# generate(VARIABLE FILE.td ARGUMENT...): what mlir-tblgen prints, without its
# own notice and with the blank lines at the end of the file removed.
function(generate variable file)
  execute_process(
    COMMAND "${TBLGEN}" ${ARGN} ${includes} "${root}/include/spattn/${file}"
    OUTPUT_VARIABLE text
    RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${TBLGEN} failed on ${file}: ${status}")
  endif()
  string(REGEX REPLACE "^<!--[^\n]*-->\n" "" text "${text}")
  # Only Hugo knows this one.
  string(REPLACE "\n[TOC]\n" "" text "${text}")
  string(REGEX REPLACE "[ \t]+\n" "\n" text "${text}")
  string(REGEX REPLACE "\n\n\n+" "\n\n" text "${text}")
  string(STRIP "${text}" text)
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

generate(dialect Dialect/Spattn/IR/SpattnOps.td -gen-dialect-doc -dialect=spattn)
generate(gpu Dialect/SpattnGPU/IR/SpattnGPUOps.td -gen-dialect-doc -dialect=spattn_gpu)
generate(cpu Dialect/SpattnCPU/IR/SpattnCPUOps.td -gen-dialect-doc -dialect=spattn_cpu)
generate(transforms Dialect/Spattn/Transforms/Passes.td -gen-pass-doc)
generate(programs Dialect/SpattnGPU/Transforms/Passes.td -gen-pass-doc)
generate(conversions Conversion/Passes.td -gen-pass-doc)

file(WRITE "${OUTPUT}/Dialect.md" "${notice}\n\n${dialect}\n")
file(WRITE "${OUTPUT}/SpattnCPUDialect.md" "${notice}\n\n${cpu}\n")
file(WRITE "${OUTPUT}/SpattnGPUDialect.md" "${notice}\n\n${gpu}\n")
file(WRITE "${OUTPUT}/Passes.md" "${notice}\n\n# Passes\n\n\
[Pipelines](../Pipelines.md) are made of these.\n\n\
## Over the dialect\n\n${transforms}\n\n\
## Out of a program\n\n${programs}\n\n\
## From one level to the next\n\n${conversions}\n")
