"""Records what Rust's `tokenizers` (the Python package) makes of hard texts, component by component.

Usage: python record-tokenizers.py ../src/testing/recorded-tokenizers.json.gz [texts.json]

With a list of texts in JSON, these are recorded instead of the texts below.
"""

import gzip
import itertools
import json
import sys

import tokenizers
from tokenizers import Tokenizer

TEXTS = [
    "", " ", "a", "Hello, world!", "  leading and trailing  ", "a  b   c    d", " " * 40 + "x", "tab\tand\nnewline\r\nCRLF\r\r\n",
    "It's we're I'll they've I'd 'S 'LL don't ſ'ſ", "NUL\0in\x01text\x7f\x85\x9f", "ABC 123 4567 89,000.50", "١٢٣ ४५६ Ⅷ ½ ² ①",
    "ｆｕｌｌ　ｗｉｄｔｈ １２３", "ﬁ ﬂ ﬀ ™ ㎏ ª", "é e\u0301 ệ e\u0323\u0302 q\u0307\u0323", "Åström ÀÉÎ ñ Ñ ß ẞ İ ı ΑΣ Σ",
    "日本語のテキスト、漢字とカナ。", "中文字符和English混合", "한국어 텍스트 \u1112\u1161\u11ab", "สวัสดีครับ ภาษาไทย", "العربية لغة جميلة",
    "שלום עולם", "हिन्दी में पाठ", "👨‍👩‍👧‍👦 family 👩🏽‍🚀 🇩🇪 ❤️ #️⃣", "🦙🦙 emoji🎉text", "zero\u200bwidth\u200cjoin\u200ders\u2060\ufeffbom\ufeff",
    "nbsp\u00a0thin\u2009em\u2003ideo\u3000line\u2028para\u2029x\u1680", "soft\u00adhyphen ‐ ‑ – — ― … ‘’ “” « »", "$€£¥ + < = > ^ ` | ~ ¬ § ¶ °",
    "snake_case camelCase kebab-case a.b.c http://x.y/z?q=1&r=2#f", "(((nested [brackets] {braces})))", "!!!??? ... --- ___ *** ///",
    "\ufffd replacement \ufffd\ufffd", "<s> begin </s> end <mask>x <mask> y<unk>", "a<s>b <s> <s>c", "THE Mask the <MASK> Word word words",
    "aaaaaaaaaaaaaaaaaaaaaaaa", "abababab ab aab", "\n\n\n  \n x\n", " \n \r \t ", "▁already▁spelled ▁ x", "<0x41><0xE9> bytes", "'s 't're", "a\u0300\u0301\u0302b",
    "\u09fd \u061d \u07fd\u0897x \u0890y \u2e52 \U0001145a", "1a2b3c 10 100 1000 10000", "x" * 120, "\U0001d54f\U0001d556 \U00020000\U0002f800",
]

def part(kind, **fields):
    return {"type": kind, **fields}

def product(kind, **choices):
    keys = list(choices)
    return [part(kind, **dict(zip(keys, values))) for values in itertools.product(*choices.values())]

FLAG = [True, False]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
SPACES = {"String": " "}
CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = [
    CL100K, O200K, r"\d+", r"\w+|[^\w\s]+", r"\s+", r"[^\S\n]+", r"(?<=\p{L})(?=\p{N})", r"\b", r"(?<!a)b", r"[[:punct:]]", r"[\p{Han}\p{Hiragana}]+",
    r"[a-z&&[^aeiou]]+", r"\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))", r"(?>a+)b|.", r"a++|b?+", r"x*", r"^.|.$", r"\h{2}", r"[^\p{L}\p{N}\s]++", r"(?:a|ab)(?:c|bcd)?", r".+?b", r"\r?\n",
    r"[一-龥぀-ゟ゠-ヿ]+", r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]

