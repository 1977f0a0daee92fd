"""Makes PDF of texts with each producer that is installed: what `pdf_error_rate.py` reads.

    python3 make_pdfs.py OUT [--texts DIR] [--fonts DIR]

A text is a file `fr.txt`, `ar.txt` or `hi.txt` with paragraphs between empty lines; the first one is
a title. Producers: Typst (PyPI `typst`), LibreOffice (`soffice`), Chromium (`chromium`). Each is left
out where it is not there, and said so. `--fonts` is a folder with fonts of Noto; without it the fonts
of the system are used, and some may lack letters.
"""

import argparse
import html
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS_MAX = 180
FONTS = {"fr": "Noto Sans", "ar": "Noto Naskh Arabic", "hi": "Noto Sans Devanagari"}


def paragraphs(text):
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def is_from_the_right(language):
    return language == "ar"


def with_typst(language, text, out, fonts):
    import typst

    def plain(part):
        return re.sub(r'([\\#$*_`<>@\[\]=~/+"\'-])', r"\\\1", part)

    title, *rest = paragraphs(text)
    direction = "rtl" if is_from_the_right(language) else "ltr"
    source = [
        '#set page(paper: "a4")',
        f'#set text(font: ("{FONTS[language]}", "Noto Sans"), lang: "{language}", '
        f"dir: {direction}, size: 11pt)",
        "#set par(justify: true)",
        f"= {plain(title)}",
        *map(plain, rest),
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text.typ"
        file.write_text("\n\n".join(source), encoding="utf-8")
        typst.compile(str(file), output=str(out), font_paths=[str(fonts)] if fonts else [])


def page(language, text, fonts):
    """The text as a page of the web."""
    title, *rest = paragraphs(text)
    faces = ""
    for font in sorted(fonts.glob("*-Regular.ttf")) if fonts else []:
        if font.stem.removesuffix("-Regular") == FONTS[language].replace(" ", ""):
            faces = f'@font-face {{ font-family: "F"; src: url("file://{font}") }}'
    direction = "rtl" if is_from_the_right(language) else "ltr"
    body = "".join(f"<p>{html.escape(part)}</p>" for part in rest)
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><meta charset="utf-8">'
        f'<style>{faces} body {{ font: 11pt "F", "{FONTS[language]}", sans-serif }}</style>'
        f"<h1>{html.escape(title)}</h1>{body}</html>"
    )


def run(*command, **more):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False, **more
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")


def with_chromium(language, text, out, fonts):
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text.html"
        file.write_text(page(language, text, fonts), encoding="utf-8")
        run(
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--print-to-pdf={out}",
            f"file://{file}",
        )


CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="word/document.xml"/></Relationships>'
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def with_libreoffice(language, text, out, fonts):
    """By way of a Word document, as most offices have them."""
    font = FONTS[language]
    paragraph = "<w:bidi/>" if is_from_the_right(language) else ""
    letters = "<w:rtl/>" if is_from_the_right(language) else ""
    properties = f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}" w:cs="{font}"/>{letters}'
    body = "".join(
        f"<w:p><w:pPr>{paragraph}</w:pPr><w:r><w:rPr>{properties}</w:rPr>"
        f'<w:t xml:space="preserve">{html.escape(part)}</w:t></w:r></w:p>'
        for part in paragraphs(text)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text.docx"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", CONTENT_TYPES)
            archive.writestr("_rels/.rels", RELATIONS)
            archive.writestr(
                "word/document.xml",
                f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
            )
        profile = f"-env:UserInstallation=file://{folder}/profile"
        run("soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, str(file))
        shutil.move(Path(folder) / "text.pdf", out)


def producers():
    """Those that are there, by name."""
    found = {}
    try:
        import typst  # noqa: F401

        found["typst"] = with_typst
    except ImportError:
        print("typst is not installed: left out", file=sys.stderr)
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        found["chromium"] = with_chromium
    else:
        print("chromium is not installed: left out", file=sys.stderr)
    if shutil.which("soffice"):
        found["libreoffice"] = with_libreoffice
    else:
        print("soffice is not installed: left out", file=sys.stderr)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--texts", type=Path, default=HERE / "texts")
    parser.add_argument("--fonts", type=Path)
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    fonts = told.fonts.resolve() if told.fonts else None
    made = 0
    for name, make in producers().items():
        for file in sorted(told.texts.glob("*.txt")):
            language = file.stem
            if language not in FONTS:
                continue
            out = (told.out / f"{language}-{name}.pdf").resolve()
            text = file.read_text(encoding="utf-8")
            make(language, text, out, fonts)
            shutil.copy(file, told.out / f"{language}.txt")
            made += 1
            print(out)
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main())
