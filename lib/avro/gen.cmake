# toc_avro_library(NAME SCHEMAS a.avsc ... [HISTORY folder [FREE]] [USES ../schemas/types.avsc ...]
#                  [SOURCES more.c] [DEPS targets])
# A library of the structs and codecs of these schemas. Headers are included by the path of the schema:
# schemas/segment.avsc -> #include "schemas/segment.h".
# HISTORY: folder with the released versions, which the codecs read too. The schemas must fit them:
# test NAME.history. Targets NAME.release and NAME.rewrite write them (schemas/history/README.md).
# FREE: no such test; the schemas may drop and change what they like, as nobody else reads the records.
# USES: schemas of other libraries that these refer to; name those libraries in DEPS.
function(toc_avro_library name)
    cmake_parse_arguments(A "FREE" "HISTORY" "SCHEMAS;USES;SOURCES;DEPS" ${ARGN})
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
    set(inputs ${paths})
    if(A_USES)
        list(APPEND paths --uses)
        foreach(schema ${A_USES})
            get_filename_component(path ${schema} ABSOLUTE)
            list(APPEND paths ${path})
            list(APPEND inputs ${path})
        endforeach()
    endif()
    set(history -)
    if(A_HISTORY)
        get_filename_component(history ${A_HISTORY} ABSOLUTE)
        list(APPEND inputs ${history}) # its time changes whenever a version comes, goes or is replaced
        add_custom_target(${name}.release COMMAND toc-avro-gen release ${history} ${paths} VERBATIM)
        add_custom_target(${name}.rewrite COMMAND toc-avro-gen rewrite ${history} ${paths} VERBATIM)
        if(NOT A_FREE)
            toc_script_test(${name}.history COMMAND toc-avro-gen check ${history} ${paths} LABELS contract)
        endif()
    endif()
    add_custom_command(OUTPUT ${made}
        COMMAND toc-avro-gen c ${PROJECT_SOURCE_DIR} ${out} ${history} ${paths}
        DEPENDS toc-avro-gen ${inputs}
        COMMENT "Records of ${name}" VERBATIM)
    toc_library(${name} SOURCES ${made} ${A_SOURCES} DEPS toc_avro ${A_DEPS})
endfunction()

# toc_json_schemas(NAME DIR folder SCHEMAS a.avsc ... [USES b.avsc ...])
# Target NAME writes the JSON Schema of each record into DIR, where it is kept; test NAME.current fails
# when they differ from what would be written.
function(toc_json_schemas name)
    cmake_parse_arguments(A "" "DIR" "SCHEMAS;USES" ${ARGN})
    set(fresh ${CMAKE_CURRENT_BINARY_DIR}/${name})
    get_filename_component(kept ${A_DIR} ABSOLUTE)
    list(REMOVE_ITEM A_USES ${A_SCHEMAS})
    set(paths "")
    foreach(schema ${A_SCHEMAS} --uses ${A_USES})
        if(NOT schema STREQUAL "--uses")
            get_filename_component(schema ${schema} ABSOLUTE)
        endif()
        list(APPEND paths ${schema})
    endforeach()
    add_custom_target(${name} COMMAND toc-avro-gen json ${kept} ${paths} VERBATIM)
    toc_script_test(${name}.current LABELS contract
        COMMAND sh -c "out=$1 kept=$2; shift 2; rm -rf $out && \"$@\" && diff -r $out $kept" sh
            ${fresh} ${kept} $<TARGET_FILE:toc-avro-gen> json ${fresh} ${paths})
endfunction()
