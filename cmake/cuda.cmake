# The CUDA half of kernels/: *.cu become libgrpo_cuda.so in the build folder, which the program
# opens when a device is asked for (kernels/device.h). Nothing links to it.
#   GRPO_CUDA=auto  built where nvcc and an NVIDIA driver are found
#   GRPO_CUDA=on    built, an error where nvcc is missing (CI: no GPU needed)
#   GRPO_CUDA=off   not built
if(NOT GRPO_CUDA MATCHES "^(auto|on|off)$")
  message(FATAL_ERROR "GRPO_CUDA=${GRPO_CUDA}: expected auto, on or off")
endif()

# Why there is no CUDA half; empty when there is. kernels/device.cpp repeats it to the user.
set(GRPO_WITHOUT_CUDA "")
if(GRPO_CUDA STREQUAL "off")
  set(GRPO_WITHOUT_CUDA "GRPO_CUDA=off")
else()
  find_program(GRPO_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin)
  if(NOT GRPO_NVCC AND GRPO_CUDA STREQUAL "on")
    message(FATAL_ERROR "GRPO_CUDA=on: nvcc not found: install the CUDA toolkit (13.0) and put nvcc "
      "on PATH, or set CUDA_HOME; GRPO_CUDA=off builds for the CPU alone")
  elseif(NOT GRPO_NVCC)
    set(GRPO_WITHOUT_CUDA "GRPO_CUDA=auto found no nvcc")
  elseif(GRPO_CUDA STREQUAL "auto")
    find_program(GRPO_NVIDIA_SMI nvidia-smi)
    # Its own name: the toolkit's stub libcuda.so is no driver.
    find_library(GRPO_CUDA_DRIVER libcuda.so.1)
    if(NOT GRPO_NVIDIA_SMI AND NOT GRPO_CUDA_DRIVER)
      set(GRPO_WITHOUT_CUDA "GRPO_CUDA=auto found no NVIDIA driver")
    endif()
  endif()
endif()

if(GRPO_WITHOUT_CUDA)
  set_property(SOURCE kernels/device.cpp APPEND PROPERTY
    COMPILE_DEFINITIONS "GRPO_WITHOUT_CUDA=\"${GRPO_WITHOUT_CUDA}\"")
  message(STATUS "Without CUDA: ${GRPO_WITHOUT_CUDA}")
  return()
endif()

if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${GRPO_NVCC})
endif()
if(NOT CMAKE_CUDA_HOST_COMPILER)
  set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80 90 100)
endif()
enable_language(CUDA)
# CMake 3.25 does not know that nvcc has C++20 (since 12.0).
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_EXTENSIONS OFF)

file(GLOB grpo_cuda_sources CONFIGURE_DEPENDS kernels/*.cu)
add_library(grpo_cuda SHARED ${grpo_cuda_sources})
list(TRANSFORM CMAKE_CUDA_ARCHITECTURES PREPEND "sm_" OUTPUT_VARIABLE grpo_cuda_names)
list(JOIN grpo_cuda_names ", " grpo_cuda_names)
target_compile_definitions(grpo_cuda PRIVATE "GRPO_CUDA_ARCHITECTURES=\"${grpo_cuda_names}\"")
target_include_directories(grpo_cuda PRIVATE ${PROJECT_SOURCE_DIR})
# No contraction, as on the CPU: a kernel's fused multiply-adds are those it writes.
target_compile_options(grpo_cuda PRIVATE -fmad=false --extended-lambda -Xcompiler=-Wall,-Wextra,-Wshadow)
if(GRPO_WERROR)
  target_compile_options(grpo_cuda PRIVATE -Werror=all-warnings -Xcompiler=-Werror)
endif()
set_target_properties(grpo_cuda PROPERTIES
  CUDA_RUNTIME_LIBRARY Static
  CUDA_VISIBILITY_PRESET hidden
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
# An operation that is declared but nowhere defined must fail here, not when the library is opened.
target_link_options(grpo_cuda PRIVATE -Wl,--no-undefined -Wl,--exclude-libs,ALL)
