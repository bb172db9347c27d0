"""Writes fixtures/token-ids.json: the ids that Hugging Face's tokenizer gives for texts, and for every letter of Unicode.

With tokenizers 0.23.3 on Python 3.11 (Unicode 14): python bench/reference/record_token_ids.py > fixtures/token-ids.json

A letter stands inside a word and alone. Of each block of code points the fixture holds 16 digits of the SHA-256 over its
letters' lines of ids; "letters" lists them as ranges, since the runtimes' tables differ by version.
"""

import hashlib
import json
import sys
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

BLOCK_SIZE = 0x1000
TEXTS = [
    "ΟΔΟΣ",
    "ΟΔΟΣ ΣΟΦΟΣ",
    "ΣΣΣ",
    "Σ",
    "aΣ. b",
    "ΑΣ'Α",
    "ΑΣ-Α",
    "ΑΣ\u0301Α",
    "ΑΣ\u00adΑ",
    "ΌΔΟΣ οδός",
    "cafe\u0301 CAFÉ e\u0301\u0302\u0323",
    "İstanbul ıI",
    "Straße STRAẞE",
    "ﬁn ﬀ K",
    "한국어 \u1112\u1161\u11ab",
    "漢字カナ 々〆",
    "𠀀𪜀 a𫝀b 𬺰",
    "豈 丽你",
    "हिन्दी ไทย עִבְרִית عَرَبِيّ",
]

tokenizer = Tokenizer.from_file(str(Path(__file__).parents[2] / "assets/encoder/tokenizer.json"))
tokenizer.no_truncation()
tokenizer.no_padding()

letters = [code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("L")]
ranges, blocks = [], {}
for code in letters:
    if ranges and ranges[-1][1] == code - 1:
        ranges[-1][1] = code
    else:
        ranges.append([code, code])
    ids = tokenizer.encode(f"a{chr(code)}b {chr(code)}").ids
    block = blocks.setdefault(format(code // BLOCK_SIZE, "x"), hashlib.sha256())
    block.update((",".join(map(str, ids)) + "\n").encode())

fixture = {
    "texts": {text: tokenizer.encode(text).ids for text in TEXTS},
    "letters": " ".join(format(a, "x") if a == b else f"{a:x}-{b:x}" for a, b in ranges),
    "blockSize": BLOCK_SIZE,
    "blocks": {block: digest.hexdigest()[:16] for block, digest in blocks.items()},
}
print(json.dumps(fixture, ensure_ascii=False, indent=1))
