#!/usr/bin/env python3
"""Writes the golden streams of zlib, GNU gzip and pigz anew, with those that are here, and fails if
they differ from what is there: then another encoder is called for, not other golden streams."""

import hashlib
import itertools
import json
import pathlib
import re
import subprocess
import sys
import zlib

GOLDEN = pathlib.Path(__file__).parent.parent / "storage-wasm/testdata/deflate/zlib.json"
LEVELS = range(1, 10)

# Kinds, seeds and lengths: storage-wasm/testdata/README.md and storage-wasm/tests/deflate_zlib.rs
# describe the kinds. The lengths lie at and beyond the ends of zlib's window and of pigz' pieces.
INPUTS = [
    ("zeros", 0, 0),
    ("random", 1, 1),
    ("random", 2, 2),
    ("random", 3, 70_000),
    ("zeros", 0, 140_000),
    ("copies", 4, 65_275),
    ("copies", 5, 65_400),
    ("copies", 6, 65_536),
    ("copies", 7, 131_072),
    ("copies", 8, 400_001),
    ("period", 3, 66_000),
    ("period", 258, 65_401),
    ("period", 32_506, 131_073),
    ("period", 32_768, 131_074),
    ("skewed", 9, 150_000),
]
MASK = (1 << 64) - 1


def numbers(seed):
    """SplitMix64."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        yield z ^ (z >> 31)


def sample(kind, seed, length):
    source = numbers(seed)
    data = bytearray()
    if kind == "zeros":
        return bytes(length)
    if kind == "period":
        return bytes(itertools.islice(itertools.cycle(sample("random", seed, seed)), length))
    if kind == "skewed":
        return bytes((z & -z).bit_length() - 1 for z in itertools.islice(source, length))
    while len(data) < length:
        step = next(source)
        run = 4 + (step >> 8) % 60
        if kind == "random":
            data += step.to_bytes(8, "little")
        elif step & 1 == 0 and data:
            distance = 1 + (step >> 32) % min(len(data), 1 << 16)
            for _ in range(run):
                data.append(data[-distance])
        else:
            data += bytes(next(source) & 0x3F for _ in range(run // 4))
    return bytes(data[:length])


def python(level, raw):
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return stream.compress(raw) + stream.flush()


def tool(*command):
    """A program that writes a gzip file whose header has nothing optional."""

    def run(level, raw):
        made = subprocess.run([*command, "-nc", f"-{level}"], input=raw, stdout=subprocess.PIPE, check=True)
        return made.stdout[10:-8]

    return run


def version(*command):
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    return re.search(r"[0-9]+(\.[0-9]+)+", told.stdout + told.stderr)[0]


def main():
    samples = [sample(*described) for described in INPUTS]
    programs = {"zlib": python, "gzip": tool("gzip"), "pigz": tool("pigz", "-p2")}
    streams = {
        name: {
            level: [hashlib.sha256(make(level, raw)).hexdigest() for raw in samples] for level in LEVELS
        }
        for name, make in programs.items()
    }
    made = json.dumps({"inputs": INPUTS, "streams": streams}, indent=1) + "\n"
    print("zlib", zlib.ZLIB_RUNTIME_VERSION, "gzip", version("gzip"), "pigz", version("pigz"))
    if not GOLDEN.exists():
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(made)
    if GOLDEN.read_text() != made:
        sys.exit(f"{GOLDEN} has other streams")


main()