NORMALIZERS = [
    *product("BertNormalizer", clean_text=FLAG, handle_chinese_chars=FLAG, strip_accents=[None, True, False], lowercase=FLAG),
    *[part(kind) for kind in ["NFC", "NFD", "NFKC", "NFKD", "Nmt", "StripAccents", "Lowercase", "ByteLevel"]],
    *product("Strip", strip_left=FLAG, strip_right=FLAG),
    *[part("Replace", pattern=pattern, content=content) for pattern in [SPACES, {"String": "a"}, {"Regex": " {2,}"}, {"Regex": r"\s+"}, {"Regex": "x*"}] for content in ["▁", "", "$1"]],
    *[part("Prepend", prepend=text) for text in ["▁", "", "ab"]],
    part("Sequence", normalizers=[]),
    part("Sequence", normalizers=[part("NFD"), part("StripAccents"), part("Lowercase"), part("Strip", strip_left=True, strip_right=True), part("Prepend", prepend="▁"), part("Replace", pattern=SPACES, content="▁")]),
]
PRE_TOKENIZERS = [
    *[part(kind) for kind in ["BertPreTokenizer", "Whitespace", "WhitespaceSplit"]],
    *product("Metaspace", replacement=["▁", "_"], prepend_scheme=["always", "never", "first"], split=FLAG),
    *product("ByteLevel", add_prefix_space=FLAG, trim_offsets=[True], use_regex=FLAG),
    *product("Digits", individual_digits=FLAG),
    *product("Punctuation", behavior=BEHAVIORS),
    *product("FixedLength", length=[1, 3, 5]),
    *product("CharDelimiterSplit", delimiter=[" ", "a", "語"]),
    *product("Split", pattern=[SPACES, {"Regex": r"\p{L}+"}, {"String": "ab"}, {"Regex": r"\s"}], behavior=BEHAVIORS, invert=FLAG),
    *[part("Split", pattern={"Regex": pattern}, behavior="Isolated", invert=False) for pattern in PATTERNS],
    part("Sequence", pretokenizers=[part("WhitespaceSplit"), part("Punctuation", behavior="Isolated"), part("Digits", individual_digits=True)]),
    part("Sequence", pretokenizers=[part("Split", pattern={"Regex": CL100K}, behavior="Removed", invert=True), part("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=False)]),
    part("Sequence", pretokenizers=[part("Whitespace"), part("Metaspace", replacement="▁", prepend_scheme="first", split=True)]),
]

BYTES = [f"<0x{b:02X}>" for b in range(256)]
LETTERS = ["<unk>", "<s>", "</s>", "▁", *"abcdehilnorstuvwxy", *"ABHT", "1", "2", "é", "語", "🦙", "ab", "▁a", "aa", "abab", "he", "ll", "hell", "▁▁", "aaaa", "th", "▁th", "er", "in", "x</w>", "b</w>", "ab</w>", "##b", "##a", "##ab", "##e", "##l", "##o", "word", "##s", "the"]
MERGES = [["a", "b"], ["▁", "a"], ["ab", "ab"], ["a", "a"], ["h", "e"], ["l", "l"], ["he", "ll"], ["▁", "▁"], ["aa", "aa"], ["t", "h"], ["▁", "th"], ["e", "r"], ["i", "n"]]

def vocab(tokens):
    return {token: i for i, token in enumerate(tokens)}

def special(tokens, **flags):
    base = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return [{"id": i, "content": content, **base, **flags} for content, i in tokens]

def model_cases():
    metaspace = part("Metaspace", replacement="▁", prepend_scheme="always", split=True)
    for fallback in FLAG:
        for fuse in FLAG:
            for unk in ["<unk>", None]:
                for ignore in FLAG:
                    tokens = LETTERS + (BYTES if fallback else [])
                    yield dict(pre_tokenizer=metaspace, decoder=metaspace, model=part("BPE", unk_token=unk, fuse_unk=fuse, byte_fallback=fallback, ignore_merges=ignore, vocab=vocab(tokens), merges=MERGES))
    yield dict(pre_tokenizer=part("WhitespaceSplit"), decoder=part("BPEDecoder", suffix="</w>"), model=part("BPE", unk_token="<unk>", end_of_word_suffix="</w>", vocab=vocab(LETTERS), merges=[["a", "b"], ["a", "b</w>"]]))
    yield dict(pre_tokenizer=part("WhitespaceSplit"), decoder=part("WordPiece", prefix="##", cleanup=True), model=part("BPE", unk_token="<unk>", continuing_subword_prefix="##", vocab=vocab(LETTERS), merges=[["a", "##b"]]))
    yield dict(pre_tokenizer=part("WhitespaceSplit"), model=part("BPE", unk_token="<unk>", byte_fallback=True, fuse_unk=True, vocab=vocab(LETTERS + BYTES[:200]), merges=MERGES))
    for fallback in FLAG:
        tokens = LETTERS + (BYTES if fallback else [])
        yield dict(pre_tokenizer=metaspace, decoder=metaspace, model=part("Unigram", unk_id=0, byte_fallback=fallback, vocab=[[token, -0.7 * (i % 11) - 1] for i, token in enumerate(tokens)]))
        yield dict(model=part("Unigram", unk_id=0, byte_fallback=fallback, vocab=[[token, -len(token) * 0.1 - 1] for token in tokens]))
    for longest in [100, 5]:
        for cleanup in FLAG:
            yield dict(normalizer=part("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True), pre_tokenizer=part("BertPreTokenizer"), decoder=part("WordPiece", prefix="##", cleanup=cleanup), post_processor=part("BertProcessing", sep=["</s>", 2], cls=["<s>", 1]), model=part("WordPiece", unk_token="<unk>", continuing_subword_prefix="##", max_input_chars_per_word=longest, vocab=vocab(LETTERS)))
    yield dict(pre_tokenizer=part("WhitespaceSplit"), model=part("WordLevel", unk_token="<unk>", vocab=vocab(LETTERS)))
    for single, lstrip, rstrip, normalized in itertools.product(FLAG, repeat=4):
        added = special([("<s>", 1), ("</s>", 2), ("<mask>", 500)]) + special([("<mask>", len(LETTERS)), ("ab", 0), ("word", 0), ("aaa", len(LETTERS) + 1), ("▁ a", len(LETTERS) + 2)], single_word=single, lstrip=lstrip, rstrip=rstrip, normalized=normalized, special=False)
        yield dict(added_tokens=added, normalizer=part("Lowercase"), pre_tokenizer=part("Metaspace", replacement="▁", prepend_scheme="first", split=True), model=part("BPE", unk_token="<unk>", vocab=vocab(LETTERS), merges=MERGES))
    template = part("TemplateProcessing", single=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}], pair=[{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], special_tokens={"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2, 2], "tokens": ["</s>", "</s>"]}})
    for processor in [template, part("RobertaProcessing", sep=["</s>", 2], cls=["<s>", 1], trim_offsets=True, add_prefix_space=False), part("ByteLevel", add_prefix_space=True, trim_offsets=False, use_regex=True), part("Sequence", processors=[part("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True), template])]:
        yield dict(added_tokens=special([("<s>", 1), ("</s>", 2)]), post_processor=processor, model=part("BPE", unk_token="<unk>", vocab=vocab(LETTERS), merges=MERGES))
    llama = part("Sequence", decoders=[part("Replace", pattern={"String": "▁"}, content=" "), part("ByteFallback"), part("Fuse"), part("Strip", content=" ", start=1, stop=0)])
    for decoder in [llama, part("Fuse"), part("Replace", pattern={"Regex": "a|▁"}, content="_"), part("Strip", content="a", start=1, stop=1), *product("Metaspace", replacement=["▁"], prepend_scheme=["always", "never", "first"], split=[True]), *product("WordPiece", prefix=["##", "a"], cleanup=FLAG), part("BPEDecoder", suffix="a"), part("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)]:
        yield dict(decoder=decoder, added_tokens=special([("<s>", 1), ("</s>", 2)]), model=part("BPE", unk_token="<unk>", byte_fallback=True, fuse_unk=True, vocab=vocab(LETTERS + BYTES), merges=MERGES))

def attempt(work):
    try:
        return work()
    except BaseException as error:  # A panic of the Rust code is one of these.
        return None

def with_model(**parts):
    return Tokenizer.from_str(json.dumps({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": part("WordLevel", unk_token="a", vocab={"a": 0}), **parts}))

def main():
    texts = json.load(open(sys.argv[2], encoding="utf-8")) if len(sys.argv) > 2 else TEXTS
    pieces = {}  # Pieces come again and again: they are written once.
    def number(text):
        return pieces.setdefault(text, len(pieces))
    result = {"by": f"tokenizers {tokenizers.__version__} (Python package of the Rust library)", "texts": texts, "pieces": None, "normalizers": [], "preTokenizers": [], "tokenizers": []}
    for config in NORMALIZERS:
        normalizer = with_model(normalizer=config).normalizer
        result["normalizers"].append({"part": config, "texts": [number(normalizer.normalize_str(text)) for text in texts]})
    for config in PRE_TOKENIZERS:
        pre = with_model(pre_tokenizer=config).pre_tokenizer
        result["preTokenizers"].append({"part": config, "pieces": [[number(piece) for piece, _ in pre.pre_tokenize_str(text) if piece] for text in texts]})
    for parts in model_cases():
        tokenizer = with_model(**parts)
        rows = []
        for text in texts:
            encoding = attempt(lambda: tokenizer.encode(text))
            if encoding is None:
                rows.append(None)
                continue
            decoded = attempt(lambda: tokenizer.decode(encoding.ids)) if encoding.ids else ""
            rows.append([encoding.ids, None if decoded is None else number(decoded)])
        result["tokenizers"].append({"parts": parts, "rows": rows})
    result["pieces"] = list(pieces)
    text = json.dumps(result, ensure_ascii=True, separators=(",", ":"))
    with open(sys.argv[1], "wb") as file:
        file.write(gzip.compress(text.encode(), mtime=0))

main()
