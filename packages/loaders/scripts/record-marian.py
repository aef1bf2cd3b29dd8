"""Records what `transformers` makes of small Marian models with two vocabularies, or with two SentencePiece models.

Usage: python record-marian.py ../src/testing/recorded/marian.json.gz
Needs the packages transformers, torch and sentencepiece.
"""

import base64
import gzip
import json
import os
import random
import shutil
import sys
import tempfile

import sentencepiece
import torch
import transformers
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

WORK = tempfile.mkdtemp()
GERMAN = [
    "Der Hund läuft im Garten. Die Katze sieht den alten Mann. Eine Frau kauft drei kleine Brote.",
    "Das Haus ist groß und schön. Wir gehen heute ins Kino. Der Mann gibt dem Kind einen Apfel.",
    "Die Kinder spielen mit dem Hund. Ich sehe die Katze im Haus. Sie liest ein gutes Buch. Wo ist die Frau?",
]
ENGLISH = [
    "The dog runs in the garden. The cat sees the old man. A woman buys three small loaves.",
    "The house is big and beautiful. We go to the cinema today. The man gives the child an apple.",
    "The children play with the dog. I see the cat in the house. She reads a good book. Where is the woman?",
]
TEXTS = [
    "Der Hund läuft im Garten.", "Die Frau sieht den alten Mann.", "The dog runs in the garden.", "A woman buys three small loaves.",
    "The old man sees Zoë.", "", " ", "  zwei   Leerzeichen  ", "Tab\tund\u3000breit\u00a0fest", "ﬁnden…", "Übergröße ÄÖÜ", "xyz 漢字 q",
    "xyz 漢字 🙂🙂 q", ">>eng<< Der Hund", " >>eng<< Der", ">>fra<< Die Katze", ">>eng<<Der>>deu<<", "Ende</s> der Zeile", "a</s>>>eng<< b", "<s> a <unk> b",
    "▁Haus▁", "a\u200bb", ">>", ">><<", "wo>>eng<<", "\u200b \u200b a",
]
SOURCES = ["Der Hund läuft im Garten.", "Die Frau sieht den alten Mann.", "xyz 漢字 q"]
FORCED = "The dog runs in the garden."


def train(name, lines, size, **more):
    text = os.path.join(WORK, name + ".txt")
    with open(text, "w") as file:
        file.write("\n".join(lines * 3))
    prefix = os.path.join(WORK, name)
    sentencepiece.SentencePieceTrainer.train(
        input=text, model_prefix=prefix, vocab_size=size, model_type="unigram", character_coverage=1.0,
        hard_vocab_limit=False, num_threads=1, minloglevel=2, **more,
    )
    processor = sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def rules():
    spelled = lambda text: " ".join("%X" % ord(character) for character in text)
    pairs = [("\t", " "), ("\n", " "), ("\u3000", " "), ("\u00a0", " "), ("\ufb01", "fi"), ("\u2026", "..."), ("\u200b", "")]
    path = os.path.join(WORK, "rules.tsv")
    with open(path, "w") as file:
        file.writelines("%s\t%s\n" % (spelled(a), spelled(b)) for a, b in pairs)
    return path


def vocabulary(lists, seed, codes=(), without=()):
    pieces = sorted({piece for pieces in lists for piece in pieces} - {"<s>", "</s>", "<unk>"} - set(without))
    random.Random(seed).shuffle(pieces)
    return {token: i for i, token in enumerate(["</s>", "<unk>", *pieces, *codes, "<pad>"])}


def write(folder, name, value):
    with open(os.path.join(folder, name), "w") as file:
        json.dump(value, file, ensure_ascii=False)


def make_folder(name, source, target):
    folder = os.path.join(WORK, name)
    os.makedirs(folder)
    for side in ["source", "target"]:
        shutil.copy(os.path.join(WORK, side + ".model"), os.path.join(folder, side + ".spm"))
    config = {"source_lang": "deu", "target_lang": "eng", "model_max_length": 512, "tokenizer_class": "MarianTokenizer"}
    write(folder, "vocab.json", source)
    if target is not None:
        write(folder, "target_vocab.json", target)
        config["separate_vocabs"] = True
    write(folder, "tokenizer_config.json", config)
    return folder


