# toc_avro_library(NAME SCHEMAS a.avsc ... [USES ../schemas/types.avsc ...] [SOURCES more.c] [DEPS targets])
# A library of the structs and codecs of these schemas. Headers are included by the path of the schema:
# schemas/segment.avsc -> #include "schemas/segment.h". USES: schemas of other libraries that these
# refer to; name those libraries in DEPS.
function(toc_avro_library name)
    cmake_parse_arguments(A "" "" "SCHEMAS;USES;SOURCES;DEPS" ${ARGN})
    set(out ${PROJECT_BINARY_DIR}/generated)
    set(made "")
    set(paths "")
    foreach(schema ${A_SCHEMAS})
        get_filename_component(path ${schema} ABSOLUTE)
        file(RELATIVE_PATH stem ${PROJECT_SOURCE_DIR} ${path})
        string(REGEX REPLACE "\\.avsc$" "" stem ${stem})
        list(APPEND paths ${path})
        list(APPEND made ${out}/${stem}.h ${out}/${stem}.c)
    endforeach()
    set(uses "")
    foreach(schema ${A_USES})
        get_filename_component(path ${schema} ABSOLUTE)
        list(APPEND uses ${path})
    endforeach()
    set(extra "")
    if(uses)
        set(extra --uses ${uses})
    endif()
    add_custom_command(OUTPUT ${made}
        COMMAND toc-avro-gen c ${PROJECT_SOURCE_DIR} ${out} ${paths} ${extra}
        DEPENDS toc-avro-gen ${paths} ${uses}
        COMMENT "Records of ${name}" VERBATIM)
    toc_library(${name} SOURCES ${made} ${A_SOURCES} DEPS toc_avro ${A_DEPS})
endfunction()
