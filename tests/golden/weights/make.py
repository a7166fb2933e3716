#!/usr/bin/env python3
"""Makes the files of this folder: tiny models with random weights, in Hugging Face layout and as
GGUF, and blocks of every GGUF type, with the values that other readers get from them.

    pip install numpy safetensors gguf
    python make.py
"""

import json
import pathlib

import gguf
import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(20250101)
H, V = 16, 24  # hidden size, vocabulary


def weight(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def save_hf(name, config, tensors):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    common = dict(vocab_size=V, hidden_size=H, max_position_embeddings=64, rms_norm_eps=1e-5, hidden_act="silu",
                  rope_theta=10000.0, tie_word_embeddings=False, bos_token_id=1, eos_token_id=[2, 3])
    (folder / "config.json").write_text(json.dumps(common | config, indent=1))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def common_tensors(layers):
    t = {"model.embed_tokens.weight": weight(V, H), "model.norm.weight": weight(H), "lm_head.weight": weight(V, H)}
    for n in range(layers):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            t[f"model.layers.{n}.{norm}.weight"] = weight(H)
    return t


def gguf_writer(name, arch, layers, **values):
    (HERE / name).mkdir(exist_ok=True)
    w = gguf.GGUFWriter(HERE / name / "model.gguf", arch)
    w.add_context_length(64)
    w.add_embedding_length(H)
    w.add_block_count(layers)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(10000.0)
    w.add_vocab_size(V)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_eot_token_id(3)
    for key, value in values.items():
        getattr(w, "add_" + key)(value)
    return w


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def add_common(w, t, layers):
    w.add_tensor("token_embd.weight", t["model.embed_tokens.weight"])
    w.add_tensor("output_norm.weight", t["model.norm.weight"])
    w.add_tensor("output.weight", t["lm_head.weight"])
    for n in range(layers):
        w.add_tensor(f"blk.{n}.attn_norm.weight", t[f"model.layers.{n}.input_layernorm.weight"])
        w.add_tensor(f"blk.{n}.ffn_norm.weight", t[f"model.layers.{n}.post_attention_layernorm.weight"])


def phi3():
    heads, kv, d, inter = 4, 2, 4, 12
    t = common_tensors(1)
    p = "model.layers.0."
    t[p + "self_attn.qkv_proj.weight"] = weight((heads + 2 * kv) * d, H)
    t[p + "self_attn.o_proj.weight"] = weight(H, heads * d)
    t[p + "mlp.gate_up_proj.weight"] = weight(2 * inter, H)
    t[p + "mlp.down_proj.weight"] = weight(H, inter)
    save_hf("phi3", dict(model_type="phi3", num_hidden_layers=1, num_attention_heads=heads, num_key_value_heads=kv,
                         intermediate_size=inter, original_max_position_embeddings=64), t)
    qkv, gate_up = t[p + "self_attn.qkv_proj.weight"], t[p + "mlp.gate_up_proj.weight"]
    return {"layers.0.attention.q": qkv[:16], "layers.0.attention.k": qkv[16:24], "layers.0.attention.v": qkv[24:],
            "layers.0.ffn.gate": gate_up[:inter], "layers.0.ffn.up": gate_up[inter:]}


def permute(w, heads):
    """As llama.cpp's converter: Hugging Face's halves become neighbouring pairs."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def mixtral():
    heads, kv, d, inter, experts = 4, 2, 4, 12, 3
    t = common_tensors(1)
    p = "model.layers.0."
    for x, rows in (("q", heads * d), ("k", kv * d), ("v", kv * d)):
        t[f"{p}self_attn.{x}_proj.weight"] = weight(rows, H)
    t[p + "self_attn.o_proj.weight"] = weight(H, heads * d)
    t[p + "block_sparse_moe.gate.weight"] = weight(experts, H)
    for e in range(experts):
        for w_, shape in (("w1", (inter, H)), ("w2", (H, inter)), ("w3", (inter, H))):
            t[f"{p}block_sparse_moe.experts.{e}.{w_}.weight"] = weight(*shape)
    save_hf("mixtral", dict(model_type="mixtral", num_hidden_layers=1, num_attention_heads=heads,
                            num_key_value_heads=kv, intermediate_size=inter, num_local_experts=experts,
                            num_experts_per_tok=2, sliding_window=None), t)
    w = gguf_writer("mixtral_gguf", "llama", 1, feed_forward_length=inter, head_count=heads, head_count_kv=kv,
                    rope_dimension_count=d, expert_count=experts, expert_used_count=2)
    add_common(w, t, 1)
    w.add_tensor("blk.0.attn_q.weight", permute(t[p + "self_attn.q_proj.weight"], heads))
    w.add_tensor("blk.0.attn_k.weight", permute(t[p + "self_attn.k_proj.weight"], kv))
    w.add_tensor("blk.0.attn_v.weight", t[p + "self_attn.v_proj.weight"])
    w.add_tensor("blk.0.attn_output.weight", t[p + "self_attn.o_proj.weight"])
    w.add_tensor("blk.0.ffn_gate_inp.weight", t[p + "block_sparse_moe.gate.weight"])
    for own, w_ in (("gate", "w1"), ("down", "w2"), ("up", "w3")):
        stack = np.stack([t[f"{p}block_sparse_moe.experts.{e}.{w_}.weight"] for e in range(experts)])
        w.add_tensor(f"blk.0.ffn_{own}_exps.weight", stack)
    finish(w)
    x = p + "block_sparse_moe.experts.1."
    return {"layers.0.attention.q": t[p + "self_attn.q_proj.weight"], "layers.0.ffn.experts.1.gate": t[x + "w1.weight"],
            "layers.0.ffn.experts.1.down": t[x + "w2.weight"], "layers.0.ffn.experts.1.up": t[x + "w3.weight"]}


def deepseek_v3():
    heads, q_lora, kv_lora, nope, rope, v, inter, experts, width = 2, 8, 8, 6, 4, 5, 20, 4, 6
    t = common_tensors(2)
    for n in range(2):
        p = f"model.layers.{n}.self_attn."
        t[p + "q_a_proj.weight"] = weight(q_lora, H)
        t[p + "q_a_layernorm.weight"] = weight(q_lora)
        t[p + "q_b_proj.weight"] = weight(heads * (nope + rope), q_lora)
        t[p + "kv_a_proj_with_mqa.weight"] = weight(kv_lora + rope, H)
        t[p + "kv_a_layernorm.weight"] = weight(kv_lora)
        t[p + "kv_b_proj.weight"] = weight(heads * (nope + v), kv_lora)
        t[p + "o_proj.weight"] = weight(H, heads * v)

    def mlp(prefix, inner):
        for x, shape in (("gate", (inner, H)), ("up", (inner, H)), ("down", (H, inner))):
            t[f"{prefix}{x}_proj.weight"] = weight(*shape)

    mlp("model.layers.0.mlp.", inter)
    t["model.layers.1.mlp.gate.weight"] = weight(experts, H)
    t["model.layers.1.mlp.gate.e_score_correction_bias"] = weight(experts)
    for e in range(experts):
        mlp(f"model.layers.1.mlp.experts.{e}.", width)
    mlp("model.layers.1.mlp.shared_experts.", width)
    config = dict(model_type="deepseek_v3", num_hidden_layers=2, num_attention_heads=heads, num_key_value_heads=heads,
                  intermediate_size=inter, q_lora_rank=q_lora, kv_lora_rank=kv_lora, qk_nope_head_dim=nope,
                  qk_rope_head_dim=rope, v_head_dim=v, n_routed_experts=experts, n_shared_experts=1,
                  moe_intermediate_size=width, num_experts_per_tok=2, n_group=2, topk_group=1, norm_topk_prob=True,
                  routed_scaling_factor=2.5, scoring_func="sigmoid", topk_method="noaux_tc", first_k_dense_replace=1,
                  rope_scaling=dict(type="yarn", factor=8, original_max_position_embeddings=16, mscale=1.0,
                                    mscale_all_dim=1.0, beta_fast=32, beta_slow=1))
    # A layer of a multi-token prediction module, to be skipped.
    save_hf("deepseek_v3", config, t | {"model.layers.2.eh_proj.weight": weight(H, 2 * H)})

    w = gguf_writer("deepseek_gguf", "deepseek2", 2, feed_forward_length=inter, head_count=heads, head_count_kv=1,
                    key_length=kv_lora + rope, value_length=kv_lora, key_length_mla=nope + rope, value_length_mla=v,
                    q_lora_rank=q_lora, kv_lora_rank=kv_lora, rope_dimension_count=rope,
                    leading_dense_block_count=1, expert_count=experts, expert_used_count=2, expert_shared_count=1,
                    expert_feed_forward_length=width, expert_weights_scale=2.5, expert_weights_norm=True,
                    expert_gating_func=gguf.ExpertGatingFuncType.SIGMOID, expert_group_count=2,
                    expert_group_used_count=1)
    w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    w.add_rope_scaling_factor(8)
    w.add_rope_scaling_orig_ctx_len(16)
    w.add_rope_scaling_yarn_log_mul(0.1)
    add_common(w, t, 2)
    names = {"q_a_proj": "attn_q_a", "q_a_layernorm": "attn_q_a_norm", "q_b_proj": "attn_q_b",
             "kv_a_proj_with_mqa": "attn_kv_a_mqa", "kv_a_layernorm": "attn_kv_a_norm", "o_proj": "attn_output"}
    for n in range(2):
        for hf, own in names.items():
            w.add_tensor(f"blk.{n}.{own}.weight", t[f"model.layers.{n}.self_attn.{hf}.weight"])
        kv_b = t[f"model.layers.{n}.self_attn.kv_b_proj.weight"].reshape(heads, nope + v, kv_lora)
        w.add_tensor(f"blk.{n}.attn_k_b.weight", np.ascontiguousarray(kv_b[:, :nope].transpose(0, 2, 1)))
        w.add_tensor(f"blk.{n}.attn_v_b.weight", np.ascontiguousarray(kv_b[:, nope:]))
    w.add_tensor("blk.1.ffn_gate_inp.weight", t["model.layers.1.mlp.gate.weight"])
    w.add_tensor("blk.1.exp_probs_b.bias", t["model.layers.1.mlp.gate.e_score_correction_bias"])
    for x in ("gate", "up", "down"):
        w.add_tensor(f"blk.0.ffn_{x}.weight", t[f"model.layers.0.mlp.{x}_proj.weight"])
        stack = [t[f"model.layers.1.mlp.experts.{e}.{x}_proj.weight"] for e in range(experts)]
        w.add_tensor(f"blk.1.ffn_{x}_exps.weight", np.stack(stack))
        w.add_tensor(f"blk.1.ffn_{x}_shexp.weight", t[f"model.layers.1.mlp.shared_experts.{x}_proj.weight"])
    finish(w)
    return {"layers.1.attention.kv_b": t["model.layers.1.self_attn.kv_b_proj.weight"],
            "layers.1.ffn.correction_bias": t["model.layers.1.mlp.gate.e_score_correction_bias"],
            "layers.1.ffn.experts.3.down": t["model.layers.1.mlp.experts.3.down_proj.weight"]}


def blocks():
    """Random bits with tame float16 fields; the values are the gguf package's."""
    halves = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
              "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
    out = {}
    for name, fields in halves.items():
        kind = gguf.GGMLQuantizationType[name]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        data = rng.integers(0, 256, (2, size), dtype=np.uint8)
        for at in fields:
            data[:, at:at + 2] = rng.standard_normal((2, 1)).astype(np.float16).view(np.uint8)
        values = gguf.quants.dequantize(data, kind).astype(np.float32).ravel()
        out[name] = {"type": int(kind), "bytes": data.ravel().tolist(), "values": [float(x) for x in values]}
    return out


def fp8(name):
    """float32 values of an FP8 tensor of qwen3_fp8, by the definition of e4m3 and of block scales."""
    raw = (HERE / "qwen3_fp8" / "model.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header, data = json.loads(raw[8:8 + size]), raw[8 + size:]

    def tensor(key, dtype):
        begin, end = header[key]["data_offsets"]
        return np.frombuffer(data[begin:end], dtype).reshape(header[key]["shape"])

    u = tensor(name, np.uint8).astype(int)
    e, m = u >> 3 & 15, u & 7
    value = np.where(e == 0, m * 2.0**-9, (8 + m) * 2.0 ** (e - 10.0)) * np.where(u >> 7, -1, 1)
    scale = tensor(name + "_scale_inv", np.float32).repeat(32, 0).repeat(32, 1)[:u.shape[0], :u.shape[1]]
    return value.astype(np.float32) * scale


def legacy_mix():
    t = {x.name: x for x in gguf.GGUFReader(HERE / "legacy_mix.gguf").tensors}
    t = {k: gguf.quants.dequantize(x.data, x.tensor_type).astype(np.float32) for k, x in t.items()}
    # 4 heads of 16, 2 of them kv: neighbouring pairs back to halves.
    q = t["blk.0.attn_q.weight"].reshape(4, 8, 2, 64).swapaxes(1, 2).reshape(64, 64)
    k = t["blk.1.attn_k.weight"].reshape(2, 8, 2, 64).swapaxes(1, 2).reshape(32, 64)
    return {"layers.0.attention.q": q, "layers.1.attention.k": k}


expected = {"phi3": phi3(), "mixtral": mixtral(), "deepseek_v3": deepseek_v3(), "legacy_mix": legacy_mix(),
            "qwen3_fp8": {"layers.1.ffn.down": fp8("model.layers.1.mlp.down_proj.weight")}}
flat = {m: {k: [float(x) for x in v.ravel()] for k, v in d.items()} for m, d in expected.items()}
(HERE / "expected.json").write_text(json.dumps(flat))
(HERE / "blocks.json").write_text(json.dumps(blocks()))
