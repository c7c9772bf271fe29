# Linking LLVM and MLIR into a library of our own, for machines that have neither.
#
#   spattn_link_static(TARGET LIBRARY...)
#     Links spattn's own static libraries, and of the archives of LLVM and MLIR
#     what they use. Nothing of it shows to the outside; see the caller's version
#     script.
#
# A target of MLIR in Debian's package links the shared libLLVM, so that archives
# are linked by their files, and the linker takes what it needs of them. The
# targets of a package without shared libraries name archives anyway.

include_guard(GLOBAL)

file(GLOB _spattn_archives
  "${LLVM_LIBRARY_DIR}/libMLIR*.a" "${LLVM_LIBRARY_DIR}/libLLVM*.a")
list(FILTER _spattn_archives EXCLUDE REGEX "/libMLIR(CAPI|.*Test)[^/]*[.]a$")
# What compresses sections of object files: a static library if there is one.
set(_spattn_archives_need)
foreach(_spattn_library zstd z)
  string(TOUPPER "LLVM_ENABLE_${_spattn_library}" _spattn_enabled)
  string(REGEX REPLACE "_Z$" "_ZLIB" _spattn_enabled "${_spattn_enabled}")
  if(NOT ${_spattn_enabled})
    continue()
  endif()
  find_library(SPATTN_STATIC_${_spattn_library}
    NAMES "lib${_spattn_library}.a" "${_spattn_library}")
  mark_as_advanced(SPATTN_STATIC_${_spattn_library})
  if(SPATTN_STATIC_${_spattn_library})
    list(APPEND _spattn_archives_need "${SPATTN_STATIC_${_spattn_library}}")
  endif()
endforeach()

if(_spattn_archives)
  set(SPATTN_HAVE_STATIC_MLIR ON)
else()
  set(SPATTN_HAVE_STATIC_MLIR OFF)
endif()

# The static libraries of the project that some of them link, themselves included.
function(_spattn_collect_libraries result)
  set(pending ${ARGN})
  set(found)
  while(pending)
    list(POP_FRONT pending library)
    if(NOT TARGET "${library}" OR library IN_LIST found)
      continue()
    endif()
    get_target_property(imported ${library} IMPORTED)
    get_target_property(type ${library} TYPE)
    if(imported OR NOT type STREQUAL "STATIC_LIBRARY")
      continue()
    endif()
    list(APPEND found ${library})
    get_target_property(libraries ${library} LINK_LIBRARIES)
    if(libraries)
      list(APPEND pending ${libraries})
    endif()
  endwhile()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

function(spattn_link_static target)
  _spattn_collect_libraries(libraries ${ARGN})
  set(files)
  foreach(library IN LISTS libraries)
    list(APPEND files $<TARGET_FILE:${library}>)
  endforeach()
  add_dependencies(${target} ${libraries})
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${files})
  target_link_libraries(${target} PRIVATE
    -Wl,--start-group ${files} ${_spattn_archives} -Wl,--end-group
    ${_spattn_archives_need} ${CMAKE_DL_LIBS} pthread m)
  target_link_options(${target} PRIVATE
    -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-Bsymbolic-functions
    -static-libstdc++ -static-libgcc
    # What is missing shows here, and not where the library is loaded. What
    # sanitizers add is the program's.
    $<$<NOT:$<OR:$<BOOL:${SPATTN_SANITIZE}>,$<BOOL:${SPATTN_BUILD_FUZZERS}>>>:-Wl,-z,defs>)
endfunction()
