"""Word documents, made here: as much of the format as a reader needs."""

import io
import zipfile

MAIN = "word/document.xml"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/{MAIN}" ContentType="application/vnd.openxmlformats-officedocument'
    '.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="main" Type="http://schemas.openxmlformats.org/officeDocument/2006'
    f'/relationships/officeDocument" Target="{MAIN}"/></Relationships>'
)


def of_paragraphs(paragraphs):
    """A document of these paragraphs, which hold no marks of XML."""
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return of_parts({MAIN: main(body)})


def main(body):
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'


def of_parts(parts):
    """An archive with these parts, and those that make it a document."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def bomb(mebibytes):
    """A small file whose main part unpacks to so many mebibytes of one letter."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        begin, end = main("<w:p><w:r><w:t>|</w:t></w:r></w:p>").encode().split(b"|")
        with archive.open(MAIN, "w", force_zip64=True) as part:
            part.write(begin)
            for _ in range(mebibytes):
                part.write(b"0" * (1 << 20))
            part.write(end)
    return file.getvalue()
