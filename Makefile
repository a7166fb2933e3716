# The two commands of the README: `make demo` and `make test`. Each installs what is missing
# (scripts/setup) and builds first.
.PHONY: help demo test build setup smollm2 format clean
PRESET ?= release
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=

help:
	@echo 'make demo     trains the miniature policy and shows what it has learned'
	@echo 'make test     all tests; the last line counts passed, failed, skipped'
	@echo 'make build    build/$(PRESET)/grpo and build/$(PRESET)/libgrpo_reward.so'
	@echo 'make smollm2  fetches SmolLM2-135M-Instruct for the recipes that start from it'
	@echo 'make setup    installs what the build needs; the others do it first'
	@echo 'make format   clang-format over what git tracks'
	@echo 'make clean    removes build/'

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
