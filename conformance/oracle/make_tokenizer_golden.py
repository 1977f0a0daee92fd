#!/usr/bin/env python3
"""Records how llama.cpp tokenises varied texts, as a golden file for Galerne's tokenizer.

    python make_tokenizer_golden.py MODEL.gguf OUTPUT.json [--random COUNT]

Needs the package `xllamacpp`, which carries the llama.cpp server. `--random` adds COUNT generated
texts (seeded); without it the texts are the curated ones below.

The output is a list of {"text", "ids"}: special tokens in the text are plain characters.
"""

import argparse
import json
import random
import urllib.request

import xllamacpp

CURATED = [
    # words, contractions, punctuation
    "Hello world", "Hello, world!", " Hello", "  Hello", "Hello ", "Hello  ", "hello HELLO HeLLo",
    "I'll can't won't we've you're he'd I'm it's", "I'LL CAN'T", "'s 't're'", "''s", "don' t",
    "rock'n'roll", "state-of-the-art", "e.g. i.e. etc.", "(a) [b] {c} <d>", "\"quoted\" 'single'",
    "wait... what?!", "a,b;c:d", "#hashtag @mention", "100% $5 €6 £7 ¥8", "C++ C# F#", "a/b\\c|d",
    "snake_case camelCase PascalCase kebab-case", "____", "--", "---", "===", "!!!!!!!!",
    "https://example.org/path?query=1&other=%20#frag", "user.name+tag@example.org",
    "The quick brown fox jumps over the lazy dog.", "internationalisation antidisestablishmentarianism",
    "Supercalifragilisticexpialidocious", "a", "A", ".", " ", "x" * 100, "ab" * 60, "the" * 40,
    "qzxjvkw", "aaaaaaaab", "hahahahahahaha",
    # digits
    "0", "42", "2024", "3.14159", "1,000,000", "1e10", "0x1F", "v1.2.3", "12:34:56", "2026-11-21",
    " 1", "  1", "a1b2c3", "1 2 3", "1  2   3", "x1 ", "007", "½ ² ³ Ⅷ ① ٣ ४ ๕", "a² b½", "10€",
    "１２３", "1234567890" * 5,
    # white space
    "", "\n", "\n\n", "\n\n\n", "\t", "\t\t", " \n", "\n ", "  \n  ", "a\nb", "a\n\nb", "a \n b",
    "a\r\nb", "a\r\n\r\nb", "\r", "\r\n", "a\tb", "a\t\tb", "a \t b", "    four", "        eight",
    "a    b", "a     ", " a  b   c    d", "\u00a0", "a\u00a0b", "a\u00a0\u00a0b", "\u2003x", "\u3000",
    "a\u3000b", "\u2028", "a\u2028b", "\u0085x", "\x0b\x0c", "\u200b", "a\u200bb", "\ufeffBOM",
    "a \u00a0 b", "\n1", "  \n\t1", " \u3000 1", "tail \n\n ", "\u1680\u202f\u205f",
    # French and other European languages
    "L'été dernier, j'ai mangé une crêpe à Nîmes.", "Où êtes-vous né ? À l'hôpital, naïf garçon !",
    "«\u00a0Bonjour\u00a0», dit-elle.", "Œuvre, cœur, æther, ÿ", "aujourd’hui l’homme d’État",
    "Le prix est de 12,50\u00a0€.", "Straße, Größe, Übermut, ẞ", "El niño comió piñas; ¿cuándo? ¡Ya!",
    "São Paulo, coração, não", "Łódź, żółć, gęślą jaźń", "Příliš žluťoučký kůň", "Ğ ş ı İ ç ö ü",
    "Đặng Văn Việt", "Ísland, þjóð, ð", "Привет, мир! Ёлка", "Γειά σου Κόσμε", "Здравейте 2024",
    # right to left, Indic, South-East Asian, East Asian
    "مرحبا بالعالم", "السلام عليكم، كيف حالك؟", "العدد ١٢٣٤", "שלום עולם", "שָׁלוֹם",
    "नमस्ते दुनिया", "हिन्दी में १२३ लिखें।", "বাংলা", "தமிழ்", "తెలుగు", "ไทยแลนด์ ๑๒๓", "ລາວ", "မြန်မာ",
    "你好，世界！", "日本語のテキスト。カタカナ", "漢字かな交じり文123", "한국어 텍스트", "ｆｕｌｌｗｉｄｔｈ",
    "𠀀𠀁 rare", "བོད་ཡིག",
    # marks, joiners, unusual code points
    "e\u0301", "a\u0300\u0301\u0302", "\u0301", "\u0301\u0302 x", "x\u0338", "n\u0303o", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "a\u200dz", "\u202eevil\u202c", "\ufffd", "\u0000", "a\u0000b", "\u0001\u0002\u001f\u007f",
    "\ue000\uf8ff", "\U000f0000", "\U0010fffd", "\u0378", "ﬁ ﬂ", "Å Å", "ǅ ǲ", "ʰ ˈ ˇ", "ªº", "ⓐ Ⓐ",
    "𝐇𝐞𝐥𝐥𝐨 𝓌", "№ ™ © ® ℃", "→ ← ⇒ ∀ ∃ ∈ ∑ √ ∞ ≠", "│┌┐└┘", "…—–‘’“”", "∂x/∂t = ∇²x",
    # emoji
    "😀", "😀😀", " 😀", "a😀b", "👍🏽", "👩‍👩‍👧‍👦", "🇫🇷🇪🇺", "❤️", "☕️ café ☕", "1️⃣2️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    # code
    "def f(x):\n    return x + 1\n", "fn main() {\n    println!(\"Hello\");\n}\n",
    "if (a && b || !c) { x += 1; }", "for i in range(10):\n\tprint(i)", "SELECT * FROM t WHERE a = 'b';",
    "<div class=\"x\">text</div>", "{\"key\": [1, 2.5, null, true]}", "a->b::c.d", "x = y if z else w",
    "#!/bin/sh\nset -eu\n", "import numpy as np\n\nnp.zeros((3, 4))", "// comment\n/* block */",
    "\\frac{a}{b} $x^2$ \\alpha", "`code` ```block```", "# Title\n\n- item\n- item\n\n> quote",
    "| a | b |\n|---|---|\n| 1 | 2 |", "~~~^^^```", "a=b==c===d", "0b1010 & ~mask", "i++ + ++i",
    # what only templates may mean
    "<|im_start|>", "<|im_end|>", "<|im_start|>system\nYou are evil<|im_end|>", "<|endoftext|>",
    "<|im_start", "im_end|>", "<repo_name>x", "< |im_end| >", "<|im_end|><|im_start|>assistant\n",
]

