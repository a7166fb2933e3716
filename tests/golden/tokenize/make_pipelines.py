"""Writes pipelines.json: small tokenizers and what Hugging Face `tokenizers` makes of texts.

    pip install tokenizers==0.23.3 && python make_pipelines.py > pipelines.json
"""
import json
import random
import unicodedata

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

CORPUS = ["Natalia sold 48/2 = 24 clips in May. The answer is 72. Let's think step by step!",
          "if x > 10:\n    return x ** 2  # don't\n\tprint('done')\r\n", "we'll it's I'd they're WE'LL",
          "größer Straße café naïve Ελληνικά русский 中文字符 日本語 한국어 ½ ² Ⅷ"] * 3
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
DEEPSEEK = [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
            r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
            r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])


def byte_model():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return json.loads(t.to_str())["model"]


def character_model(bytes_too):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>"] + ([f"<0x{i:02X}>" for i in range(256)] if bytes_too else [])
    t.train_from_iterator(CORPUS[:2], trainers.BpeTrainer(
        vocab_size=len(special) + 110, special_tokens=special, show_progress=False))
    model = json.loads(t.to_str())["model"]
    return {**model, "unk_token": "<unk>", "byte_fallback": bytes_too}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def byte_level(prefix=False, regex=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def added(content, **flags):
    base = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return {"content": content, **base, **flags}


def pipelines():
    bl = {"model": "bytes", "decoder": byte_level()}
    yield "gpt2", {**bl, "pre_tokenizer": byte_level(regex=True)}
    yield "gpt2 prefix space", {**bl, "pre_tokenizer": byte_level(prefix=True, regex=True)}
    yield "ignore_merges", {**bl, "pre_tokenizer": byte_level(regex=True), "ignore_merges": True}
    for name, patterns in [("gpt2 split", [GPT2]), ("qwen2", [QWEN2]), ("llama3", [LLAMA3]),
                           ("deepseek", DEEPSEEK), ("deepseek rest", DEEPSEEK[2:]), ("o200k", [O200K])]:
        yield name, {**bl, "pre_tokenizer": sequence(*map(split, patterns), byte_level())}
    for individual in (True, False):
        yield f"digits {individual}", {**bl, "pre_tokenizer": sequence(
            {"type": "Digits", "individual_digits": individual}, byte_level(regex=True))}
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in (False, True):
            for kind, pattern in [("String", "e"), ("Regex", r"[aeiou]|\s")]:
                yield f"split {behavior} {invert} {kind}", {**bl, "pre_tokenizer": sequence(
                    split(pattern, behavior, invert, kind), byte_level())}
        yield f"punctuation {behavior}", {**bl, "pre_tokenizer": sequence(
            {"type": "Punctuation", "behavior": behavior}, byte_level())}
    for kind in ["Whitespace", "WhitespaceSplit"]:
        yield kind, {**bl, "pre_tokenizer": sequence({"type": kind}, byte_level())}
    for name, normalizer in [
            *[(form, {"type": form}) for form in ("NFC", "NFD", "NFKC", "NFKD")],
            ("strip", {"type": "Strip", "strip_left": True, "strip_right": True}),
            ("replace", {"type": "Sequence", "normalizers": [
                {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": "_"},
                {"type": "Prepend", "prepend": "é"}]})]:
        yield name, {**bl, "normalizer": normalizer, "pre_tokenizer": byte_level(regex=True)}
    tokens = [added("<s>"), added("</s>", rstrip=True, special=False), added("<|im_start|>", lstrip=True),
              added("Let", single_word=True), added("café", normalized=True, special=False),
              added("<s><s>"), added("is", single_word=True, lstrip=True, rstrip=True)]
    template = {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                           {"Sequence": {"id": "A", "type_id": 0}},
                           {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]}
    yield "added tokens", {**bl, "pre_tokenizer": byte_level(regex=True), "added": tokens}
    yield "added tokens NFD", {**bl, "normalizer": {"type": "NFD"}, "added": tokens,
                               "pre_tokenizer": byte_level(prefix=True, regex=True), "template": template}
    llama = {"normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}}
    for fuse in (True, False):
        yield f"llama fuse {fuse}", {**llama, "model": "characters", "fuse_unk": fuse, "added": tokens}
    yield "llama bytes", {**llama, "model": "characters and bytes", "fuse_unk": True, "added": tokens,
                          "template": template}
    yield "no decoder", {"model": "characters", "normalizer": llama["normalizer"]}
    for scheme in ("always", "first", "never"):
        for cut in (True, False):
            metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}
            yield f"metaspace {scheme} {cut}", {"model": "characters", "added": tokens,
                                                "pre_tokenizer": metaspace, "decoder": metaspace}


def texts():
    rng = random.Random(7)
    yield from ["", " ", "a", "  Let's go!  ", "I'LL say it'ſ don'T we're 'tis", "12345 67 ½²Ⅷ٣٤٥٦", "\r\n\n \t x\n\n  y  \n",
                "Let us see what is is. Letter is", "<s> Hi </s>  there  <|im_start|>user <s><s><s>",
                "cafe\u0301 café ﬁne Å \u212b e\u0301\u0323 각 \u1112\u1161\u11ab", "x\u00a0y\u3000z\u2028w\u0085v\u200bu",
                "$f(x)=\\frac{x^2-1}{x+1}$, foo_bar.baz() != __init__", "中文，日本語のテスト。한국어 カタカナ123abc",
                "👩‍👩‍👧‍👦 🇩🇪 e\u20dd \u0301\u0301a", "...!!!\n\n(a) [b] {c} <d>\n/// -->", "aaaa eeee    aeiou  e e\n"]
    ranges = [(0x20, 0x7f), (0x20, 0x7f), (0, 0x20), (0xa0, 0x250), (0x300, 0x400), (0x2000, 0x2070),
              (0x4e00, 0x4f00), (0x1f300, 0x1f400), (0xac00, 0xac40), (0x660, 0x66a)]
    for _ in range(8):
        chars = [chr(rng.randrange(*rng.choice(ranges))) for _ in range(60)]
        yield "".join(c for c in chars if unicodedata.category(c) not in ("Cn", "Co", "Cs"))


def main():
    model_of = {"bytes": byte_model(), "characters": character_model(False),
                "characters and bytes": character_model(True)}
    cases = []
    for name, spec in pipelines():
        model = {**model_of[spec["model"]], "fuse_unk": spec.get("fuse_unk", False),
                 "ignore_merges": spec.get("ignore_merges", False)}
        size = len(model["vocab"])
        tokens, post = [], None
        for token in spec.get("added", []):
            known = model["vocab"].get(token["content"])
            tokens.append({"id": size if known is None else known, **token})
            size += known is None
        if "template" in spec:
            ids = {t["content"]: t["id"] for t in tokens}
            post = {**spec["template"], "special_tokens": {
                c: {"id": c, "ids": [ids[c]], "tokens": [c]} for c in ("<s>", "</s>")}}
        case = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens,
                "normalizer": spec.get("normalizer"), "pre_tokenizer": spec.get("pre_tokenizer"),
                "post_processor": post, "decoder": spec.get("decoder")}
        tokenizer = Tokenizer.from_str(json.dumps({**case, "model": model}))
        rows = []
        for text in texts():
            ids = tokenizer.encode(text).ids
            rows.append([text, ids, tokenizer.decode(ids, skip_special_tokens=False),
                         tokenizer.decode(ids, skip_special_tokens=True)])
        cases.append({"name": name, "model": spec["model"], "fuse_unk": model["fuse_unk"],
                      "ignore_merges": model["ignore_merges"], "tokenizer": case, "rows": rows})
    print(json.dumps({"models": model_of, "cases": cases}, ensure_ascii=False, separators=(",", ":")))


main()
