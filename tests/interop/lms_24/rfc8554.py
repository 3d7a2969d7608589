#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rfc8554.py sign|verify FOLDER: LMS with 24-byte hashes, written from RFC 8554 and RFC 9858 alone.

What Debian packages knows the 32-byte sets only, so this is the second implementation for the sets
that Goldcrest uses. `sign` writes <number>.key, .message and .signature; `verify` checks those that
it finds, and that none holds with a changed bit. Exit 1 on the first disagreement.
"""
import hashlib
import os
import pathlib
import struct
import sys

N = 24
# RFC 9858 section 3: LM-OTS type -> (w, p, ls), LMS type -> h.
LMOTS = {5: (1, 200, 8), 6: (2, 101, 6), 7: (4, 51, 4), 8: (8, 26, 0)}
LMS = {10: 5, 11: 10, 12: 15, 13: 20, 14: 25}
D_PBLC, D_MESG, D_LEAF, D_INTR = 0x8080, 0x8181, 0x8282, 0x8383


def u32(value):
    return struct.pack(">I", value)


def u16(value):
    return struct.pack(">H", value)


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()[:N]


def coefficients(message_hash, w, p, ls):
    """RFC 8554 section 4.4: the w-bit digits of Q and of its checksum."""
    def digits(data, count):
        number, bits = int.from_bytes(data, "big"), 8 * len(data)
        return [number >> (bits - w * (i + 1)) & (2**w - 1) for i in range(count)]

    of_hash = digits(message_hash, 8 * N // w)
    checksum = sum(2**w - 1 - digit for digit in of_hash) << ls
    return of_hash + digits(u16(checksum), p - len(of_hash))


def chain(identifier, q, i, begin, end, value):
    for j in range(begin, end):
        value = digest(identifier, u32(q), u16(i), bytes([j]), value)
    return value


def root_from(identifier, height, q, leaf_key, path):
    """Algorithm 6a: from the one-time public key up the path."""
    number = 2**height + q
    node = digest(identifier, u32(number), u16(D_LEAF), leaf_key)
    for sibling in path:
        pair = (sibling, node) if number % 2 else (node, sibling)
        number //= 2
        node = digest(identifier, u32(number), u16(D_INTR), *pair)
    return node


def verify(key, message, signature):
    lms_type, lmots_type = struct.unpack_from(">II", key)
    if lms_type not in LMS or lmots_type not in LMOTS or len(key) != 24 + N:
        return False
    identifier, root = key[8:24], key[24:]
    height, (w, p, ls) = LMS[lms_type], LMOTS[lmots_type]
    if len(signature) != 12 + N * (1 + p + height):
        return False
    q, signed_lmots_type = struct.unpack_from(">II", signature)
    path_at = 8 + N * (1 + p)
    if signed_lmots_type != lmots_type or q >= 2**height:
        return False
    if signature[path_at:path_at + 4] != u32(lms_type):
        return False
    randomizer = signature[8:8 + N]
    ends = [signature[8 + N * (1 + i):8 + N * (2 + i)] for i in range(p)]
    path = [signature[path_at + 4 + N * i:path_at + 4 + N * (i + 1)] for i in range(height)]
    message_hash = digest(identifier, u32(q), u16(D_MESG), randomizer, message)
    steps = coefficients(message_hash, w, p, ls)
    tops = [chain(identifier, q, i, steps[i], 2**w - 1, ends[i]) for i in range(p)]
    candidate = digest(identifier, u32(q), u16(D_PBLC), *tops)
    return root_from(identifier, height, q, candidate, path) == root


class Signer:
    def __init__(self, lms_type, lmots_type):
        self.types = lms_type, lmots_type
        self.height, (self.w, self.p, self.ls) = LMS[lms_type], LMOTS[lmots_type]
        self.identifier = os.urandom(16)
        leaves = range(2**self.height)
        self.secrets = [[os.urandom(N) for _ in range(self.p)] for _ in leaves]
        self.nodes = [b""] * 2**self.height
        for q in leaves:
            tops = [chain(self.identifier, q, i, 0, 2**self.w - 1, secret)
                    for i, secret in enumerate(self.secrets[q])]
            leaf_key = digest(self.identifier, u32(q), u16(D_PBLC), *tops)
            self.nodes.append(digest(self.identifier, u32(2**self.height + q), u16(D_LEAF), leaf_key))
        for number in range(2**self.height - 1, 0, -1):
            self.nodes[number] = digest(self.identifier, u32(number), u16(D_INTR),
                                        self.nodes[2 * number], self.nodes[2 * number + 1])

    def public_key(self):
        return u32(self.types[0]) + u32(self.types[1]) + self.identifier + self.nodes[1]

    def sign(self, q, message):
        randomizer = os.urandom(N)
        message_hash = digest(self.identifier, u32(q), u16(D_MESG), randomizer, message)
        steps = coefficients(message_hash, self.w, self.p, self.ls)
        ends = [chain(self.identifier, q, i, 0, steps[i], secret)
                for i, secret in enumerate(self.secrets[q])]
        number = 2**self.height + q
        path = [self.nodes[(number >> level) ^ 1] for level in range(self.height)]
        return b"".join([u32(q), u32(self.types[1]), randomizer, *ends, u32(self.types[0]), *path])


def sign_all(folder):
    number = 0
    for lmots_type in LMOTS:
        signer = Signer(10, lmots_type)
        for q in (0, 13, 31):
            message = os.urandom(os.urandom(1)[0])
            for kind, data in (("key", signer.public_key()), ("message", message),
                               ("signature", signer.sign(q, message))):
                (folder / f"{number}.{kind}").write_bytes(data)
            number += 1
    print(f"the second implementation made {number} signatures")


def verify_all(folder):
    keys = sorted(folder.glob("*.key"))
    for path in keys:
        key, message = path.read_bytes(), path.with_suffix(".message").read_bytes()
        signature = path.with_suffix(".signature").read_bytes()
        if not verify(key, message, signature):
            sys.exit(f"signature {path.stem} is refused")
        for at in (3, 20, 60, len(signature) // 2, len(signature) - 1):
            changed = bytearray(signature)
            changed[at] ^= 1
            if verify(key, message, bytes(changed)):
                sys.exit(f"signature {path.stem} with byte {at} changed is accepted")
    if not keys:
        sys.exit(f"nothing to verify in {folder}")
    print(f"the second implementation verified {len(keys)} signatures")


if __name__ == "__main__":
    {"sign": sign_all, "verify": verify_all}[sys.argv[1]](pathlib.Path(sys.argv[2]))
