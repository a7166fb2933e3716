#!/usr/bin/env bash
# Engine against transformers and llama.cpp, GRPO step against TRL, in turn, on SmolLM2-135M float32.
#   benchmarks/compare.sh PYTHON F32.gguf Q8_0.gguf [rounds]
# PYTHON: an interpreter with the peers (benchmarks/README.md).
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 f32=$2 q8=$3 rounds=${4:-3}
model=models/smollm2-135m
out=$(mktemp -d)
for ((r = 0; r < rounds; ++r)); do
  build/release/engine_bench $model 64 48 1 1 8 32 >>"$out/engine"
  "$python" benchmarks/peer_generate.py llama.cpp "$f32" 64 48 1 1 8 32 >>"$out/llama-f32" 2>/dev/null
  "$python" benchmarks/peer_generate.py llama.cpp "$q8" 64 48 1 1 8 32 >>"$out/llama-q8_0" 2>/dev/null
  "$python" benchmarks/peer_generate.py transformers $model 64 48 1 1 8 32 >>"$out/transformers" 2>/dev/null
done
"$python" - "$out" <<'P'
import json, statistics, sys
out = sys.argv[1]
def rates(name, b):
    return statistics.median(r["decode_tokens_per_s"] for r in map(json.loads, open(f"{out}/{name}")) if r["batch"] == b)
print("decode, tokens/s (median) and ratio engine / peer")
for b in (1, 8, 32):
    own = rates("engine", b)
    print(f"  B={b:<3} engine {own:7.1f}   " + "   ".join(
        f"{n} {rates(n, b):7.1f} ({own / rates(n, b):.2f}x)" for n in ("llama-f32", "llama-q8_0", "transformers")))
P
rm -rf runs/bench-step
build/release/grpo train benchmarks/grpo_step.yaml --output runs/bench-step --quiet
"$python" benchmarks/trl_step.py $model 3 gsm8k 2>"$out/trl-log" | grep '"peer"' >"$out/trl" || {
  tail -5 "$out/trl-log" >&2
  exit 1
}
"$python" - "$out" <<'P'
import json, sys
own = [json.loads(l) for l in open("runs/bench-step/metrics.jsonl")]
trl = [json.loads(l) for l in open(f"{sys.argv[1]}/trl")]
print("GRPO step, seconds (tokens sampled); peak memory MiB")
def ours(r): return r["timing_s/gen"] + r["timing_s/update_actor"]
for r in own: print(f"  grpo  step {r['step']}: {ours(r):6.1f} ({r['perf/tokens']:.0f})  gen {r['timing_s/gen']:.1f} update {r['timing_s/update_actor']:.1f}  peak {r['perf/peak_memory_mib']:.0f}")
for r in trl: print(f"  trl   step {r['step']}: {r['seconds']:6.1f} ({r['tokens']})  peak {r['peak_memory_mib']}")
a = sum(ours(r) for r in own[1:]) / sum(r["perf/tokens"] for r in own[1:])
b = sum(r["seconds"] for r in trl[1:]) / sum(r["tokens"] for r in trl[1:])
print(f"  seconds per sampled token, steps 2 on: {a:.4f} against {b:.4f}: {b / a:.2f}x; memory {own[-1]['perf/peak_memory_mib'] / trl[-1]['peak_memory_mib']:.2f} of TRL's")
P
rm -rf "$out"
