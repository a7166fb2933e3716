# The two commands of the README: `make demo` and `make test`. Each installs what is missing
# (scripts/setup) and builds first.
.PHONY: demo test build setup smollm2 format clean
PRESET ?= release
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=

setup:
	@scripts/setup

build: setup
	@cmake --preset $(PRESET) $(CMAKE_FLAGS) > build-$(PRESET).log 2>&1 || { cat build-$(PRESET).log; rm build-$(PRESET).log; exit 1; }
	@rm -f build-$(PRESET).log
	@cmake --build build/$(PRESET) -j $(JOBS)

demo: build
	@scripts/demo build/$(PRESET)/grpo

test: build
	@scripts/run_tests build/$(PRESET)

smollm2: build
	@scripts/fetch_smollm2 build/$(PRESET)/grpo

format:
	@git ls-files '*.h' '*.cpp' '*.cu' '*.cuh' | xargs clang-format -i

clean:
	rm -rf build