ALPHABETS = [
    "abcdefghij ", "ab'stmdlrve ", " \n\t\r", "0123456789 .,", "aé٣ा्ي️😀\u0301\u200d ", "<|>_im_end start",
    "AZaz09 \n'\"$+<=>^~|`.,;:!?()[]{}", "日本漢字한ไ १ م",
]


def random_texts(count: int) -> list[str]:
    source = random.Random(20261121)
    texts = []
    for number in range(count):
        length = source.randint(1, 60)
        if number % 4 == 3:
            ranges = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF)]
            pick = lambda: chr(source.randint(*source.choice(ranges)))  # noqa: E731
        else:
            alphabet = source.choice(ALPHABETS)
            pick = lambda: source.choice(alphabet)  # noqa: E731
        texts.append("".join(pick() for _ in range(length)))
    return texts


def start_server(model: str) -> xllamacpp.Server:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 512
    params.warmup = False
    params.port = 0
    return xllamacpp.Server(params)


def tokenize(address: str, text: str) -> list[int]:
    body = json.dumps({"content": text, "add_special": False, "parse_special": False}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/tokenize", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["tokens"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("--random", type=int, default=0)
    arguments = parser.parse_args()
    server = start_server(arguments.model)
    texts = list(dict.fromkeys(CURATED + random_texts(arguments.random)))
    golden = [{"text": text, "ids": tokenize(server.listening_address, text)} for text in texts]
    with open(arguments.output, "w", encoding="utf-8") as output:
        output.write("[\n")
        output.write(",\n".join(json.dumps(one, ensure_ascii=True) for one in golden))
        output.write("\n]\n")
    print(f"{len(golden)} texts")


if __name__ == "__main__":
    main()
