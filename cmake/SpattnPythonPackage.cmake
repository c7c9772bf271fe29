# spattn_python_package(name variable): the folder of an installed Python package,
# or "" without it. It is looked for in the Python that a wheel is built with, else
# in the tests' environment, else in the Python in PATH. pip hides packages from what
# it builds, but they are in the folder that sysconfig names.
function(spattn_python_package name variable)
  if(Python3_EXECUTABLE)
    set(python "${Python3_EXECUTABLE}")
  else()
    find_program(python NAMES python3 NO_CACHE HINTS "${PROJECT_SOURCE_DIR}/.venv/bin")
  endif()
  execute_process(
    COMMAND "${python}" -c "\
import pathlib, sysconfig; from importlib.util import find_spec; \
spec = find_spec('${name}'); \
hidden = pathlib.Path(sysconfig.get_path('platlib'), '${name}'); \
print(*(spec.submodule_search_locations if spec else [hidden] if hidden.is_dir() else []))"
    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(${variable} "${folder}" PARENT_SCOPE)
endfunction()
