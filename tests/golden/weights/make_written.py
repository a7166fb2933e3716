#!/usr/bin/env python3
"""Makes `written` and quantized.json: a tiny Llama in Hugging Face layout, the same as GGUF files by
the gguf package, laid out as llama.cpp's converter does, and numbers narrowed by gguf.quants.

    pip install numpy safetensors gguf
    python make_written.py
"""

import json
import math
import pathlib

import gguf
import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(20251127)
H, V, HEADS, KV, D, INTER = 32, 40, 4, 2, 8, 64
SCALING = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
Type = gguf.GGMLQuantizationType


def weight(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def permute(w, heads):
    """As llama.cpp's converter: Hugging Face's halves become neighbouring pairs."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def rope_factors():
    """As llama.cpp's converter, conversion/llama.py."""
    low, high = SCALING["low_freq_factor"], SCALING["high_freq_factor"]
    original, factor = SCALING["original_max_position_embeddings"], SCALING["factor"]
    out = []
    for i in range(0, D, 2):
        wave = 2 * math.pi * 10000.0 ** (i / D)
        if wave < original / high:
            out.append(1.0)
        elif wave > original / low:
            out.append(factor)
        else:
            smooth = (original / wave - low) / (high - low)
            out.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(out, dtype=np.float32)


def hugging_face():
    p = "model.layers.0."
    t = {"model.embed_tokens.weight": weight(V, H), p + "input_layernorm.weight": weight(H)}
    for x, rows in (("q", HEADS * D), ("k", KV * D), ("v", KV * D), ("o", H)):
        t[f"{p}self_attn.{x}_proj.weight"] = weight(rows, H)
        t[f"{p}self_attn.{x}_proj.bias"] = weight(rows)
    t[p + "post_attention_layernorm.weight"] = weight(H)
    for x, shape in (("gate", (INTER, H)), ("up", (INTER, H)), ("down", (H, INTER))):
        t[f"{p}mlp.{x}_proj.weight"] = weight(*shape)
    t |= {"model.norm.weight": weight(H), "lm_head.weight": weight(V, H)}
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=V, hidden_size=H,
                  intermediate_size=INTER, num_hidden_layers=1, num_attention_heads=HEADS, num_key_value_heads=KV,
                  head_dim=D, max_position_embeddings=512, rms_norm_eps=1e-5, rope_theta=10000.0,
                  rope_scaling=dict(rope_type="llama3", **SCALING), attention_bias=True, tie_word_embeddings=False,
                  hidden_act="silu", bos_token_id=1, eos_token_id=2, torch_dtype="float32")
    folder = HERE / "written"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    save_file(t, folder / "model.safetensors", metadata={"format": "pt"})
    return t


def as_gguf(t, name, kind, file_type):
    w = gguf.GGUFWriter(HERE / "written" / f"{name}.gguf", "llama")
    w.add_type("model")
    w.add_vocab_size(V)
    w.add_context_length(512)
    w.add_embedding_length(H)
    w.add_block_count(1)
    w.add_feed_forward_length(INTER)
    w.add_head_count(HEADS)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_head_count_kv(KV)
    w.add_key_length(D)
    w.add_value_length(D)
    w.add_rope_freq_base(10000.0)
    w.add_rope_dimension_count(D)
    w.add_name("written")
    w.add_file_type(file_type)
    w.add_quantization_version(2)
    w.add_tensor("rope_freqs.weight", rope_factors())

    def add(own, array):
        if array.ndim == 1:
            w.add_tensor(own, array)
        else:
            w.add_tensor(own, gguf.quants.quantize(array, kind), raw_dtype=kind)

    p = "model.layers.0."
    add("token_embd.weight", t["model.embed_tokens.weight"])
    add("blk.0.attn_norm.weight", t[p + "input_layernorm.weight"])
    for x, own, heads in (("q", "q", HEADS), ("k", "k", KV), ("v", "v", 0), ("o", "output", 0)):
        for part in ("weight", "bias"):
            array = t[f"{p}self_attn.{x}_proj.{part}"]
            add(f"blk.0.attn_{own}.{part}", permute(array, heads) if heads else array)
    add("blk.0.ffn_norm.weight", t[p + "post_attention_layernorm.weight"])
    for x in ("gate", "up", "down"):
        add(f"blk.0.ffn_{x}.weight", t[f"{p}mlp.{x}_proj.weight"])
    add("output_norm.weight", t["model.norm.weight"])
    add("output.weight", t["lm_head.weight"])
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def quantized():
    """Blocks with all zeros, ties (half of a step), numbers of all sizes, and subnormal ones."""
    values = np.concatenate([
        np.zeros(32), np.linspace(-127, 127, 32), np.arange(-16, 16) + 0.5, rng.standard_normal(32) * 1e-9,
        rng.standard_normal(32) * 1e4, 2.0 ** rng.integers(-20, 10, 32) * rng.choice([-1, 1], 32),
        [127] + [0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 63.5] * 4 + [0, 0, -127]]).astype(np.float32)
    rows = {kind.name: gguf.quants.quantize(values, kind).view(np.uint8).ravel().tolist()
            for kind in (Type.Q8_0, Type.BF16, Type.F16)}
    (HERE / "quantized.json").write_text(json.dumps(dict(values=[float(x) for x in values], **rows)))


tensors = hugging_face()
as_gguf(tensors, "bf16", Type.BF16, gguf.LlamaFileType.MOSTLY_BF16)
as_gguf(tensors, "q8_0", Type.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0)
quantized()
