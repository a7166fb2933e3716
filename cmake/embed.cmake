# grpo_embed_python(target folder): the folder's *.py as one C++ source of the target, so that the
# program needs no file of its own at run time. Declared in reward/code/harness.h.
function(grpo_embed_python target folder)
  file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.py)
  set(output ${CMAKE_BINARY_DIR}/generated/${folder}/harness.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DSCRIPTS=${scripts}" -P ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${scripts} ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
