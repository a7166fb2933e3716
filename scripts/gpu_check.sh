#!/usr/bin/env bash
# Builds with CUDA on a machine that has a GPU and perhaps no network, runs the tests that need the
# GPU, and ends with a short report.
#   scripts/gpu_check.sh                kernels/ and its tests: nvcc and GoogleTest are enough
#   scripts/gpu_check.sh --all          the whole program; needs what scripts/setup installs
# GRPO_BUILD: build folder (build/gpu). GRPO_GTEST: sources of GoogleTest, where it is not installed.
# GRPO_TORCH: folder of LibTorch (.deps/torch, or the installed Python package).
# Exit status: 0 all passed, 1 a failure, 2 this machine cannot run it.
set -uo pipefail
cd "$(dirname "$0")/.."
build=${GRPO_BUILD:-build/gpu}

refuse() {
  echo "gpu_check: $*" >&2
  exit 2
}

case "$#:${1:-}" in
  0:) flags=(-DGRPO_KERNELS_ONLY=ON) targets=(grpo_cuda kernels_test) ;;
  1:--all) flags=(-DGRPO_KERNELS_ONLY=OFF) targets=(all) ;;
  *) refuse "unknown arguments: $*; known here: --all" ;;
esac

command -v nvidia-smi > /dev/null || refuse "nvidia-smi not found: no NVIDIA driver on this machine"
gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader) ||
  refuse "nvidia-smi failed: $gpu"
[ -n "$gpu" ] || refuse "nvidia-smi lists no GPU"
# The device's own architecture is enough here, and quicker to build.
architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
nvcc=$(command -v nvcc || ls "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" 2> /dev/null) ||
  refuse "nvcc not found: install the CUDA toolkit or set CUDA_HOME"
for tool in cmake ninja g++ python3; do
  command -v "$tool" > /dev/null || refuse "$tool not found"
done
if [ -n "${GRPO_GTEST:-}" ]; then
  flags+=(-DGRPO_GTEST="$(realpath "$GRPO_GTEST")")
fi
if [ "${1:-}" = --all ]; then
  torch=${GRPO_TORCH:-$PWD/.deps/torch}
  if [ ! -e "$torch/lib/libtorch_cpu.so" ] && [ -z "${GRPO_TORCH:-}" ]; then
    torch=$(python3 -c "import torch,os;print(os.path.dirname(torch.__file__))" 2> /dev/null)
  fi
  [ -e "$torch/lib/libtorch_cpu.so" ] || refuse "no LibTorch: run scripts/setup or set GRPO_TORCH"
  flags+=(-DGRPO_TORCH="$torch")
fi

mkdir -p "$build"
log=$build/gpu_check.log
start=$SECONDS
if ! { cmake -S . -B "$build" -G Ninja -DGRPO_CUDA=on -DCMAKE_CUDA_COMPILER="$nvcc" \
  -DCMAKE_CUDA_ARCHITECTURES="$architecture" "${flags[@]}" &&
  ninja -C "$build" "${targets[@]}"; } > "$log" 2>&1; then
  tail -n 40 "$log"
  echo "gpu_check: the build failed; all of its output is in $log" >&2
  exit 1
fi
built=$((SECONDS - start))

start=$SECONDS
# One at a time: they share the device.
output=$(scripts/run_tests "$build" -L gpu -j 1 2>&1)
status=$?
counts=$(echo "$output" | tail -n 1)
if [ $status -ne 0 ]; then
  echo "$output"
elif [[ $counts != *" 0 skipped" ]]; then
  # A machine with a GPU must not skip; a program says why it does.
  "$build/kernels_test" --gtest_filter='Cuda*' | grep -A 1 -m 1 'Skipped'
  status=1
fi

echo "gpu     $gpu"
echo "nvcc    $("$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p'), sm_$architecture"
echo "commit  $(git rev-parse --short HEAD 2> /dev/null || echo unknown)"
echo "build   $built s"
echo "tests   $counts, $((SECONDS - start)) s"
exit $status
