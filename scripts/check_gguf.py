#!/usr/bin/env python3
"""Compares what `grpo convert` writes of a Hugging Face model with what other programs read of it.

    pip install gguf transformers torch safetensors      # and llama-cpp-python for --llama
    scripts/check_gguf.py build/release/grpo models/smollm2-135m [--llama]

Per type (float32, float16, bfloat16, q8_0): every tensor as the gguf package reads it, under the
name that its own tables give, against the model's; what transformers computes and tokenizes of the
file; with --llama, llama.cpp's log-probabilities and greedy text against `grpo`'s. Then back to a
Hugging Face folder, in shards where the model is large, loaded by transformers. Ends with 1 when
anything differs by more than the type's rounding.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import torch
import transformers
from safetensors import safe_open

TEXTS = ["Natalia sold 48 clips in April, and 1/2 as many in May.", " naïve Größe — 12345 中文\n\n\tx = y;",
         "<|im_start|>user\nWhat is 2+2?<|im_end|>\n"]
PERMUTED = {"llama", "granite", "smollm3"}
bad = 0


def report(what, ok, detail):
    global bad
    bad += not ok
    print(f"{'ok ' if ok else 'BAD'} {what}: {detail}", flush=True)


def run(grpo, *arguments, rows=None):
    text = "".join(json.dumps(row) + "\n" for row in rows) if rows is not None else None
    done = subprocess.run([grpo, *arguments], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"grpo {' '.join(arguments)}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def stored(folder):
    tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as f:
            for name in f.keys():
                tensors[name] = f.get_tensor(name).float().numpy()
    return tensors


def unpermute(w, heads):
    return w.reshape(heads, w.shape[0] // heads // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def check_tensors(file, want, config, kind):
    reader = gguf.GGUFReader(file)
    arch = reader.get_field("general.architecture").contents()
    number = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}[arch]
    names = gguf.get_tensor_name_map(number, config["num_hidden_layers"])
    got = {t.name: t for t in reader.tensors}
    heads = config["num_attention_heads"]
    kv = config.get("num_key_value_heads", heads)
    worst, left = 0.0, set(got) - {"rope_freqs.weight"}
    for name, array in want.items():
        own = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if own is None or own not in got:
            continue  # experts and parts of kv_b: tests/weights
        left.discard(own)
        tensor = got[own]
        value = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(array.shape)
        if arch in PERMUTED and ("q_proj" in name or "k_proj" in name):
            value = unpermute(value, heads if "q_proj" in name else kv)
        if array.ndim == 1:
            worst = max(worst, float(np.abs(value - array).max() > 0))
        elif tensor.tensor_type == gguf.GGMLQuantizationType.F32:
            worst = max(worst, float(np.abs(value - array).max() > 0))
        else:  # narrowed by gguf itself
            rows = array
            if arch in PERMUTED and ("q_proj" in name or "k_proj" in name):
                n = heads if "q_proj" in name else kv
                rows = array.reshape(n, 2, array.shape[0] // n // 2, -1).swapaxes(1, 2).reshape(array.shape)
            bytes_ = gguf.quants.quantize(rows, tensor.tensor_type)
            worst = max(worst, float(not np.array_equal(bytes_.view(np.uint8).ravel(),
                                                        tensor.data.view(np.uint8).ravel())))
    stacked = {n for n in left if "_exps" in n or "attn_k_b" in n or "attn_v_b" in n}
    report(f"{kind}: tensors by the gguf package", worst == 0 and left == stacked,
           f"{len(got)} tensors, same bytes" if worst == 0 else "bytes differ")


def logits(model, ids):
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1).numpy()


def check_transformers(file, model, tokenizer, ids, kind, limit):
    other = transformers.AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    difference = float(np.abs(logits(other, ids) - logits(model, ids)).max())
    report(f"{kind}: transformers, gguf_file=", difference <= limit, f"log-probabilities within {difference:.3g}")
    read = transformers.AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    same = all(read.encode(t, add_special_tokens=False) == tokenizer.encode(t, add_special_tokens=False) for t in TEXTS)
    report(f"{kind}: transformers' tokenizer of the file", same, "same ids")


def check_llama(grpo, file, ids, kind, limit):
    import llama_cpp
    llama = llama_cpp.Llama(str(file), n_ctx=512, logits_all=True, verbose=False,
                            type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32, flash_attn=False)
    llama.eval(ids)
    scores = torch.log_softmax(torch.tensor(np.array(llama.scores[:len(ids)]), dtype=torch.float64), -1).numpy()
    theirs = np.array([scores[i, ids[i + 1]] for i in range(len(ids) - 1)])
    ours = run(grpo, "inspect", "logits", "--model", str(file), rows=[{"id": 0, "ids": ids}])[0]
    difference = float(np.abs(theirs - np.array(ours["logprobs"])).max())
    report(f"{kind}: llama.cpp's log-probabilities", difference <= limit, f"within {difference:.3g} of grpo's")
    for text in TEXTS:
        same = llama.tokenize(text.encode(), add_bos=False, special=True)
        mine = run(grpo, "inspect", "tokens", "--model", str(file),
                   rows=[{"id": 0, "text": text, "add_special_tokens": False}])[0]["ids"]
        report(f"{kind}: llama.cpp's ids of {text[:20]!r}", same == mine, f"{len(mine)} ids")
    prompt = ids[:12]
    answer = run(grpo, "generate", "--model", str(file), "--temperature", "0", "--max-tokens", "40",
                 rows=[{"id": 0, "ids": prompt}])[0]["completions"][0]["ids"]
    llama.reset()
    greedy = []
    for token in llama.generate(prompt, top_k=1, temp=0.0, repeat_penalty=1.0):
        greedy.append(token)
        if len(greedy) == len(answer):
            break
    equal = next((i for i, (a, b) in enumerate(zip(answer, greedy)) if a != b), len(answer))
    report(f"{kind}: llama.cpp's greedy text", equal == len(answer) or kind == "q8_0",
           f"first {equal} of {len(answer)} tokens equal")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grpo")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--llama", action="store_true", help="with llama-cpp-python")
    parser.add_argument("--no-transformers", action="store_true", help="its reader lacks some families")
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    config = json.loads((args.model / "config.json").read_text())
    want = stored(args.model)
    model = transformers.AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    ids = tokenizer.encode(TEXTS[0] + TEXTS[1], add_special_tokens=False)
    # Rounding of the weights, seen in log-probabilities: float32 not at all, the others by their bits.
    limits = {"float32": 1e-4, "float16": 5e-2, "bfloat16": 5e-1, "q8_0": 5e-1}
    llama_limits = {"float32": 2e-3, "float16": 2e-2, "bfloat16": 1e-1, "q8_0": 5e-1}
    with tempfile.TemporaryDirectory() as folder:
        for kind in limits:
            file = pathlib.Path(folder) / f"{kind}.gguf"
            flags = ["--quantize", "q8_0"] if kind == "q8_0" else ["--dtype", kind]
            run(args.grpo, "convert", "--model", str(args.model), "--output", str(file), "--format", "gguf", *flags)
            check_tensors(file, want, config, kind)
            if not args.no_transformers:
                check_transformers(file, model, tokenizer, ids, kind, limits[kind])
            if args.llama:
                check_llama(args.grpo, file, ids, kind, llama_limits[kind])
            back = pathlib.Path(folder) / f"{kind}.hf"
            dtype = "float32" if kind == "q8_0" else kind
            run(args.grpo, "convert", "--model", str(file), "--output", str(back), "--dtype", dtype)
            other = transformers.AutoModelForCausalLM.from_pretrained(back, dtype=torch.float32)
            difference = float(np.abs(logits(other, ids) - logits(model, ids)).max())
            report(f"{kind}: back to a Hugging Face folder", difference <= limits[kind],
                   f"transformers' log-probabilities within {difference:.3g}")
            again = pathlib.Path(folder) / f"{kind}-again.gguf"
            run(args.grpo, "convert", "--model", str(back), "--output", str(again), "--format", "gguf", *flags)
            first, second = gguf.GGUFReader(file), gguf.GGUFReader(again)
            same = all(a.name == b.name and np.array_equal(a.data, b.data)
                       for a, b in zip(first.tensors, second.tensors, strict=True))
            report(f"{kind}: and to GGUF again", same, "same bytes per tensor")
            file.unlink(), again.unlink()
    print("all as expected" if bad == 0 else f"{bad} differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
