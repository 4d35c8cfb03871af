# toc_fuzz(NAME SOURCES fuzz_x.c CORPUS folder [DEPS targets] [ROUNDS 2000])
# A fuzz target: LLVMFuzzerTestOneInput over the seeds in CORPUS (tests/fuzz/README.md). With preset fuzz it
# is a libFuzzer program; in every other build tests/fuzz/driver.c takes libFuzzer's place, so that ctest
# runs each seed and ROUNDS changed copies of it, the same ones every time.
function(toc_fuzz name)
    cmake_parse_arguments(A "" "CORPUS;ROUNDS" "SOURCES;DEPS" ${ARGN})
    if(NOT A_ROUNDS)
        set(A_ROUNDS 2000)
    endif()
    add_executable(${name} ${A_SOURCES})
    target_link_libraries(${name} PRIVATE toc_flags ${A_DEPS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    get_filename_component(corpus ${A_CORPUS} ABSOLUTE)
    if(TOC_FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        # The first folder is where libFuzzer writes what it finds: never the seeds in the repository.
        set(found ${CMAKE_CURRENT_BINARY_DIR}/${name}.found)
        file(MAKE_DIRECTORY ${found})
        toc_script_test(${name} LABELS fuzz
            COMMAND ${name} -runs=${A_ROUNDS} -max_len=65536 ${found} ${corpus})
    else()
        target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/driver.c)
        toc_script_test(${name} COMMAND ${name} ${A_ROUNDS} ${corpus} LABELS fuzz)
    endif()
endfunction()
