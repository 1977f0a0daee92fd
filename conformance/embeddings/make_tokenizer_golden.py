#!/usr/bin/env python3
"""Writes what the library `tokenizers` makes of texts: the goldens of the tokenizers of encoders.

    python make_tokenizer_golden.py multilingual-e5-small.gguf

Needs `tokenizers`, `gguf` and `numpy`. The first file holds the ids of the model's own vocabulary,
which `compare.py` checks; the others hold a small vocabulary each, which the Rust tests check.
"""

import json
import sys
from pathlib import Path

import gguf
from tokenizers import BertWordPieceTokenizer, Regex, Tokenizer, models, normalizers
from tokenizers import pre_tokenizers, trainers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embeddings import passages  # noqa: E402

FIXTURES = Path(__file__).resolve().parents[2] / "crates/engine-cpu/tests/fixtures"
TEXTS = [
    "",
    " ",
    "Hello, world!",
    "passage: La mairie est ouverte le 14 juillet 2024 à 9 h 30.",
    "L'été, l'œuvre naïve coûte 12,50 € — «vraiment» ?",
    "E\u0301te\u0301 de\u0301compose\u0301, n\u0303",
    "ﬁancé ½ Ⅳ ①②③ ＡＢＣ １２３",
    "Grüße aus der Straße, ÄÖÜ äöü ẞ",
    "مرحبا بالعالم، كيف حالُكَ؟ ١٢٣",
    "नमस्ते दुनिया, क्षत्रिय ज्ञान १२३।",
    "வணக்கம் உலகம், தமிழ் மொழி.",
    "今天天气很好，我们去公园吧。",
    "東京タワーは１９５８年に完成した。",
    "서울은 대한민국의 수도입니다.",
    "Съешь же ещё этих мягких французских булок",
    "สวัสดีชาวโลก ภาษาไทย",
    "🙂 🇫🇷 👩‍👩‍👧‍👦 ❤️",
    "fn main() { println!(\"{}\", x[0] + 1); }\n\tlet y = a::b<c>();",
    "<s> </s> <pad> <mask> <unk> [CLS] [SEP]",
    "zero\u200bwidth\u00a0space\u3000ideographic\u00adsoft",
    "a\tb\nc\r\nd  e   f",
    "https://example.org/a?b=c&d=e#f user@example.org",
    "Ω≈ç√∫˜µ≤≥÷ ¬∆˚˙©ƒ∂ßå",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 2,
    "ᚠᛇᚻ᛫ᛒᛦᚦ 𐍈𐌰 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "don't can't I'll we've",
    "3.14159 1,000,000 10% $5 #1",
    "\ufeffBOM and \x07 bell",
    "ABC-def_ghi/jkl\\mno|pqr",
    "İstanbul ısı ŞĞÜ",
    "q" + "̃" * 5 + "x",
]


# What users write is no special token of ours; the library takes it for one.
PLAIN = [text for text in TEXTS if "<s>" not in text]


def unigram(vocabulary, unknown, charsmap):
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unknown, byte_fallback=False))
    steps = [normalizers.Precompiled(charsmap)] if charsmap else []
    tokenizer.normalizer = normalizers.Sequence(
        [*steps, normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    return tokenizer


def own(model):
    """The vocabulary of the model file, as XLM-R's tokenizer uses it."""
    field = gguf.GGUFReader(model).fields
    read = lambda key: field[f"tokenizer.ggml.{key}"].contents()  # noqa: E731
    charsmap = bytes(byte & 255 for byte in read("precompiled_charsmap"))
    vocabulary = list(zip(read("tokens"), read("scores")))
    tokenizer = unigram(vocabulary, read("unknown_token_id"), charsmap)
    marks = read("bos_token_id"), read("eos_token_id")
    cases = [(text, [marks[0], *tokenizer.encode(text).ids, marks[1]]) for text in PLAIN]
    return [{"text": text, "ids": ids} for text, ids in cases]


def sentences():
    return [text for _, text in passages.made(400)] + TEXTS


def small_unigram():
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trained = unigram([("<unk>", 0.0)], 0, b"")
    trainer = trainers.UnigramTrainer(
        vocab_size=700, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    trained.train_from_iterator(sentences(), trainer)
    pieces = json.loads(trained.to_str())["model"]["vocab"]
    pieces = [(piece, round(score, 4)) for piece, score in pieces]
    tokenizer = unigram(pieces, 3, b"")
    cases = [{"text": text, "ids": tokenizer.encode(text).ids} for text in PLAIN]
    return {"pieces": pieces, "cases": cases}


def small_word_piece():
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(sentences(), vocab_size=900, show_progress=False)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])
    # Without the marks of texts: what users write is no special token.
    plain = Tokenizer.from_str(json.dumps({**json.loads(tokenizer.to_str()), "added_tokens": []}))
    plain.post_processor = None
    encode = lambda text: plain.encode(text, add_special_tokens=False).ids  # noqa: E731
    cases = [{"text": text, "ids": encode(text)} for text in TEXTS]
    return {"pieces": [piece for piece, _ in vocabulary], "cases": cases}


def write(name, found):
    path = FIXTURES / name
    path.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    write("e5_tokenizer_golden.json", own(sys.argv[1]))
    write("unigram_golden.json", small_unigram())
    write("word_piece_golden.json", small_word_piece())
