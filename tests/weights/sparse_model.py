#!/usr/bin/env python3
"""DeepSeek-V3 as it is published in FP8, with every weight a hole: sparse_model.py FOLDER [SHARDS].

Writes config.json, model.safetensors.index.json and SHARDS (600) files of 689 GB together, which
take 40 MB on disk. Names, shapes and the order of keys are those of the release (91,991 tensors
with the multi-token prediction layer); nothing here comes from the program's own tables.
"""

import json
import os
import sys

CONFIG = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "auto_map": {
        "AutoConfig": "configuration_deepseek.DeepseekV3Config",
        "AutoModel": "modeling_deepseek.DeepseekV3Model",
        "AutoModelForCausalLM": "modeling_deepseek.DeepseekV3ForCausalLM",
    },
    "bos_token_id": 0,
    "eos_token_id": 1,
    "ep_size": 1,
    "first_k_dense_replace": 3,
    "hidden_act": "silu",
    "hidden_size": 7168,
    "initializer_range": 0.02,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "model_type": "deepseek_v3",
    "moe_intermediate_size": 2048,
    "moe_layer_freq": 1,
    "n_group": 8,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 128,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "quantization_config": {
        "activation_scheme": "dynamic",
        "fmt": "e4m3",
        "quant_method": "fp8",
        "weight_block_size": [128, 128],
    },
    "rms_norm_eps": 1e-06,
    "rope_scaling": {
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 40,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 4096,
        "type": "yarn",
    },
    "rope_theta": 10000,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "tie_word_embeddings": False,
    "topk_group": 4,
    "topk_method": "noaux_tc",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.33.1",
    "use_cache": True,
    "v_head_dim": 128,
    "vocab_size": 129280,
}
BYTES = {"BF16": 2, "F32": 4, "F8_E4M3": 1}


def tensors():
    """(name, dtype, shape) of every tensor of the release."""
    hidden, vocabulary, heads, kv_lora, q_lora = 7168, 129280, 128, 512, 1536

    def plain(name, *shape, dtype="BF16"):
        yield name + ".weight", dtype, list(shape)

    def linear(name, rows, columns):
        yield name + ".weight", "F8_E4M3", [rows, columns]
        yield name + ".weight_scale_inv", "F32", [(rows + 127) // 128, (columns + 127) // 128]

    def mlp(name, width):
        yield from linear(name + ".gate_proj", width, hidden)
        yield from linear(name + ".up_proj", width, hidden)
        yield from linear(name + ".down_proj", hidden, width)

    def layer(i):
        at = f"model.layers.{i}"
        yield from plain(at + ".input_layernorm", hidden)
        yield from linear(at + ".self_attn.q_a_proj", q_lora, hidden)
        yield from plain(at + ".self_attn.q_a_layernorm", q_lora)
        yield from linear(at + ".self_attn.q_b_proj", heads * 192, q_lora)
        yield from linear(at + ".self_attn.kv_a_proj_with_mqa", kv_lora + 64, hidden)
        yield from plain(at + ".self_attn.kv_a_layernorm", kv_lora)
        yield from linear(at + ".self_attn.kv_b_proj", heads * 256, kv_lora)
        yield from linear(at + ".self_attn.o_proj", hidden, heads * 128)
        yield from plain(at + ".post_attention_layernorm", hidden)
        if i < 3:
            yield from mlp(at + ".mlp", 18432)
            return
        yield from plain(at + ".mlp.gate", 256, hidden)
        yield at + ".mlp.gate.e_score_correction_bias", "F32", [256]
        yield from mlp(at + ".mlp.shared_experts", 2048)
        for expert in range(256):
            yield from mlp(f"{at}.mlp.experts.{expert}", 2048)

    yield from plain("model.embed_tokens", vocabulary, hidden)
    for i in range(61):
        yield from layer(i)
    yield from plain("model.norm", hidden)
    yield from plain("lm_head", vocabulary, hidden)
    at = "model.layers.61"  # predicts the token after the next
    yield from plain(at + ".embed_tokens", vocabulary, hidden)
    yield from plain(at + ".enorm", hidden)
    yield from plain(at + ".hnorm", hidden)
    yield from plain(at + ".eh_proj", hidden, 2 * hidden)
    yield from layer(61)
    yield from plain(at + ".shared_head.norm", hidden)
    yield from plain(at + ".shared_head.head", vocabulary, hidden)


def write_shard(path, part):
    """As the safetensors library writes: types of wide alignment first, then by name."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, dtype, shape in sorted(part, key=lambda t: (-BYTES[t[1]], t[0])):
        size = BYTES[dtype]
        for n in shape:
            size *= n
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + at)
    return at


def main():
    folder = sys.argv[1]
    shards = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    os.makedirs(folder, exist_ok=True)
    everything = list(tensors())
    total, weight_map = 0, {}
    for i in range(shards):
        name = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        part = everything[len(everything) * i // shards : len(everything) * (i + 1) // shards]
        total += write_shard(os.path.join(folder, name), part)
        weight_map.update((tensor, name) for tensor, _, _ in part)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    for name, content in (("config.json", CONFIG), ("model.safetensors.index.json", index)):
        with open(os.path.join(folder, name), "w") as file:
            json.dump(content, file, indent=2, sort_keys=True)
            file.write("\n")
    print(f"{len(everything)} tensors, {total} bytes")


main()
