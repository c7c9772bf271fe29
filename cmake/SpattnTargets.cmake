# Functions that every folder of the project declares its targets with. They are
# not add_mlir_library and its kind: those link each component of MLIR by itself,
# which doubles what the shared libMLIR registers, compile with LLVM's flags, and
# enter their targets into LLVM's lists and export sets.

# What all targets compile with. LLVM's own flags are not taken over: only its
# headers, its definitions and whether it has RTTI matter to a user of it.
add_library(SpattnOptions INTERFACE)
target_compile_options(SpattnOptions INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-comment
  $<$<NOT:$<BOOL:${LLVM_ENABLE_RTTI}>>:-fno-rtti>)
separate_arguments(_spattn_llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(SpattnOptions INTERFACE ${_spattn_llvm_definitions})
target_include_directories(SpattnOptions SYSTEM INTERFACE
  ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})

# Installed programs find libMLIR where those of the build do.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

# spattn_add_library(NAME source... [LINK_LIBS lib...] [DEPENDS target...]
#   [HEADERS core|llvm|none])
# HEADERS says which precompiled headers it is compiled with; core by default.
function(spattn_add_library name)
  cmake_parse_arguments(ARG "" "HEADERS" "LINK_LIBS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(Spattn::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:SpattnOptions>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS})
  if(NOT ARG_HEADERS STREQUAL "none")
    # For users in the same build; the package has its own way.
    target_include_directories(${name} SYSTEM INTERFACE
      "$<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS};${MLIR_INCLUDE_DIRS}>")
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  # Within LLVM its headers are generated, too.
  if(TARGET mlir-headers)
    add_dependencies(${name} mlir-headers)
  endif()
  if(NOT ARG_HEADERS STREQUAL "none")
    spattn_precompile(${name} ${ARG_HEADERS})
  endif()
  set_property(GLOBAL APPEND PROPERTY SPATTN_LIBRARIES ${name})
endfunction()

# spattn_add_tool(NAME source... [LINK_LIBS lib...] [HEADERS core|llvm])
function(spattn_add_tool name)
  cmake_parse_arguments(ARG "" "HEADERS" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:SpattnOptions>
    ${ARG_LINK_LIBS})
  spattn_precompile(${name} ${ARG_HEADERS})
  if(SPATTN_INSTALL)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
  set_property(GLOBAL APPEND PROPERTY SPATTN_TOOLS ${name})
endfunction()

# Upstream MLIR: the shared library where the package offers it.
if(TARGET MLIR)
  set(SPATTN_MLIR_LIBS MLIR LLVM)
else()
  get_property(SPATTN_MLIR_LIBS GLOBAL PROPERTY MLIR_ALL_LIBS)
endif()
