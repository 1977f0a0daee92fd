"""Searches by two accounts in three libraries whose shares come and go: is anything told to whom
it is not shared with? The answer has to be: never.

The moves are drawn from a seed. What somebody may read after a change is known, since the change
has been answered before the next search is sent.
"""

import random
from dataclasses import dataclass, field

from harness.libraries import MODES, PLAIN, READY, Refused, state_of
from harness.report import progress

DOCUMENTS = 20
# How often something changes before a search.
CHANGES = 0.05
SUBJECTS = ("leave", "budget", "accident", "school", "water", "pension", "permit", "harbour")


@dataclass
class World:
    """Whose the libraries are, and who may read them now."""

    accounts: dict
    libraries: dict
    owners: dict
    readers: dict = field(default_factory=dict)
    canaries: dict = field(default_factory=dict)

    def may_read(self, who, library):
        """Nobody here may read a library that is none of these."""
        return self.owners.get(library) == who or who in self.readers.get(library, ())


def measure(owner, other, accounts, searches, seed):
    """`owner` and `other`: libraries as the two see them; `accounts`: their ids."""
    world = _world({"owner": owner, "other": other}, accounts)
    source = random.Random(seed)
    told = {"seed": seed, "searches": 0, "changes": 0, "refused": 0, "hits": 0, "hits_shared": 0}
    leaked = []
    for number in range(searches):
        if source.random() < CHANGES:
            _change(world, source)
            told["changes"] += 1
        _search(world, source, told, leaked)
        if (number + 1) % 2_000 == 0:
            progress(f"{number + 1:,} searches, {told['hits']:,} hits, {len(leaked)} leaks")
    # A search that never finds anything leaks nothing either, and shows nothing.
    assert told["hits_shared"] > 0, f"nothing was found that is shared: {told}"
    return {**told, "leaks": len(leaked), "leaked": leaked[:5]}


def _world(accounts, ids):
    world = World(accounts={}, libraries={}, owners={})
    world.accounts = {name: (seen, ids[name]) for name, seen in accounts.items()}
    for name, owner in (("of the owner", "owner"), ("shared", "owner"), ("of the other", "other")):
        seen, _ = world.accounts[owner]
        library = seen.create(f"leaks: {name}")["id"]
        canary = f"zyzzyva{len(world.libraries)}"
        documents = [
            seen.upload(library, f"{number}.txt", _text(canary, number), PLAIN)["id"]
            for number in range(DOCUMENTS)
        ]
        for document in documents:
            assert state_of(seen.until_ended(library, document)) == READY
        world.libraries[name] = library
        world.owners[library], world.readers[library] = owner, set()
        world.canaries[library] = canary
    return world


def _text(canary, number):
    subject = SUBJECTS[number % len(SUBJECTS)]
    return f"{canary}: what is known of {subject}, number {number}. {subject} has rules.".encode()


def _change(world, source):
    """Shares a library with the account that it is not of, or takes that back."""
    library = source.choice(list(world.libraries.values()))
    owner = world.owners[library]
    guest = "other" if owner == "owner" else "owner"
    seen, _ = world.accounts[owner]
    _, whom = world.accounts[guest]
    if guest in world.readers[library]:
        seen.unshare(library, whom)
        world.readers[library].discard(guest)
    else:
        seen.share(library, whom, level=source.choice(["Viewer", "Editor"]))
        world.readers[library].add(guest)


def _search(world, source, told, leaked):
    who = source.choice(list(world.accounts))
    seen, _ = world.accounts[who]
    everything = list(world.libraries.values())
    asked = source.choice([None, source.sample(everything, source.randint(1, len(everything)))])
    words = [source.choice(SUBJECTS), source.choice(list(world.canaries.values()))]
    query = " ".join(source.sample(words, source.randint(1, 2)))
    told["searches"] += 1
    try:
        hits = seen.hits(query, asked, mode=source.choice(MODES), limit=source.choice([1, 10, 50]))
    except Refused as refusal:
        may_all = asked is None or all(world.may_read(who, library) for library in asked)
        assert refusal.status == 404 and not may_all, refusal
        told["refused"] += 1
        _expect_silent(world, who, refusal.text, query, leaked)
        return
    told["hits"] += len(hits)
    for hit in hits:
        library = hit["library_id"]
        if not world.may_read(who, library):
            leaked.append({"who": who, "library": library, "query": query})
        elif world.owners.get(library) != who:
            told["hits_shared"] += 1
    _expect_silent(world, who, str(hits), query, leaked)


def _expect_silent(world, who, text, query, leaked):
    """No word that only a library has which this account may not read."""
    for library, canary in world.canaries.items():
        if canary in text and canary not in query and not world.may_read(who, library):
            leaked.append({"who": who, "library": library, "query": query, "text": text[:200]})