def make_model(folder, seed, source, target):
    pad = (target or source)["<pad>"]
    config = MarianConfig(
        vocab_size=len(source), decoder_vocab_size=len(target or source), share_encoder_decoder_embeddings=target is None, d_model=8,
        encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=10, decoder_ffn_dim=12,
        max_position_embeddings=48, activation_function="swish", scale_embedding=True, pad_token_id=pad, decoder_start_token_id=pad,
        eos_token_id=0, forced_eos_token_id=0, bos_token_id=0,
    )
    model = MarianMTModel(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if "embed_positions" in name:
                continue
            # A last norm around 0 makes texts that do not repeat one token: the head is the token table.
            is_last = "decoder.layers.1.final_layer_norm" in name
            center = 1.0 if "norm.weight" in name and not is_last else 0.0
            scale = 1.5 if is_last else 0.8 if parameter.dim() > 1 else 0.3
            parameter.copy_((torch.randn(parameter.shape, generator=generator) * scale + center).half().float())
        model.final_logits_bias.copy_(torch.randn(model.final_logits_bias.shape, generator=generator).half().float())
    model.tie_weights()
    model.generation_config.max_length = 24
    model.half().save_pretrained(folder)
    # Read again, since half() rounded the table of positions too.
    return MarianMTModel.from_pretrained(folder, dtype=torch.float32).eval()


def rounded(values):
    return [round(value, 5) for value in values.tolist()]


def record_run(model, tokenizer, text):
    ids = torch.tensor([tokenizer(text).input_ids])
    forced = tokenizer(text_target=FORCED).input_ids
    with torch.no_grad():
        greedy = model.generate(ids, do_sample=False, num_beams=1, max_new_tokens=14)[0]
        beams = model.generate(ids, do_sample=False, num_beams=3, max_new_tokens=14)[0]
        logits = model(input_ids=ids, decoder_input_ids=greedy[None, :-1]).logits[0]
        start = torch.tensor([[model.config.decoder_start_token_id] + forced[:-1]])
        scored = model(input_ids=ids, decoder_input_ids=start).logits[0].log_softmax(-1)
    best = logits.topk(2).values
    return {
        "source": text,
        "greedy": greedy.tolist(),
        "greedyText": tokenizer.decode(greedy[1:], skip_special_tokens=True),
        "beams": beams.tolist(),
        "beamsText": tokenizer.decode(beams[1:], skip_special_tokens=True),
        # The smallest gap between the two best logits: how safe the greedy ids are.
        "gap": float((best[:-1, 0] - best[:-1, 1]).min()),
        "firstLogits": rounded(logits[0]),
        "lastLogits": rounded(logits[-1]),
        "logprobs": [round(float(scored[i, id]), 5) for i, id in enumerate(forced)],
    }


def record(name, seed, source, target):
    folder = make_folder(name, source, target)
    model = make_model(folder, seed, source, target)
    tokenizer = MarianTokenizer.from_pretrained(folder)
    files = {}
    for file in sorted(os.listdir(folder)):
        path = os.path.join(folder, file)
        if file.endswith(".json"):
            with open(path) as stream:
                files[file] = json.load(stream)
        else:
            with open(path, "rb") as stream:
                files[file] = base64.b64encode(stream.read()).decode()
    texts = []
    for text in TEXTS:
        ids = tokenizer(text_target=text).input_ids
        texts.append([text, tokenizer(text).input_ids, ids, tokenizer.decode(ids, skip_special_tokens=True)])
    runs = [record_run(model, tokenizer, text) for text in SOURCES]
    print(name, [(run["gap"], run["greedy"], run["greedyText"], run["beams"]) for run in runs])
    return {"name": name, "files": files, "texts": texts, "runs": runs}


source = train("source", GERMAN, 90, normalization_rule_tsv=rules())
target = train("target", ENGLISH, 70, normalization_rule_name="identity")
shared = vocabulary([source, target], 3, codes=[">>eng<<", ">>deu<<", "🙂🙂"], without=["▁im"])
recorded = {
    "by": "transformers %s, sentencepiece %s" % (transformers.__version__, sentencepiece.__version__),
    "forced": FORCED,
    "models": [
        record("two vocabularies", 66, vocabulary([source], 1), vocabulary([target], 2)),
        record("one vocabulary", 36, shared, None),
    ],
}
with open(sys.argv[1], "wb") as file:
    file.write(gzip.compress(json.dumps(recorded, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0))
