# LibTorch from its wheel (scripts/setup puts it into .deps/torch), or GRPO_TORCH=<folder of an
# installed torch package>. Only libtorch_cpu and libc10 are linked: a CPU user needs no CUDA part.
# The wheel's own CMake files are not used, because they insist on a CUDA toolkit.
set(GRPO_TORCH "${PROJECT_SOURCE_DIR}/.deps/torch" CACHE PATH "Folder that holds include/ and lib/ of torch 2.11")
option(GRPO_WITHOUT_TORCH "Build the folders that need no Torch only (sanitizers)" OFF)
add_library(torch INTERFACE)
if(GRPO_WITHOUT_TORCH)
  set(GRPO_HAVE_TORCH OFF)
elseif(EXISTS "${GRPO_TORCH}/lib/libtorch_cpu.so")
  set(GRPO_HAVE_TORCH ON)
  # After the system's folders: the wheel brings headers of another fmt than the one that is linked.
  target_compile_options(torch INTERFACE "SHELL:-idirafter ${GRPO_TORCH}/include")
  # Each file includes the operators that it calls, not ATen/ATen.h with its two thousand.
  target_compile_definitions(torch INTERFACE AT_PER_OPERATOR_HEADERS)
  target_link_libraries(torch INTERFACE "${GRPO_TORCH}/lib/libtorch_cpu.so" "${GRPO_TORCH}/lib/libc10.so")
  # DT_RPATH, not RUNPATH: libtorch_cpu's own needs (cupti, cudart) stand beside it.
  target_link_options(torch INTERFACE "-Wl,--disable-new-dtags" "-Wl,-rpath-link,${GRPO_TORCH}/lib")
else()
  set(GRPO_HAVE_TORCH OFF)
  message(STATUS "LibTorch not found in ${GRPO_TORCH}: run scripts/setup. Building the folders without Torch only.")
endif()
