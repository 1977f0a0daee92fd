"""Merkle trees as RFC 6962, section 2.1, defines them: recursive, over all leaves, never clever."""

import hashlib


class Unproven(AssertionError):
    """A proof that does not lead to the root."""


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves):
    """The tree hash over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node_hash(root(leaves[:split]), root(leaves[split:]))


def inclusion_proof(index, leaves):
    """The path from a leaf up, its sibling first."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(index, leaves[:split]), root(leaves[split:])]
    return [*inclusion_proof(index - split, leaves[split:]), root(leaves[:split])]


def consistency_proof(old_size, leaves):
    """That the first `old_size` leaves are those of the older tree; empty if it has all or none."""
    if old_size in (0, len(leaves)):
        return []
    return _subproof(old_size, leaves, True)


def _subproof(old_size, leaves, is_known):
    if old_size == len(leaves):
        return [] if is_known else [root(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_subproof(old_size, leaves[:split], is_known), root(leaves[split:])]
    return [*_subproof(old_size - split, leaves[split:], False), root(leaves[:split])]


def root_of_inclusion(leaf, index, size, proof):
    """The root that the path leads to."""
    if not 0 <= index < size:
        raise Unproven(f"leaf {index} of {size}")
    if size == 1:
        if proof:
            raise Unproven("a proof that is too long")
        return leaf
    if not proof:
        raise Unproven("a proof that is too short")
    *rest, last = proof
    split = _split(size)
    if index < split:
        return node_hash(root_of_inclusion(leaf, index, split, rest), last)
    return node_hash(last, root_of_inclusion(leaf, index - split, size - split, rest))


def verify_consistency(old_size, old_root, size, new_root, proof):
    """Raises `Unproven` unless the tree of `size` leaves begins with the older one."""
    if old_size > size:
        raise Unproven(f"{old_size} leaves do not fit into {size}")
    if old_size in (0, size):
        if proof or (old_size == size and old_root != new_root):
            raise Unproven("a proof where none is needed, or two roots of one size")
        return
    found = _roots(old_size, size, list(proof), True, old_root)
    if found != (old_root, new_root):
        raise Unproven(f"the trees of {old_size} and {size} leaves do not fit")


def _roots(old_size, size, proof, is_known, old_root):
    """Both roots, of the older and of the whole subtree, rebuilt as `_subproof` took them apart."""
    if old_size == size:
        if is_known and not proof:
            return old_root, old_root
        if not is_known and len(proof) == 1:
            return proof[0], proof[0]
        raise Unproven("a proof of a wrong length")
    if not proof:
        raise Unproven("a proof that is too short")
    *rest, last = proof
    split = _split(size)
    if old_size <= split:
        older, whole = _roots(old_size, split, rest, is_known, old_root)
        return older, node_hash(whole, last)
    older, whole = _roots(old_size - split, size - split, rest, False, old_root)
    return node_hash(last, older), node_hash(last, whole)


def _split(size):
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1
