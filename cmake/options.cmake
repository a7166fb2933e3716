# Warnings and sanitizers for our own code; third-party headers are included as system headers.
add_library(grpo_options INTERFACE)
target_compile_options(grpo_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-unknown-pragmas
    -Wno-missing-field-initializers>)
if(GRPO_WERROR)
  target_compile_options(grpo_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(GRPO_SANITIZE)
  target_compile_options(grpo_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${GRPO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined>)
  target_link_options(grpo_options INTERFACE -fsanitize=${GRPO_SANITIZE})
endif()
target_include_directories(grpo_options INTERFACE ${PROJECT_SOURCE_DIR})
find_package(Threads REQUIRED)
target_link_libraries(grpo_options INTERFACE Threads::Threads)
