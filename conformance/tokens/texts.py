"""Texts whose tokens are compared: fixed ones in many scripts, and random ones from a seed."""

import random

FIXED = {
    "French": [
        "L'été dernier, j'ai mangé une crêpe à Nîmes ; où êtes-vous né ?",
        "«\u00a0Bonjour\u00a0», dit-elle. Aujourd’hui l’homme d’État a 1\u202f234,50\u00a0€.",
        "Œuvre, cœur, naïf, ÇA, ÉCOLE, ÀÉÎÕÜ.",
    ],
    "Arabic": ["مبنى البلدية مفتوح من الاثنين إلى الجمعة، من التاسعة حتى الخامسة.", "العدد ١٢٣٤ شَدَّة"],
    "Hindi": ["नगर भवन सोमवार से शुक्रवार तक खुला रहता है।", "हिन्दी में १२३ लिखें; क्ष्म्य"],
    "Tamil": ["நகர மன்றம் திங்கள் முதல் வெள்ளி வரை திறந்திருக்கும்.", "தமிழ் ௧௨௩"],
    "Chinese": ["市政厅周一至周五上午九点到下午五点开放。", "你好，世界！𠀀𠀁 ２０２６年"],
    "other scripts": [
        "日本語のテキスト。カタカナ、ｶﾀｶﾅ", "한국어 텍스트입니다", "ภาษาไทย ๑๒๓", "Привет, МИР! Ёлка", "Γειά σου Κόσμε",
        "שָׁלוֹם עולם", "বাংলা తెలుగు မြန်မာ བོད་ཡིག ქართული Հայերեն", "Đặng Văn Việt, İstanbul, ß ẞ ǅ ʰ ª º",
    ],
    "emoji": [
        "👍🏽 👩‍👩‍👧‍👦 🇫🇷🇪🇺 ❤️ 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 😀😀a😀", "☕️café☕ ™©®",
    ],
    "code": [
        "def f(x: int) -> str:\n    return f\"{x!r}\"\n\n\nclass A(B):\n\tpass\n",
        "fn main() {\n    let v: Vec<u32> = (0..10).map(|i| i * 2).collect();\n}\n",
        "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", 0x1F); return 0; } // ok\n",
        "SELECT \"a\", count(*) FROM t WHERE b != 'c''d' GROUP BY 1; -- x",
        "<div class=\"x\">a &amp; b</div>\n<!-- c -->", "{\"key\": [1, 2.5, -3e10, null, true]}",
        "#!/bin/sh\nset -eu\nfor f in *.txt; do echo \"$f\" >> /dev/null 2>&1; done",
        "https://example.org/a/b?c=1&d=%20#e user.name+tag@example.org C:\\Users\\x\\y.txt",
        "camelCase PascalCase snake_case SCREAMING_CASE HTTPServer iOS x2Y3z",
    ],
    "white space": [
        "", " ", "  ", "   a", "a   ", " a  b   c    d", "\n", "\n\n\n", "a\n\nb\n \n c", "a\r\nb\r\n\r\nc", "\t\t a\tb",
        "a\u00a0b\u2003c\u3000d\u2028e\u0085f", "a\u200bb\ufeffc", " \n \t \r ", "/\n/\r/ //\n", "\u2581a\u2581 b",
    ],
    "digits": ["0", "42 2024 1234567890", "3.14159 1,000,000 1e10 v1.2.3 12:34:56", "½ ² Ⅷ ① ٣ ४ ๕ 𝟘", "a1b22c333d4444"],
    "mixed scripts": ["Le mot «слово» veut dire 词 (كلمة) en शब्द.", "aбγדह字か한", "ab字Ab字ABأ12字"],
    "marks": ["e\u0301 a\u0300\u0301\u0302 \u0301 x\u0338 n\u0303O\u0308A", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "a\u200dz \u202eevil\u202c \ufffd"],
    "control": ["\u0000a\u0001\u001f\u007f\u0080", "\ue000\uf8ff\U000f0000\U0010fffd"],
    "punctuation": [
        "I'll can't WE'VE don' t rock'n'roll 's't", "wait... what?! (a) [b] {c} <d> --- === ____ !!!!", "…—–‘’“”¿¡§¶",
    ],
    "what only templates may mean": [
        "[INST] hello [/INST]</s><s>[TOOL_CALLS]", "<|im_start|>user\nx<|im_end|>", "<s> <unk> <pad> <0x41> [SYSTEM_PROMPT]",
    ],
}

ALPHABETS = [
    "abcdefghij ", "ab'stmdlrve ", " \n\t\r", "0123456789 .,", "AaBbZzÉéßÇǅʰªא字ह\u0301ा ", "aé٣ा्ी️😀\u0301\u200d ",
    "AZaz09 \n'\"$+<=>^~|`.,;:!?()[]{}/\\", "日本漢字한ไ १ م", "ÀÉÎàéîŒœАБаб", "👍🏽👩‍👧🇫🇷❤️ a", "\u2581 a▁<0x41>",
    " \u00a0\u2003\u3000\u2028\u0085\u200b\n a1.", "/\r\n.;:/ab",
]
RANGES = [
    (0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF), (0xE00, 0x10FF),
    (0x1E00, 0x20CF), (0x2100, 0x2BFF), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1FAFF),
    (0x20000, 0x2A6DF),
]


def fixed():
    return [text for texts in FIXED.values() for text in texts]


def generated(count, seed):
    """Runs of one alphabet, characters of one script or of all, and pieces of the fixed texts."""
    source, sentences = random.Random(seed), fixed()
    return [_one(source, sentences) for _ in range(count)]


def _one(source, sentences):
    parts = []
    for _ in range(source.randint(1, 4)):
        length, kind = source.randint(1, 24), source.randrange(4)
        if kind == 0:
            alphabet = source.choice(ALPHABETS)
            parts.append("".join(source.choice(alphabet) for _ in range(length)))
        elif kind == 1:
            script = source.choice(RANGES)
            parts.append("".join(chr(source.randint(*script)) for _ in range(length)))
        elif kind == 2:
            parts.append("".join(chr(source.randint(*source.choice(RANGES))) for _ in range(length)))
        else:
            sentence = source.choice(sentences)
            start = source.randint(0, len(sentence))
            parts.append(sentence[start : start + length])
    return "".join(parts)
