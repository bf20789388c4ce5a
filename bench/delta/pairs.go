package main

import (
	"fmt"

	"github.com/sealift/sealift/bench/corpus"
)

// pair is a release and the one that follows it.
type pair struct {
	what string // of what it mostly consists
	old  corpus.Release
	new  corpus.Release
}

func (p pair) String() string {
	return fmt.Sprintf("%s → %s (%s)", p.old, p.new.Version, p.what)
}

var pairs = []pair{
	{"Go", corpus.Traefik[0], corpus.Traefik[1]},
	{"Go", corpus.Caddy[0], corpus.Caddy[1]},
	{"Go", corpus.Release{
		Registry: corpus.NPM,
		Project:  "@esbuild/linux-x64", Version: "0.28.1",
		File:   "esbuild-linux-x64-0.28.1.tgz",
		SHA256: "9ed00ab5330c94386f3273eda99a1fb0e8f37cfd6cb5270e4ad2fe3527da3546",
	}, corpus.Release{
		Registry: corpus.NPM,
		Project:  "@esbuild/linux-x64", Version: "0.28.2",
		File:   "esbuild-linux-x64-0.28.2.tgz",
		SHA256: "9573bb2233aab0f9ea7647d5cca9726113cc1768de61d66b17267f4db84488f6",
	}},
	{"Rust", corpus.Release{
		Project: "ruff", Version: "0.17.4",
		File:   "ruff-0.17.4-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		SHA256: "2cd025509b2e15721b426fc70fd946d71f43b3db3b08e946dfec2d696d911690",
	}, corpus.Release{
		Project: "ruff", Version: "0.17.5",
		File:   "ruff-0.17.5-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		SHA256: "40ca8afaac309b41a5b2e09e4e7beb1f824826b93c25697c4d74f573324fba4e",
	}},
	{"Rust", corpus.Release{
		Registry: corpus.NPM,
		Project:  "@biomejs/cli-linux-x64", Version: "2.6.7",
		File:   "biomejs-cli-linux-x64-2.6.7.tgz",
		SHA256: "c360886b5ded263de504608c6ff626c87e8d4a52210b593efabdad7ec2232835",
	}, corpus.Release{
		Registry: corpus.NPM,
		Project:  "@biomejs/cli-linux-x64", Version: "2.6.8",
		File:   "biomejs-cli-linux-x64-2.6.8.tgz",
		SHA256: "e9fc491ffec6ba4024549b7c797937cd4f01855b4fe66a78220efe83b95be7f1",
	}},
	{"Python, C", corpus.Release{
		Project: "pandas", Version: "2.2.2",
		File:   "pandas-2.2.2-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		SHA256: "eee3a87076c0756de40b05c5e9a6069c035ba43e8dd71c379e68cab2c20f16ad",
	}, corpus.Release{
		Project: "pandas", Version: "2.2.3",
		File:   "pandas-2.2.3-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		SHA256: "fffb8ae78d8af97f849404f21411c95062db1496aeb3e56f146f0355c9989319",
	}},
	{"C", corpus.Release{
		Registry: corpus.Debian,
		Project:  "libssl3", Version: "3.0.20-1~deb12u2",
		File:   "libssl3_3.0.20-1~deb12u2_amd64.deb",
		SHA256: "89be24b41bff568ee6e7caf5680a3d808e80315ed92e407056ce0fa7a5bda025",
	}, corpus.Release{
		Registry: corpus.Debian,
		Project:  "libssl3", Version: "3.0.22-1~deb12u2",
		File:   "libssl3_3.0.22-1~deb12u2_amd64.deb",
		SHA256: "cb4784740daa9b3b0eaea2b444bbefa686794afbbf3d678d238c1fd9875f2efd",
	}},
	{"C", corpus.Release{
		Registry: corpus.Debian,
		Project:  "python3.11-minimal", Version: "3.11.2-6+deb12u8",
		File:   "python3.11-minimal_3.11.2-6+deb12u8_amd64.deb",
		SHA256: "4aba533f7cc5e7b93b7ff24482840e96813f5bcde9cce028395b65a0d799ccee",
	}, corpus.Release{
		Registry: corpus.Debian,
		Project:  "python3.11-minimal", Version: "3.11.2-6+deb12u9",
		File:   "python3.11-minimal_3.11.2-6+deb12u9_amd64.deb",
		SHA256: "b5f855ab922dfcd5d1a3223b2118c3dae13ffc7751b0cd5dc24740386323a33a",
	}},
	{"Go, arm64", corpus.Release{
		Registry: corpus.NPM,
		Project:  "@esbuild/linux-arm64", Version: "0.28.1",
		File:   "esbuild-linux-arm64-0.28.1.tgz",
		SHA256: "2145e9e686c95ee47c1181f83f272f0ff95820e52d7736fdcd9eeb106fd6456a",
	}, corpus.Release{
		Registry: corpus.NPM,
		Project:  "@esbuild/linux-arm64", Version: "0.28.2",
		File:   "esbuild-linux-arm64-0.28.2.tgz",
		SHA256: "a96dbfa41d3ef5dbd1ef22b1c10d5187be9267e86093a870f06402a7ec931596",
	}},
	{"Rust, arm64", corpus.Release{
		Project: "ruff", Version: "0.17.4",
		File:   "ruff-0.17.4-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
		SHA256: "8ea6e0017c785f7282092b11e46338e4ebed1b9e575ebf2e55a8a1eda968241a",
	}, corpus.Release{
		Project: "ruff", Version: "0.17.5",
		File:   "ruff-0.17.5-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
		SHA256: "6f6a7b138edf9cc402ca736a59d9525e6d766e5395760b72e7e146e6251ac963",
	}},
}
