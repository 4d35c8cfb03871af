# cmake -DIN=file -DOUT=file.c -DNAME=symbol -P embed.cmake: the bytes of a file as a C array and its length.
file(READ ${IN} hex HEX)
string(LENGTH ${hex} digits)
math(EXPR length "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex ${hex})
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUT} "// Made from a file by consumers/embed.cmake.\n#include \"consumers/runner/suffixes.h\"\n
const unsigned char ${NAME}[] = {\n${hex}};\nconst unsigned long ${NAME}_len = ${length};\n")
