"""How fast documents are read, by their words and by their meaning, and what the index takes."""

from harness.libraries import PDF, Libraries
from harness.report import progress

from . import pages, place

PAGES_EACH = 10


def texts_of(sets):
    """Texts in French if there are any, which pages are made of."""
    chosen = [one for one in sets.corpora.values() if one.language == "fr"]
    chosen = chosen or [one for one in sets.corpora.values() if one.name == "xquad-en"]
    return [document.text for corpus in chosen for document in corpus.documents]


def measure(server, sets, count):
    """Pages of PDF that are read while nothing else is asked. Vectors are made meanwhile."""
    files = [(*file, PDF) for file in pages.of_texts(texts_of(sets), count, PAGES_EACH)]
    with place.Workers(server.pid) as workers:
        filled = place.fill(Libraries(server.api), "pages", files)
    searchable, ready = (filled.times[name] for name in ("searchable_s", "ready_s"))
    told = {
        "pages": count,
        "files": len(files),
        "passages": filled.passages,
        **filled.times,
        "searchable_pages_per_s": count / searchable if searchable else None,
        "ready_pages_per_s": count / ready,
        "workers": workers.told(),
    }
    progress(f"{count:,} pages: {told}")
    return told


def words_only(server, sets, count):
    """The same by a server that has no model for vectors: words are all that there is."""
    files = [(*file, PDF) for file in pages.of_texts(texts_of(sets), count, PAGES_EACH)]
    filled = place.fill(Libraries(server.api), "pages", files, needs_vectors=False)
    searchable = filled.times["searchable_s"]
    told = {
        "pages": count,
        "files": len(files),
        **filled.times,
        "searchable_pages_per_s": count / searchable if searchable else None,
    }
    progress(f"{count:,} pages, words only: {told}")
    return told


def index(data_dir, passages):
    size, is_settled = place.settled_index_bytes(data_dir)
    told = {
        "bytes": size,
        "passages": passages,
        "bytes_per_passage": size / passages,
        "is_settled": is_settled,
    }
    progress(f"index: {told}")
    return told
