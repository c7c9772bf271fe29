# The CMake package: find_package(Spattn) gives the targets Spattn::*.

include(CMakePackageConfigHelpers)
set(_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spattn)
get_property(_libraries GLOBAL PROPERTY SPATTN_LIBRARIES)

install(TARGETS ${_libraries} EXPORT SpattnTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT SpattnTargets NAMESPACE Spattn:: DESTINATION ${_config_dir})
install(DIRECTORY include/ ${PROJECT_BINARY_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
  PATTERN "CMakeFiles" EXCLUDE)

configure_package_config_file(cmake/SpattnConfig.cmake.in
  ${PROJECT_BINARY_DIR}/SpattnConfig.cmake INSTALL_DESTINATION ${_config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SpattnConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SpattnConfig.cmake
  ${PROJECT_BINARY_DIR}/SpattnConfigVersion.cmake DESTINATION ${_config_dir})
