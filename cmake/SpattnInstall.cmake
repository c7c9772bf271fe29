# The CMake package: find_package(Spattn) gives the targets Spattn::*. Include
# this last: it installs the libraries that exist by then.

include(CMakePackageConfigHelpers)
set(_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spattn)
get_property(_libraries GLOBAL PROPERTY SPATTN_LIBRARIES)

install(TARGETS ${_libraries} EXPORT SpattnTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT SpattnTargets NAMESPACE Spattn:: DESTINATION ${_config_dir})
# From the build folder come the generated headers.
install(DIRECTORY include/ ${PROJECT_BINARY_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
  PATTERN "CMakeFiles" EXCLUDE)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/spattn)

# Those whose headers need MLIR's; the package adds its folders to them.
set(SPATTN_MLIR_USERS ${_libraries})
list(REMOVE_ITEM SPATTN_MLIR_USERS SpattnStructure SpattnRuntime
  spattn_runtime spattn_c)
string(REGEX MATCH "^[0-9]+[.][0-9]+" SPATTN_MLIR_VERSION "${MLIR_VERSION}")
configure_package_config_file(cmake/SpattnConfig.cmake.in
  ${PROJECT_BINARY_DIR}/SpattnConfig.cmake INSTALL_DESTINATION ${_config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SpattnConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SpattnConfig.cmake
  ${PROJECT_BINARY_DIR}/SpattnConfigVersion.cmake DESTINATION ${_config_dir})
