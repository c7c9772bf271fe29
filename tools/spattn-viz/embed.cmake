# Writes a text as a C++ string literal, for an #include.
#
#   cmake -DINPUT=<file> -DOUTPUT=<file> -P embed.cmake

file(READ "${INPUT}" text)
# Compilers need not take longer literals than this; those next to each other
# are one.
string(REGEX REPLACE "\n" "\n)spattn\"\nR\"spattn(" text "${text}")
file(WRITE "${OUTPUT}" "R\"spattn(${text})spattn\"\n")
